# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's body ends with a result or with one clear message."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import BadConnection
from ansible_collections.intelgraph.maestro.plugins.module_utils._running import Call, Ending, as_module, perform

CALL = Call({"name": "maestro"})


class Ended(Exception):
    """What the module would have printed."""


class Module:
    """As much of an AnsibleModule as is needed."""

    params: t.ClassVar[dict[str, t.Any]] = {"a": 1}
    check_mode = True
    _diff = True

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def fail_json(self, **result: t.Any) -> None:
        raise Ended(("failed", result))

    def exit_json(self, **result: t.Any) -> None:
        raise Ended(("ok", result))


def raising(error: Exception) -> t.Callable[[Call], Ending]:
    def body(call: Call) -> Ending:
        raise error

    return body


@pytest.mark.parametrize("message", ["It is gone.", "It is gone"])
def test_an_error_of_the_cluster_ends_with_its_next_step(message: str) -> None:
    ending = perform(raising(BadConnection(message)), CALL)
    assert ending.failed
    assert ending.values == {"msg": f"It is gone. {BadConnection.next_step}", "error_id": "connection-options"}


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        perform(raising(ZeroDivisionError()), CALL)


@pytest.mark.parametrize(("failed", "word"), [(False, "ok"), (True, "failed")])
def test_a_process_ends_with_the_result_and_its_warnings(failed: bool, word: str) -> None:
    calls = []

    def body(call: Call) -> Ending:
        calls.append(call)
        return Ending({"msg": "x"}, ["careful"], failed)

    module = Module()
    with pytest.raises(Ended) as caught:
        as_module(t.cast(t.Any, module), body)
    assert caught.value.args[0] == (word, {"msg": "x"})
    assert calls == [Call({"a": 1}, check=True, diff=True)]
    assert module.warnings == ["careful"]
