# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of finding is declared once, whole, and has its page."""

from __future__ import annotations

import pathlib
import re

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import SEVERITIES, Check
from ansible_collections.intelgraph.maestro.plugins.module_utils._health import catalogue

PAGES = pathlib.Path(__file__).resolve().parents[5] / "docs" / "findings"


def test_an_id_is_declared_once() -> None:
    ids = [check.id for check in catalogue.ALL]
    assert len(ids) == len(set(ids)) == len(catalogue.RANKS)


@pytest.mark.parametrize("check", catalogue.ALL, ids=lambda check: check.id)
def test_a_declaration_is_whole(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", check.id)
    assert check.severity in SEVERITIES
    assert check.next_step.endswith((".", "?"))
    assert check.cause.endswith(".") or check.id == "not-ready"
    page = (PAGES / f"{check.id}.md").read_text(encoding="utf-8")
    assert f"# {check.id}\n" in page
    assert "## Meaning" in page
    assert "## What to do" in page


def test_root_causes_rank_before_their_symptoms() -> None:
    ranks = catalogue.RANKS
    assert ranks["image-not-found"] < ranks["progress-deadline"] < ranks["not-ready"]
    assert ranks["reference-missing"] < ranks["crash-loop"] < ranks["readiness-timeout"]
