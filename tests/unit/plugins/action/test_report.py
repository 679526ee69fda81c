# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task: what it takes, prints, writes and returns."""

from __future__ import annotations

import json
import pathlib
import typing as t

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar

from ansible_collections.intelgraph.maestro.plugins.action import report
from ansible_collections.intelgraph.maestro.plugins.modules import report as module
from tests.unit.plugins.module_utils._report.samples import SECRETS, bad, passed

Result = dict[str, t.Any]


class Screen:
    """What was printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def display(self, text: str, *_: t.Any, **__: t.Any) -> None:
        self.lines += text.splitlines()


def run(connection: str = "local", check: bool = False, **arguments: t.Any) -> tuple[Result, list[str]]:
    """What the task returns, and what it prints."""
    task = Task()
    task.args = {"cluster": "eks-prod", **arguments}
    task.check_mode = check
    loader = DataLoader()
    plugin = report.ActionModule(
        task=task,
        connection=connection_loader.get(connection, PlayContext(), "/dev/null"),
        play_context=None,
        loader=loader,
        templar=Templar(loader=loader),
        shared_loader_obj=None,
    )
    screen = Screen()
    plugin._display = screen
    return plugin.run(task_vars={"inventory_hostname": "eks-prod"}), screen.lines


def test_the_documentation_says_what_it_takes_and_returns() -> None:
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert {name: (each["type"], each.get("default"), each.get("required")) for name, each in documented.items()} == {
        name: (each["type"], each.get("default"), each.get("required")) for name, each in report.ARGUMENTS.items()
    }
    result, _lines = run(checks={"health": passed()})
    assert set(yaml.safe_load(module.RETURN)) <= set(result)


def test_it_passes_when_every_check_did(tmp_path: pathlib.Path) -> None:
    result, lines = run(checks={"health": passed(number=3), "posture": passed()}, dir=str(tmp_path))
    assert (result["failed"], result["changed"], result["verdict"]) == (False, False, "passed")
    assert result["checks"] == {"health": "passed", "posture": "passed"}
    assert result["files"] == [
        str(tmp_path / "eks-prod" / name) for name in ("report.json", "report.xml", "report.html")
    ]
    assert all(pathlib.Path(path).is_file() for path in result["files"])
    assert lines[0] == "[eks-prod] Release 3 of maestro in maestro-system on eks-prod: passed"
    assert lines[-1] == f"Report: {result['files'][-1]}"


def test_it_fails_with_the_sentence_of_the_worst_and_tells_all(tmp_path: pathlib.Path) -> None:
    result, lines = run(checks=bad(), dir=str(tmp_path), secret_values=SECRETS)
    assert (result["failed"], result["verdict"]) == (True, "failed")
    assert result["msg"].startswith("Release 12 of maestro in maestro-system on eks-prod: health failed. Deployment")
    assert any("[image-not-found]" in line for line in lines)
    written = "".join(pathlib.Path(path).read_text(encoding="utf-8") for path in result["files"])
    assert "hunter2" not in written + json.dumps(result) + "".join(lines)


def test_check_mode_and_an_empty_folder_write_nothing(tmp_path: pathlib.Path) -> None:
    assert run(checks={"health": passed()}, dir=str(tmp_path), check=True)[0]["files"] == []
    assert run(checks={"health": passed()})[0]["files"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_beside_the_verdict(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    result, _lines = run(checks={"health": passed()}, dir=str(tmp_path / "file"))
    assert (result["failed"], result["verdict"], result["files"]) == (True, "passed", [])
    assert "The report could not be written: " in result["msg"]


def test_it_prints_nothing_when_told_so() -> None:
    assert run(checks={"health": passed()}, show=False)[1] == []


def test_it_runs_on_the_controller_with_any_connection() -> None:
    assert run(connection="ssh", checks={"health": passed()})[0]["verdict"] == "passed"
