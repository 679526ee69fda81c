# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release task finds out where it runs."""

from __future__ import annotations

import typing as t

import ansible.release
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar

from ansible_collections.intelgraph.maestro.plugins.action.release import ActionModule
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.modules import release
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._collection import version


def origin(monkeypatch: pytest.MonkeyPatch, variables: dict[str, t.Any], **args: t.Any) -> dict[str, t.Any]:
    """The origin with which the module's body is called."""
    calls: list[Call] = []

    def body(call: Call) -> Ending:
        calls.append(call)
        return Ending({})

    monkeypatch.setattr(release, "carry_out", body)
    loader, task = DataLoader(), Task()
    task.args = {"components": {}, **args}
    action = ActionModule(
        task=task,
        connection=connection_loader.get("local", PlayContext(), "/dev/null"),
        play_context=PlayContext(),
        loader=loader,
        templar=Templar(loader=loader, variables={}),
        shared_loader_obj=None,
    )
    action.run(task_vars=variables)
    [call] = calls
    return t.cast("dict[str, t.Any]", call.params["origin"])


def test_versions_and_the_job_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOB_ID", raising=False)
    found = origin(monkeypatch, {"awx_job_id": 12, "awx_user_name": "alice"})
    assert found["collection"] == version()
    assert found["ansible"] == ansible.release.__version__
    assert (found["job"], found["user"]) == (12, "alice")
    assert "inventory_commit" not in found


def test_what_is_given_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = origin(monkeypatch, {"awx_job_id": 12}, origin={"job": "mine", "ticket": "OPS-1"})
    assert (found["job"], found["ticket"]) == ("mine", "OPS-1")
