# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files, and the table on the screen."""

from __future__ import annotations

import json
import os
import pathlib

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.files import write_report
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.text import render_text

from .samples import failed, finding, report


def test_three_files_in_a_folder_that_is_made(tmp_path: pathlib.Path) -> None:
    paths = write_report(report(), tmp_path / "reports" / "eks-prod")
    assert [pathlib.Path(path).name for path in paths] == ["report.json", "report.xml", "report.html"]
    assert sorted(path.name for path in (tmp_path / "reports" / "eks-prod").iterdir()) == [
        "report.html",
        "report.json",
        "report.xml",
    ]
    assert json.loads(pathlib.Path(paths[0]).read_text(encoding="utf-8")) == report().as_dict()


def test_a_second_report_replaces_the_first(tmp_path: pathlib.Path) -> None:
    write_report(report(), tmp_path)
    write_report(report(host="gke-prod"), tmp_path)
    assert "gke-prod" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_disk_without_room_leaves_the_former_report(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(report(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_paths: str, **_folders: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_report(report(host="other"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_screen_shows_the_beginning_of_long_evidence() -> None:
    long = failed(findings=[finding(evidence=[f"line {number}" for number in range(10)])])
    lines = render_text(report({"health": long}))
    assert lines[-2:] == ["  line 5", "  ... and 4 more lines"]
    seven = failed(findings=[finding(evidence=[f"line {number}" for number in range(7)])])
    assert render_text(report({"health": seven}))[-1] == "  line 6"


def test_text_that_is_no_unicode_can_be_written(tmp_path: pathlib.Path) -> None:
    write_report(report({"health": failed(findings=[finding(message="lone \ud800")])}), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["checks"]


def test_the_screen_has_a_table_and_what_is_wrong() -> None:
    lines = render_text(report())
    assert lines[0] == "Release 12 of maestro in maestro-system on eks-prod: failed"
    assert lines[2:8] == [
        "  check          verdict       findings   seconds",
        "  Prerequisites  passed        1 note         0.2",
        "  Health         failed        1 error       14.2",
        "  Posture        passed        1 warning      0.1",
        "  Drift          inconclusive  1 error          -",
        "  Smoke test     skipped       -                -",
    ]
    assert "  rpc error: code = NotFound" in lines
    assert not any("cluster-not-pinned" in line for line in lines)
