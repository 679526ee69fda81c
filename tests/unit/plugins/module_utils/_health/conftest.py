# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tests of a wait need: a cluster in memory, and a judge in the place of the real one."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health import waiter
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import (
    HealthEvaluation,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._health.scripted import (
    Scripted,
)
from tests.unit.plugins.samples import NAMESPACE, deployment


@pytest.fixture
def cluster() -> ApiDouble:
    double = ApiDouble(NAMESPACE)
    double.put(deployment(replicas=0))
    return double


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Scripted]:
    """Puts a scripted judge in the place of the real one."""

    def by(**evaluations: HealthEvaluation) -> Scripted:
        evaluate = Scripted(**evaluations)
        monkeypatch.setattr(waiter, "evaluate", evaluate)
        return evaluate

    monkeypatch.setattr(
        waiter, "timed_out", lambda _facts, evaluation: dataclasses.replace(evaluation, verdict="failed")
    )
    return by
