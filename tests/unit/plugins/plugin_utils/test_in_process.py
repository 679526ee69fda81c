# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in the controller's process answers as it would in its own."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from ansible.utils.display import Display

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._in_process import InProcess

Values = dict[str, t.Any]


class Echo(InProcess):
    """Returns what it was called with."""

    ARGUMENTS: t.ClassVar = {
        "word": {"type": "str", "required": True},
        "count": {"type": "int", "default": 1},
        "password": {"type": "str", "no_log": True},
        "checks": {"type": "list", "elements": "dict"},
        "progress": {"type": "bool", "default": True},
    }

    def body(self, call: Call) -> Ending:
        call.tell(f"  7 s  {call.params['word']}")
        said = {"params": call.params, "check": call.check, "diff": call.diff}
        return Ending({"call": said, "variable": os.environ.get("MAESTRO_TEST")}, ["careful"])


class Telling(Echo):
    def body(self, call: Call) -> Ending:
        return Ending({}, lines=["It is", "  canary-7c1f"])


class Releasing(Echo):
    """Takes what the roles have contributed."""

    ARGUMENTS: t.ClassVar = {"components": {"type": "dict"}, "secret_values": {"type": "dict", "no_log": True}}
    CONTRIBUTED = ("components", "secret_values")

    def body(self, call: Call) -> Ending:
        return Ending({"components": call.params["components"], "secrets": sorted(call.params["secret_values"] or ())})


class Planning(Echo):
    """Has a name, as a release has, and gives a plan back as a text that nobody reads."""

    ARGUMENTS: t.ClassVar = {"name": {"type": "str"}, "secret_values": {"type": "dict", "no_log": True}}
    OPAQUE = ("saved_plan",)

    def body(self, call: Call) -> Ending:
        return Ending({"msg": "Release 12 of maestro", "number": 12, "saved_plan": "H4sIAcanary0="})


class Judging(Planning):
    def body(self, call: Call) -> Ending:
        finding = {"id": "x", "severity": "error", "message": "failed, inconclusive"}
        return Ending({"verdict": "passed", "findings": [finding]})


class Hostile(Echo):
    """Repeats what it was told, in every way in which a module says something."""

    def body(self, call: Call) -> Ending:
        word = call.params["word"]
        call.tell(f"  7 s  {word}")
        return Ending({"msg": word, "deep": {"inner": [word]}}, [word], lines=[word, word])


class Broken(Echo):
    def body(self, call: Call) -> Ending:
        raise Unreachable("nobody answers")


