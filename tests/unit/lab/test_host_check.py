# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What a machine lacks is said at once, with the command that mends it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maestro_lab import host_check
from maestro_lab.failure import LabError
from maestro_lab.names import Lab


def test_every_package_looked_for_is_in_the_list_that_is_installed() -> None:
    assert set(host_check.PROGRAMS) <= set(host_check.listed_packages())


def test_missing_packages_come_with_the_whole_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_check, "PROGRAMS", {"runc": "/nowhere/runc", "iproute2": "/bin/sh"})
    (line,) = host_check.missing_packages()
    assert line.startswith("Debian packages are missing (runc): apt-get install ")
    assert "containernetworking-plugins" in line


def test_missing_controllers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_check, "available_controllers", lambda: {"cpu", "memory"})
    assert host_check.missing_controllers() == ["cgroup controllers are not mounted or not enabled: cpuset, pids"]


def test_everything_that_is_missing_is_in_one_message(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host_check, "missing_packages", lambda _: ["no runc"])
    monkeypatch.setattr(host_check, "missing_controllers", lambda: ["no cpuset"])
    monkeypatch.setattr(host_check, "failed_trials", lambda _: ["no overlay"])
    monkeypatch.setattr(host_check, "limits_not_raised", lambda: ["too few watches"])
    with pytest.raises(LabError, match=r"(?s)no runc.*no cpuset.*no overlay.*too few watches"):
        host_check.check(lab)


def test_an_ordinary_user_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="Run it as root"):
        host_check.check(lab)


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces are made by root only")
def test_a_feature_that_the_kernel_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    assert host_check._failed("nothing", "true", tmp_path) == ""
    said = host_check._failed("flying", "echo no wings >&2; false", tmp_path)
    assert said == "The kernel does not give flying: no wings"
    assert list(tmp_path.iterdir()) == []


def test_a_limit_is_raised_when_it_is_too_low_and_never_lowered(tmp_path: Path) -> None:
    limit = tmp_path / "max_user_instances"
    for found, left in (("128\n", 4096), ("9999\n", 9999)):
        limit.write_text(found)
        assert host_check._raise(limit, 4096) == ""
        assert int(limit.read_text()) == left
