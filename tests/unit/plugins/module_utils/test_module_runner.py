# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's body ends with a result or with one clear message."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import BadConnection
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import (
    Call,
    Ending,
    as_module,
    confidential,
    perform,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import masked

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
        self.no_log_values: set[str] = set()

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
    assert ending.values == {"msg": f"It is gone. {BadConnection().next_step}", "error_id": "connection-options"}


def test_secrets_are_taken_out_of_an_ending_before_it_is_made_printable() -> None:
    ending = perform(
        lambda _call: Ending({"msg": "a\x1bkey"}, ["a\x1bkey"], lines=["a\x1bkey"]),
        CALL,
        lambda value: (
            [each.replace("a\x1bkey", "***") for each in value] if isinstance(value, list) else {"msg": "***"}
        ),
    )
    assert (ending.values, ending.warnings, ending.lines) == ({"msg": "***"}, ["***"], ["***"])


def test_an_error_that_quotes_a_server_is_printable_and_masked() -> None:
    said = "The server says \x1b[2Jcanary"
    ending = perform(
        raising(BadConnection(said)), CALL, lambda value: masked(value, lambda text: text.replace("canary", "***"))
    )
    assert ending.values["msg"].startswith(r"The server says \x1b[2J***")


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


HEADERS = {"Authorization": "Bearer canary-7c1f", "Accept": "application/json", "X-Api-Key": "short"}


@pytest.mark.parametrize(
    "params",
    [
        {"checks": [{"url": "/a", "headers": HEADERS}]},
        {"smoke": {"load": {"requests": ({"path": "/", "headers": HEADERS},)}}},
        {"smoke": {"prometheus_token": "Bearer canary-7c1f"}},
    ],
)
def test_credentials_are_found_in_headers_however_deep_and_nothing_else(params: dict[str, t.Any]) -> None:
    assert confidential(params) == {"Bearer canary-7c1f", "canary-7c1f"}


def test_what_a_url_holds_before_its_host_is_a_credential() -> None:
    smoke = {"url": "https://me:canary%2D7c1f@h.test/a@b", "prometheus_url": "http://prometheus.test", "checks": [{}]}
    assert confidential({"smoke": smoke}) >= {"canary-7c1f"}
    assert "canary-7c1f" in confidential({"checks": [{"url": "me:canary-7c1f@h.test"}]})
    assert confidential({"url": "https://h.test/long/enough"}) == set()


def test_what_is_no_header_is_no_credential() -> None:
    assert (
        confidential({"checks": [{"headers": None}, {"token": "long enough"}], "components": {"headers": HEADERS}})
        == set()
    )


def test_a_process_of_its_own_knows_the_credentials_before_it_says_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Module, "params", {"checks": [{"headers": HEADERS}]})
    module = Module()
    with pytest.raises(Ended):
        as_module(t.cast(t.Any, module), lambda _call: Ending({}))
    assert "canary-7c1f" in module.no_log_values
