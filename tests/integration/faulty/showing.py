# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on does the API show a fault? One plain fact of an object's status, judged by nobody."""

from __future__ import annotations

import typing as t

Live = dict[str, t.Any]


class Shown(t.NamedTuple):
    """The first object of the kind for which `is_shown` holds."""

    api_version: str
    kind: str
    is_shown: t.Callable[[Live], bool]


def waiting(*reasons: str) -> Shown:
    """A container waits for one of these reasons."""
    return Shown("v1", "Pod", lambda pod: any(_waits_for(status) in reasons for status in _containers(pod)))


def stopped(*reasons: str) -> Shown:
    """A container waits, ended, or ended before it waits, for one of these reasons."""
    return Shown("v1", "Pod", lambda pod: any(_reasons(status) & set(reasons) for status in _containers(pod)))


def ended(times: int = 1) -> Shown:
    """A container has ended so many times, whatever the exit code."""
    return Shown("v1", "Pod", lambda pod: any(_ends(status) >= times for status in _containers(pod)))


STARTED_UNREADY = Shown("v1", "Pod", lambda pod: any(_runs_unready(status) for status in _containers(pod)))
"""A container runs and is not ready."""
REFUSED_PODS = Shown("apps/v1", "ReplicaSet", lambda item: _condition(item, "ReplicaFailure").get("status") == "True")
UNSCHEDULABLE = Shown("v1", "Pod", lambda item: _condition(item, "PodScheduled").get("reason") == "Unschedulable")
DEADLINE_PASSED = Shown(
    "apps/v1", "Deployment", lambda item: _condition(item, "Progressing").get("reason") == "ProgressDeadlineExceeded"
)
FAILED_JOB = Shown("batch/v1", "Job", lambda item: _condition(item, "Failed").get("status") == "True")


def event(*reasons: str) -> Shown:
    return Shown("v1", "Event", lambda item: item.get("reason") in reasons)


def condition(api_version: str, kind: str, name: str, status: str = "False") -> Shown:
    return Shown(api_version, kind, lambda item: _condition(item, name).get("status") == status)


def _containers(pod: Live) -> list[Live]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _waits_for(status: Live) -> str:
    return str(((status.get("state") or {}).get("waiting") or {}).get("reason", ""))


def _reasons(status: Live) -> set[str]:
    states = [status.get("state") or {}, status.get("lastState") or {}]
    return {str(each.get("reason", "")) for state in states for each in state.values()}


def _ends(status: Live) -> int:
    return int(status.get("restartCount", 0)) + ("terminated" in (status.get("state") or {}))


def _runs_unready(status: Live) -> bool:
    return "running" in (status.get("state") or {}) and not status.get("ready")


def _condition(item: Live, kind: str) -> Live:
    conditions = (item.get("status") or {}).get("conditions") or ()
    return next((entry for entry in conditions if entry["type"] == kind), {})