def run(
    plugin: type[InProcess],
    environment: list[Values] | None = None,
    check: bool = False,
    variables: Values | None = None,
    **args: t.Any,
) -> Values:
    loader = DataLoader()
    task = Task()
    task.args = args
    task.check_mode = check
    task.environment = environment or []
    action = plugin(
        task=task,
        connection=connection_loader.get("local", PlayContext(), "/dev/null"),
        play_context=PlayContext(),
        loader=loader,
        templar=Templar(loader=loader, variables={}),
        shared_loader_obj=None,
    )
    return t.cast(Values, action.run(task_vars={"inventory_hostname": "lab-1", **(variables or {})}))


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was printed."""
    lines: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _display, text: lines.append(text))
    return lines


def test_arguments_get_their_types_and_defaults() -> None:
    result = run(Echo, word="a", count="3")
    assert (result["call"]["params"]["word"], result["call"]["params"]["count"]) == ("a", 3)
    assert run(Echo, word="a")["call"]["params"]["count"] == 1


def test_a_missing_argument_fails_by_name() -> None:
    result = run(Echo)
    assert result["failed"]
    assert "word" in result["msg"]


def test_warnings_and_check_mode_pass_through() -> None:
    result = run(Echo, word="a", check=True)
    assert result["warnings"] == ["careful"]
    assert result["call"]["check"] is True
    assert result["failed"] is False
    assert result["changed"] is False


def test_a_text_for_the_screen_is_shown_once_headed_by_the_host(displayed: list[str]) -> None:
    run(Telling, word="a", password="canary-7c1f")
    assert displayed == [f"[lab-1] It is\n  {8 * '*'}"]


def test_a_line_is_told_while_the_task_runs_without_secrets(displayed: list[str]) -> None:
    run(Echo, word="the canary-7c1f sings", password="canary-7c1f")
    assert displayed == [f"  [lab-1]   7 s  the {8 * '*'} sings"]


def test_what_acts_on_a_terminal_is_shown_escaped_on_every_way_out(displayed: list[str]) -> None:
    hostile = "\x1b[2J\x1b]0;t\x07\nPLAY RECAP ***\rok: [lab-1]\0\u202e\x9b"
    shown = r"\x1b[2J\x1b]0;t\x07\nPLAY RECAP ***\rok: [lab-1]\x00\u202e\x9b"
    result = run(Hostile, word=hostile)
    assert displayed == [f"  [lab-1]   7 s  {shown}", f"[lab-1] {shown}\n{shown}"]
    assert result["warnings"] == [shown]
    assert result["msg"] == shown.replace(r"\nPLAY", "\n  PLAY")
    assert result["deep"] == {"inner": [shown.replace(r"\nPLAY", "\nPLAY")]}


@pytest.mark.parametrize("quietly", [{"check": True}, {"progress": False}])
def test_nothing_is_told_in_check_mode_or_when_it_is_switched_off(quietly: Values, displayed: list[str]) -> None:
    run(Echo, word="a", **quietly)
    assert displayed == []


def test_a_secret_argument_is_masked_wherever_it_comes_out() -> None:
    assert "canary-7c1f" not in str(run(Echo, word="the canary-7c1f sings", password="canary-7c1f"))


@pytest.mark.parametrize("value", ["maestro", "12", "of"])
def test_a_secret_value_that_any_text_may_hold_spoils_no_result(value: str) -> None:
    result = run(Planning, name="maestro", secret_values={"s/DB_USER": value})
    assert (result["msg"], result["number"]) == ("Release 12 of maestro", 12)


@pytest.mark.parametrize("word", ["passed", "failed", "error", "inconclusive"])
def test_a_secret_that_is_a_word_of_the_result_changes_no_verdict(word: str) -> None:
    result = run(Judging, name="maestro", secret_values={"s/PASSWORD": word})
    assert result["verdict"] == "passed"
    assert result["findings"] == [{"id": "x", "severity": "error", "message": "failed, inconclusive"}]


def test_null_and_an_empty_text_mean_that_nothing_was_given() -> None:
    params = run(Echo, word="a", count=None, progress="", checks=None)["call"]["params"]
    assert (params["count"], params["progress"], params["checks"]) == (1, True, None)


def test_a_shared_variable_that_nobody_reads_is_refused_with_the_nearest_name() -> None:
    result = run(Echo, word="a", variables={"maestro_rollbackto": "6", "ingress_nginx_enabled": True})
    assert result["failed"]
    assert "maestro_rollbackto is not a variable of this collection. Did you mean maestro_rollback_to?" in result["msg"]
    assert "call" not in result
    assert "ingress" not in result["msg"]


def test_no_value_is_looked_for_in_a_text_that_is_only_given_back() -> None:
    assert run(Planning, name="maestro", secret_values={"s/A": "canary"})["saved_plan"] == "H4sIAcanary0="


def test_a_credential_in_a_header_is_masked_though_the_option_is_no_secret(displayed: list[str]) -> None:
    asked = [{"url": "/", "headers": {"Authorization": "Bearer canary-7c1f"}}]
    assert "canary-7c1f" not in str(run(Echo, word="the canary-7c1f sings", checks=asked))
    assert "canary-7c1f" not in str(displayed)


def test_an_error_of_the_cluster_is_a_failure_with_its_id_and_next_step() -> None:
    result = run(Broken, word="a")
    assert result["failed"]
    assert result["error_id"] == "api-unreachable"
    assert result["msg"].startswith("nobody answers. Check the address")


def test_the_tasks_environment_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_TEST", "the controller's")
    assert run(Echo, word="a", environment=[{"MAESTRO_TEST": "the task's"}])["variable"] == "the task's"


CONTRIBUTED = {"__ingress_component": {"manifests": [{"kind": "X"}], "secret_values": {"s/A": "canary-7c1f"}}}


def test_what_the_roles_contributed_is_taken_unless_it_is_given() -> None:
    taken = run(Releasing, variables=CONTRIBUTED)
    assert (taken["components"], taken["secrets"]) == ({"ingress": [{"kind": "X"}]}, ["s/A"])
    given = run(Releasing, variables=CONTRIBUTED, components={})
    assert (given["components"], given["secrets"]) == ({}, [])
    assert run(Releasing)["components"] is None


def test_only_those_take_it_that_say_so() -> None:
    assert "components" not in run(Echo, word="a", variables=CONTRIBUTED)["call"]["params"]
