# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The command: its verbs, and what it says about a lab that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro_lab import cli, faults, record
from maestro_lab.cli import main
from maestro_lab.component import Component, _remember
from maestro_lab.names import Lab, lab_named

VERBS_OF_A_RUNNING_LAB = [
    ["kubeconfig"],
    ["facts"],
    ["kubectl", "get", "nodes"],
    ["logs", "etcd"],
    ["exec", "node-1", "--", "true"],
    ["stop", "etcd"],
    ["start", "etcd"],
    ["kill", "node:node-1"],
    ["pause", "etcd"],
    ["resume", "etcd"],
    ["cut", "node-1"],
    ["heal", "node-1"],
    ["delay", "node-1", "10"],
    ["load", "image.tar"],
]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAESTRO_LAB_STATE", str(tmp_path))


@pytest.fixture
def started(lab: Lab) -> Lab:
    """A lab that has a record and one component, none of it running."""
    lab.state.mkdir()
    record.write(lab, record.Record(str(lab.network), "abc", complete=True))
    _remember(lab, Component("etcd", ("/bin/etcd",)))
    return lab


@pytest.mark.parametrize("verb", VERBS_OF_A_RUNNING_LAB, ids=lambda verb: verb[0])
def test_a_lab_that_is_not_up_is_said_to_be_so(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", "absent", *verb]) == 1
    assert "Lab absent is not up. Start it: tests/lab/lab --name absent up" in capsys.readouterr().err


def test_every_fault_is_a_verb_and_is_tried_here() -> None:
    assert set(cli.FAULTS) <= {verb[0] for verb in VERBS_OF_A_RUNNING_LAB}


def test_an_unknown_target_is_refused_with_those_that_exist(started: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", started.name, "stop", "etdc"]) == 1
    assert (
        "has no etdc; it has etcd, node:node-1, node:node-2, node:node-3, node:db, node:lb" in capsys.readouterr().err
    )


@pytest.mark.parametrize("milliseconds", ["0", "-5", "60001"])
def test_a_delay_out_of_bounds_is_refused(started: Lab, milliseconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", started.name, "delay", "--", "node-1", milliseconds]) == 1
    assert "is not between 1 and 60000" in capsys.readouterr().err


def test_a_log_that_does_not_exist_is_answered_with_those_that_do(
    started: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    started.logs.mkdir()
    started.log("kubelet:node-1").write_text("hello\n")
    assert main(["--name", started.name, "logs", "kubelet:node-1"]) == 0
    assert capsys.readouterr().out == "hello\n"
    assert main(["--name", started.name, "logs", "nothing"]) == 1
    assert "there are those of kubelet-node-1" in capsys.readouterr().err


def test_the_kubeconfig_is_a_path_and_nothing_else(started: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", started.name, "kubeconfig"]) == 0
    assert capsys.readouterr().out == f"{lab_named(started.name).kubeconfig}\n"


def test_status_fails_unless_the_lab_is_up(started: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", "absent", "status"]) == 1
    assert main(["--name", started.name, "status"]) == 1
    assert "is degraded" in capsys.readouterr().out


def test_the_targets_are_the_components_and_the_hosts(started: Lab) -> None:
    assert faults.targets(started) == ["etcd", *(f"node:{host.name}" for host in started.hosts)]


def test_a_program_is_answered_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kubectl").touch()
    monkeypatch.setattr("maestro_lab.cli.programs", lambda: tmp_path)
    assert main(["binary", "kubectl"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'kubectl'}\n"
    assert main(["binary", "nothing"]) == 1
    assert "it has helm, kubectl" in capsys.readouterr().err
