# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still missing for a release to have passed: one line for each thing. Pure."""

from __future__ import annotations

import typing as t

from .. import readiness
from ..facts import Live
from ..pod_phases import lasting_containers
from ..readiness import condition
from .traffic import unrouted
from .view import CLOCK, View, Workload, born, displayed, is_ready, is_staying, moment, shown_as

UNWATCHED = frozenset({"Namespace"})
"""What only accounts of the whole cluster may watch: if a namespace goes, so does what is in it."""
SHOWN = 3
AFTER_RESTART = 30.0
"""Seconds for which a container must run that has ended before: one that loops is ready for a moment each time."""


def missing(view: View, spared: t.Collection[str] = ()) -> list[str]:
    """Everything that is not as it must be, but of the workloads that are spared; empty when the release is ready."""
    whats = [(shown_as(*key), _of_object(view, key)) for key in view.wanted]
    whats += [(workload.name, _of_pods(view, workload)) for workload in view.workloads]
    whats += [(displayed(item), unrouted(view, item)) for item in view.declared("Service")]
    return [f"{subject}: {what}" for subject, what in whats if what and subject not in spared]


def _of_object(view: View, key: tuple[str, str, str]) -> str:
    live = view.live(*key)
    if live:
        return readiness.missing(live)
    if view.is_observed(key[0]):
        return "it is not there"
    return "nothing is known of it yet" if key[0] in readiness.PREDICATES.keys() - UNWATCHED else ""


def _of_pods(view: View, workload: Workload) -> str:
    """The workload's status is the controller's view and may be older than the pods'."""
    if workload.kind == "Job" or not view.is_observed("Pod") or not workload.is_traced:
        return ""
    wanted = workload.replicas
    unready = [pod for pod in workload.pods if not is_ready(pod)]
    if unready:
        return f"{len(unready)} of {len(workload.pods)} new pods are not ready"
    if len(workload.pods) < wanted:
        return f"{len(workload.pods)} of {wanted} new pods are there"
    old = [pod for pod in workload.previous if is_staying(pod)]
    return f"{len(old)} old pods are still there" if old else ""


def draining(view: View) -> list[str]:
    """The workloads whose old pods are on their way out and still answer the requests that they have."""
    lines = []
    for workload in view.workloads:
        leaving = [pod for pod in workload.previous if _is_leaving(view, pod)] if workload.revision else []
        if leaving:
            lines.append(f"{workload.name}: {len(leaving)} old pod{'s drain' if len(leaving) > 1 else ' drains'}")
    return lines


def _is_leaving(view: View, pod: Live) -> bool:
    """Being deleted, not at its end, and on a node that can say when the pod has gone."""
    is_over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return bool(pod["metadata"].get("deletionTimestamp")) and not is_over and not view.is_excused(pod)


def settled_at(view: View) -> float:
    """The moment from which everything has been ready, without a restart, for the settling time."""
    workloads = [workload for workload in view.workloads if workload.kind != "Job"]
    pods = [(workload, pod) for workload in workloads for pod in workload.pods]
    return max((at for workload, pod in pods for at in _settlings(view, workload, pod)), default=0.0)


def _settlings(view: View, workload: Workload, pod: Live) -> t.Iterator[float]:
    """A pod settles after it became ready; a container that has ended once is not trusted as soon.

    What is yet to come was told by a node whose clock is wrong. Then the latest moment counts that the cluster told.
    """
    settle = view.facts.settle
    reported = max(born(pod), moment(condition(workload.live, "Progressing").get("lastUpdateTime")))

    def believed(at: float) -> float:
        return at if at <= view.now + CLOCK else reported

    yield believed(moment(condition(pod, "Ready").get("lastTransitionTime"))) + settle
    for status in lasting_containers(pod):
        ended = ((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
        if ended:
            yield believed(moment(ended)) + max(settle, AFTER_RESTART)


def unready_objects(lines: t.Iterable[str]) -> dict[str, str]:
    """What is missing of each declared object, by the object as it is shown: of a workload what its pods tell."""
    found: dict[str, str] = {}
    for line in lines:
        subject, _colon, what = line.partition(": ")
        found[subject] = what
    return found


def unready_pods(view: View) -> dict[str, tuple[str, ...]]:
    """Some of the new pods that are not ready, with node and reason, by the workload as it is shown."""
    found = {}
    for workload in view.workloads:
        unready = [pod for pod in workload.pods if not is_ready(pod)]
        found[workload.name] = tuple(_unready(view, pod) for pod in unready[:SHOWN])
    return found


def _unready(view: View, pod: Live) -> str:
    node, status = str((pod.get("spec") or {}).get("nodeName") or ""), pod.get("status") or {}
    said = str(condition(pod, "Ready").get("message") or f"its phase is {status.get('phase', 'unknown')}")
    if node and not status.get("containerStatuses"):
        since = condition(pod, "PodScheduled").get("lastTransitionTime")
        said = f"its node has told nothing of it since it was placed there{f' at {since}' if since else ''}"
    place = f" on {node}{' (which is not ready)' if node in view.unfit_nodes else ''}" if node else ""
    return f"pod {pod['metadata']['name']}{place}: {said}"
