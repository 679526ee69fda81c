# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait whose judge goes by a script."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import (
    PREVIOUS_LOG,
    Facts,
    HealthEvaluation,
    LogRequest,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.observer import Subject
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.waiter import Health, await_verdict
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE, deployment

SUBJECT = Subject("maestro", NAMESPACE, (deployment(),))
TROUBLE = Finding("crash-loop", "error", f"Deployment {NAMESPACE}/maestro", "it ends with canary-7c1f")
LAST_WORDS = LogRequest(PREVIOUS_LOG, NAMESPACE, "maestro-1", "maestro")
WAITING, PASSED, FAILED = (
    HealthEvaluation("", missing=("two pods",)),
    HealthEvaluation("passed"),
    HealthEvaluation("failed", (TROUBLE,)),
)

Judge = t.Callable[[Facts], HealthEvaluation]


LONG = 60.0
"""Seconds: what takes half of it has waited for nothing."""


class Scripted:
    """A judge that goes by the number of replicas of the Deployment: 0 is not decided yet."""

    def __init__(self, **evaluations: HealthEvaluation) -> None:
        self.evaluations = evaluations
        self.facts: list[Facts] = []

    def __call__(self, facts: Facts) -> HealthEvaluation:
        self.facts.append(facts)
        found = facts.objects.get("Deployment", ())
        return self.evaluations.get(f"at_{found[0]['spec']['replicas'] if found else 'none'}", WAITING)


def wait(cluster: ApiDouble, timeout: float = LONG, **more: t.Any) -> Health:
    return await_verdict(cluster, SUBJECT, timeout, **more)


def later(seconds: float, change: t.Callable[[], object]) -> None:
    timer = threading.Timer(seconds, change)
    timer.daemon = True
    timer.start()
