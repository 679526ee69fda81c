# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that run and are not ready: waited for until a deadline of their owner is over. Pure."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..facts import PROBE
from ..probe_budget import NODE_GRACE, answers_to_expect, seconds_to_be_ready, seconds_to_start
from ..readiness import condition
from .containers import Container, containers
from .crashes import unready_since
from .problem import Occurrence, Problem, asks, merged, own_words, reported
from .rollout import DEADLINE, is_out_of_time
from .view import Event, View, Workload

READINESS_DEADLINE = "maestro.intelgraph.ai/readiness-deadline"
"""Annotation of a workload: seconds after its start by which a container must be ready."""
LOST, TOLD = 1.0, 5.0
"""Seconds: by which times of one moment differ; for which a container may be unready without a word of it."""
LATE = 3.0
"""Seconds by which a status may be late: times are whole seconds, and the kubelet looks once a second."""


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        if workload.kind != "Job":  # a Job is judged by how it ends
            unready = [each for each in containers(view, workload) if _is_waited_for(each)]
            yield from merged(workload, [_sighting(workload, each) for each in unready])


def _is_waited_for(container: Container) -> bool:
    return container.running is not None and not container.is_ready and bool(_probes(container))


def _probes(container: Container) -> list[str]:
    return [name for name in ("startupProbe", "readinessProbe") if container.spec.get(name)]


def deadline_of(workload: Workload, container: Container) -> float | None:
    """The moment from which the container is unready by its owner's own measure; None while there is none.

    A startup probe says how long a start may take. A readiness probe does not: how many bad answers it takes says when
    a pod that serves gets no more requests. So a container that has not been ready yet is waited for until its
    Deployment's progress deadline, or a shorter one that the workload or the release states. One that was ready, in a
    workload whose rollout is over, has its probe's budget to come back.
    """
    if not _has_started(container):
        return container.runs_since + seconds_to_start(container.spec) + LATE
    begun = _asked_since(container)
    stated = readiness_deadline(workload, container.view)
    ends = [begun + stated] if stated else []
    if is_out_of_time(workload):
        ends.append(container.view.now)
    if _was_ready(container) and not _progresses(workload):
        ends.append(begun + seconds_to_be_ready(container.spec))
    if workload.kind != "Deployment" and not container.view.facts.begun:
        ends.append(begun + DEADLINE)
    return min(ends, default=None)


def readiness_deadline(workload: Workload, view: View) -> float:
    """Seconds after its start by which a container must be ready, as the workload or else the release states it."""
    stated = (workload.live["metadata"].get("annotations") or {}).get(READINESS_DEADLINE, "")
    return float(stated) if str(stated).isdecimal() else view.facts.readiness_deadline


def _asked_since(container: Container) -> float:
    """From when on the readiness probe is asked: not before the startup probe has passed.

    When that was is not in the status: not later than the first bad answer to the readiness probe, nor than the startup
    budget allows. A container that was ready and lost it begins anew.
    """
    asked = [event.first for event in _answers(container) if event.first >= container.started_at]
    started = min([container.runs_since + seconds_to_start(container.spec), *asked])
    return max(started, container.runs_since, unready_since(container.pod))


def _was_ready(container: Container) -> bool:
    """Whether its pod lost its readiness while this container ran: one that never had it is unready from before."""
    return unready_since(container.pod) > container.runs_since + LOST


def _progresses(workload: Workload) -> bool:
    """Whether the Deployment's controller still counts the time to its progress deadline."""
    reason = condition(workload.live, "Progressing").get("reason")
    return workload.kind == "Deployment" and reason in (
        "NewReplicaSetCreated",
        "FoundNewReplicaSet",
        "ReplicaSetUpdated",
    )


def grace_for_the_kubelet(container: Container) -> float:
    """Seconds beyond the deadline while the kubelet has not told of the bad answers that would use it up.

    It may be away or overburdened, and then nobody has asked the application. After this time its node is known to be
    not ready, which is another trouble than the container's.
    """
    probe = container.spec.get("readinessProbe") if _has_started(container) else container.spec["startupProbe"]
    if not probe:
        return 0.0
    told_of = sum(event.count for event in _unhealthy(container))
    is_lost = _has_started(container) and _was_ready(container)
    needed = answers_to_expect(probe) if is_lost or not _has_started(container) else 1
    return 0.0 if told_of >= needed else NODE_GRACE


def _has_started(container: Container) -> bool:
    return container.is_started or not container.spec.get("startupProbe")


def _answers(container: Container) -> list[Event]:
    return [event for event in container.events("Unhealthy") if event.message.startswith("Readiness probe")]


def _sighting(workload: Workload, container: Container) -> Occurrence:
    """What the probe answers is told as soon as it is known; the verdict waits for the deadline."""
    begun, deadline = container.runs_since, deadline_of(workload, container)
    end = None if deadline is None else max(deadline, begun) + grace_for_the_kubelet(container)
    is_over = end is not None and end <= container.view.now
    said = _said(container)
    yet = "in the time that it has" if is_over else "yet"
    return Occurrence(
        check=registry.READINESS_TIMEOUT if is_over else registry.READINESS_FAILING,
        pod=container.pod,
        words=f"container {container.name} runs and is not ready {yet}{said}",
        since=begun,
        grace=None if end is None else end - begun,
        container=container.name,
        evidence=reported(_unhealthy(container)[:1]),
        log_requests=asks(PROBE, container.pod, container.name),
        reported=is_over or (bool(said) and container.view.now >= begun + TOLD),
    )


def _said(container: Container) -> str:
    events = _unhealthy(container)
    return f": {own_words(events[0].message, container.pod)}" if events else ""


def _unhealthy(container: Container) -> list[Event]:
    """The bad answers since this run began, latest first; a liveness probe has a finding of its own."""
    events = [event for event in container.events("Unhealthy") if event.last >= container.started_at]
    return [event for event in events if not event.message.startswith("Liveness")]
