# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict is not given by watches that are silent without the cluster itself confirming what they told."""

from __future__ import annotations

import contextlib
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Answer
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._health import waiter
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import (
    Facts,
    HealthEvaluation,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._health.scripted import (
    FAILED,
    PASSED,
    Scripted,
    wait,
)
from tests.unit.plugins.samples import deployment


@pytest.fixture
def deaf(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> ApiDouble:
    """A cluster whose watches lost their peer without a word: they never tell anything, and never break off."""
    done = threading.Event()

    @contextlib.contextmanager
    def stream(*_path: object) -> t.Iterator[t.Iterator[bytes]]:
        yield iter(lambda: done.wait(10) and b"", b"")

    monkeypatch.setattr(cluster, "stream", stream)
    monkeypatch.setattr(waiter, "SILENCE", 0.0)
    return cluster


@pytest.mark.parametrize(("held", "really"), [(PASSED, FAILED), (FAILED, PASSED)], ids=["passed", "failed"])
def test_no_verdict_is_given_by_what_a_dead_watch_told(
    deaf: ApiDouble,
    evaluated: t.Callable[..., Scripted],
    held: HealthEvaluation,
    really: HealthEvaluation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted = evaluated(at_0=held, at_3=really)

    def evaluate(facts: Facts) -> HealthEvaluation:
        """Everything changes once the first facts are there."""
        if not scripted.facts:
            deaf.put(deployment(replicas=3))
        return scripted(facts)

    monkeypatch.setattr(waiter, "evaluate", evaluate)
    assert wait(deaf).verdict == really.verdict


def test_what_cannot_be_confirmed_is_no_verdict(deaf: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_0=PASSED)
    first = deaf.request

    def request(method: str, path: str, *more: t.Any, **named: t.Any) -> Answer:
        if threading.current_thread() is threading.main_thread() and path.endswith("/deployments"):
            raise Unreachable("it is away")
        return first(method, path, *more, **named)

    deaf.request = request  # type: ignore[method-assign]
    health = wait(deaf, timeout=1.0)
    assert (health.verdict, health.findings[0].id) == ("inconclusive", Unreachable.finding_type.id)
