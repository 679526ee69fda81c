# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the containers of the newest pods show, read from their statuses in one place. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..facts import Live
from ..readiness import condition
from .view import Event, View, Workload, born, moment

LASTING = 600.0
"""Seconds of a run after which the kubelet forgets earlier ends (twice its longest pause), and so does the judge."""


@dataclasses.dataclass(frozen=True)
class Container:
    """One container of one pod: its spec, its status, and the pod and the case around it."""

    view: View
    pod: Live
    spec: Live
    status: Live

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        return str(self.spec.get("image") or self.status.get("image", ""))

    @property
    def waiting(self) -> Live:
        return self._state("state", "waiting")

    @property
    def running(self) -> Live | None:
        return (self.status.get("state") or {}).get("running")

    @property
    def ended(self) -> Live:
        """How it ended, if it does not run now."""
        return self._state("state", "terminated")

    @property
    def former_end(self) -> Live:
        """How the run before this one ended."""
        return self._state("lastState", "terminated")

    @property
    def ends(self) -> int:
        """How many times it has ended; ends before a run that has lasted are forgotten."""
        known = [end for end in (self.ended, self.former_end) if end]
        total = int(self.status.get("restartCount", 0)) + bool(self.ended)
        return next((number for number, end in enumerate(known, 1) if _has_lasted(end)), total)

    @property
    def is_ready(self) -> bool:
        return bool(self.status.get("ready"))

    @property
    def is_started(self) -> bool:
        return bool(self.status.get("started"))

    @property
    def started_at(self) -> float:
        """By its node's clock, as are the kubelet's events."""
        return moment((self.running or {}).get("startedAt"))

    @property
    def runs_since(self) -> float:
        """As `started_at`, but not before its pod was placed: by the cluster's clock, which a node's may be behind."""
        placed = moment(condition(self.pod, "PodScheduled").get("lastTransitionTime"))
        return max(self.started_at, born(self.pod), placed)

    def events(self, *reasons: str) -> list[Event]:
        """What was told of it for these reasons, latest first; events that name no container are told of each."""
        found = self.view.events(self.pod, *reasons)
        return [event for event in found if event.container in (self.name, "")]

    def began(self, events: t.Sequence[Event]) -> float:
        """Since when something goes on that these events tell of."""
        return min((event.first for event in events if event.first), default=0.0) or born(self.pod)

    def since(self, events: t.Sequence[Event], *others: float) -> float:
        """Since when it cannot run: not before it ran last, though the same may have been told of it an hour ago."""
        return min(max(self.began(events), self._ran_until, *others), self.view.now)

    @property
    def _ran_until(self) -> float:
        """When its last run ended; 0 if it never ran. What could not be started has the epoch or less for its start."""
        end = self.ended or self.former_end
        return moment(end.get("finishedAt")) if moment(end.get("startedAt")) > 0 else 0.0

    def _state(self, when: str, state: str) -> Live:
        return t.cast(Live, (self.status.get(when) or {}).get(state) or {})


def _has_lasted(end: Live) -> bool:
    """Whether the run that ended so was a long one. One that never began has the epoch for its start."""
    return 0 < moment(end.get("startedAt")) <= moment(end.get("finishedAt")) - LASTING


def containers(view: View, workload: Workload) -> list[Container]:
    """Every container of the newest pods, those of unfit nodes left out; first those that prepare."""
    return [
        container
        for pod in workload.pods
        if not view.is_excused(pod)
        for part, statuses in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))
        for container in _containers(view, pod, part, statuses)
    ]


def _containers(view: View, pod: Live, part: str, statuses: str) -> list[Container]:
    status = {entry["name"]: entry for entry in (pod.get("status") or {}).get(statuses) or ()}
    specs = (pod.get("spec") or {}).get(part) or ()
    return [Container(view, pod, spec, status[spec["name"]]) for spec in specs if spec["name"] in status]
