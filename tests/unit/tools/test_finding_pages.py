# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heads of the pages about findings come from the registry."""

from __future__ import annotations

import pathlib

import finding_pages
import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import FindingType

QUOTA = FindingType("quota", "error", 1, next_step="Raise it.", cause="It is full.")
DRAIN = FindingType("drain", "error", 2, "Add a pod.", "It is alone.", severity_text="error, or note on one node")
TYPES = {each.id: each for each in (QUOTA, DRAIN)}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    for each in TYPES.values():
        (tmp_path / f"{each.id}.md").write_text(finding_pages.page(each, ""), encoding="utf-8")
    return tmp_path


def test_a_page_that_is_written_is_as_it_should_be(folder: pathlib.Path) -> None:
    assert finding_pages.stale(folder, TYPES) == {}
    assert "# drain\n\nSeverity: error, or note on one node.\n\n## Meaning\n" in (folder / "drain.md").read_text()


def test_a_new_severity_renews_the_head_and_leaves_the_sections(folder: pathlib.Path) -> None:
    page = folder / "quota.md"
    page.write_text(
        page.read_text().replace("Severity: error", "Severity: note").replace("## Evidence", "Why.\n\n## Evidence")
    )
    assert finding_pages.stale(folder, TYPES) == {page: page.read_text().replace("note", "error")}


def test_a_finding_without_a_page_gets_one(folder: pathlib.Path) -> None:
    (folder / "quota.md").unlink()
    assert list(finding_pages.stale(folder, TYPES)) == [folder / "quota.md"]


def test_a_page_whose_finding_is_gone_is_named(folder: pathlib.Path) -> None:
    assert finding_pages.stale(folder, {"drain": DRAIN}) == {folder / "quota.md": ""}
