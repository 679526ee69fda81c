# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that run and are not ready although their own probes have given them all the time. Pure."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..facts import PROBE
from ..probe_budget import NODE_GRACE, answers_to_expect, seconds_to_be_ready, seconds_to_start
from .containers import Container, containers
from .crashes import unready_since
from .problem import Occurrence, Problem, asks, merged, own_words, reported
from .view import Event, View

LATE = 3.0
"""Seconds by which a status may be late: times are whole seconds, and the kubelet looks once a second."""


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        unready = [each for each in containers(view, workload) if _is_waited_for(each)]
        yield from merged(workload, map(_sighting, unready))


def _is_waited_for(container: Container) -> bool:
    return container.running is not None and not container.is_ready and bool(_probes(container))


def _probes(container: Container) -> list[str]:
    return [name for name in ("startupProbe", "readinessProbe") if container.spec.get(name)]


def used_up_at(container: Container) -> float:
    """The moment at which the container's own startup and readiness budget is over.

    Readiness is not asked before the startup probe has passed. When that was is not in the status: not later than the
    first bad answer to the readiness probe, nor than the startup budget allows. A container that was ready and lost
    it begins its readiness budget anew.
    """
    to_start = seconds_to_start(container.spec)
    if not _has_started(container):
        return container.runs_since + to_start + LATE
    asked = [event.first for event in _answers(container) if event.first >= container.started_at]
    started = min([container.runs_since + to_start, *asked])
    begun = max(started, container.runs_since, unready_since(container.pod))
    return begun + seconds_to_be_ready(container.spec)


def grace_for_the_kubelet(container: Container) -> float:
    """Seconds beyond the budget while the kubelet has not told of the bad answers that would use it up.

    It may be away or overburdened, and then nobody has asked the application. After this time its node is known to be
    not ready, which is another trouble than the container's.
    """
    probe = container.spec.get("readinessProbe") if _has_started(container) else container.spec["startupProbe"]
    if not probe:
        return 0.0
    told_of = sum(event.count for event in _unhealthy(container))
    return 0.0 if told_of >= answers_to_expect(probe) else NODE_GRACE


def _has_started(container: Container) -> bool:
    return container.is_started or not container.spec.get("startupProbe")


def _answers(container: Container) -> list[Event]:
    return [event for event in container.events("Unhealthy") if event.message.startswith("Readiness probe")]


def _sighting(container: Container) -> Occurrence:
    begun = container.runs_since
    return Occurrence(
        check=registry.READINESS_TIMEOUT,
        pod=container.pod,
        words=f"container {container.name} runs and is not ready in the time that its probes give it{_said(container)}",
        since=begun,
        grace=max(used_up_at(container) - begun, 0.0) + grace_for_the_kubelet(container),
        container=container.name,
        evidence=reported(_unhealthy(container)[:1]),
        log_requests=asks(PROBE, container.pod, container.name),
        reported=False,
    )


def _said(container: Container) -> str:
    events = _unhealthy(container)
    return f": {own_words(events[0].message, container.pod)}" if events else ""


def _unhealthy(container: Container) -> list[Event]:
    """The bad answers since this run began, latest first; a liveness probe has a finding of its own."""
    events = [event for event in container.events("Unhealthy") if event.last >= container.started_at]
    return [event for event in events if not event.message.startswith("Liveness")]
