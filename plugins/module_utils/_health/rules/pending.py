# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still missing for a release to have passed: one line for each thing. Pure."""

from __future__ import annotations

import typing as t

from ..._objects.group_kind import identity
from ..facts import Identity, Live
from ..kinds.registry import RULES, rule_of, state_of
from ..pod_phases import lasting_containers
from ..readiness import condition
from .traffic import disabled, is_young, unrouted
from .view import CLOCK, View, Workload, born, displayed, is_ready, is_staying, moment, shown_as

UNUSED = ("WaitForFirstConsumer", "WaitForPodScheduled")
"""Events by which the cluster says that a claim is bound when a pod uses it."""
FIRST_WORD = 3.0
"""Seconds in which a controller that watches a kind has usually written its first status."""
SHOWN = 3
AFTER_RESTART = 30.0
"""Seconds for which a container must run that has ended before: one that loops is ready for a moment each time."""


def missing(view: View, spared: t.Collection[str] = ()) -> list[str]:
    """Everything that is not as it must be, but of the workloads that are spared; empty when the release is ready."""
    left_out = {*spared, *_on_unfit_nodes(view)}
    whats = [(shown_as(*key), _of_object(view, key)) for key in view.wanted]
    whats += [(workload.name, _of_pods(view, workload)) for workload in view.workloads]
    whats += [(displayed(item), unrouted(view, item)) for item in view.declared("Service")]
    whats += [(displayed(item), _of_claim(view, item)) for item in view.declared("PersistentVolumeClaim")]
    whats += [(displayed(pod), _of_other_pod(pod)) for pod in _other_pods(view)]
    return [f"{subject}: {what}" for subject, what in whats if what and subject not in left_out]


def _of_object(view: View, key: Identity) -> str:
    live = view.live(*key)
    if live:
        return _of_live(view, key, live)
    if view.is_observed(key[0]):
        return "" if may_have_ended(view, key) else "it is not there"
    return "" if rule_of(key[0]).static else "nothing is known of it yet"


def _of_live(view: View, key: Identity, live: Live) -> str:
    state = state_of(live)
    if key[0] == "HorizontalPodAutoscaler":
        return disabled(view, live) or ("" if is_young(view, live) else state.missing)
    if state.unknown and view.now < born(live) + FIRST_WORD:
        return f"{state.unknown} yet"
    return state.missing or _suspended_by_another(view, key, live)


def may_have_ended(view: View, key: Identity) -> bool:
    """Whether it is a Job that its TTL removes after it has ended."""
    return key[0] == "Job" and "ttlSecondsAfterFinished" in ((view.facts.manifests.get(key) or {}).get("spec") or {})


def _suspended_by_another(view: View, key: Identity, live: Live) -> str:
    """A queue (Kueue) may suspend a Job that is declared to run, and resumes it when there is room."""
    declared = view.facts.manifests.get(key)
    is_done = any(condition(live, end).get("status") == "True" for end in ("Complete", "Failed"))
    if key[0] != "Job" or declared is None or is_done or not live["spec"].get("suspend"):
        return ""
    return "" if (declared.get("spec") or {}).get("suspend") else "it is suspended, though not by its declaration"


def _of_pods(view: View, workload: Workload) -> str:
    """The workload's status is the controller's view and may be older than the pods'."""
    if workload.kind in ("Job", "Pod") or not view.is_observed("Pod") or not workload.is_traced:
        return ""
    wanted = workload.replicas
    unready = [pod for pod in workload.pods if not is_ready(pod)]
    if unready:
        return f"{len(unready)} of {len(workload.pods)} new pods are not ready"
    if len(workload.pods) < wanted:
        return f"{len(workload.pods)} of {wanted} new pods are there"
    broken = [pod for pod in workload.kept if not is_ready(pod)]
    if broken:
        return f"{len(broken)} of {len(workload.kept)} pods that keep their revision are not ready"
    old = [pod for pod in workload.previous if is_staying(pod)]
    return f"{len(old)} old pods are still there" if old else ""


def _on_unfit_nodes(view: View) -> set[str]:
    """The DaemonSets that lack nothing but their pods on nodes that are not ready."""
    found = set()
    for workload in view.workloads:
        status = workload.live.get("status") or {}
        wanted = int(status.get("desiredNumberScheduled", 0))
        everywhere = [*workload.pods, *workload.kept, *workload.previous]
        unfit = [pod for pod in everywhere if (pod.get("spec") or {}).get("nodeName", "") in view.unfit_nodes]
        fit = [pod for pod in (*workload.pods, *workload.kept) if pod not in unfit]
        is_whole = workload.revision is not None and len(fit) >= wanted - len(unfit) and all(map(is_ready, fit))
        if workload.kind == "DaemonSet" and unfit and is_whole and not state_of(workload.live).failed:
            found.add(workload.name)
    return found


def _of_claim(view: View, claim: Live) -> str:
    """A claim without a pod is bound at once, unless its class waits for the first pod: the cluster tells so."""
    if (claim.get("status") or {}).get("phase") != "Pending" or not view.is_observed("Event"):
        return ""
    used = any(claim in view.claims(pod) for pod in view.of_kind("Pod"))
    return "" if used or view.events(claim, *UNUSED) else "it is not bound to a volume yet"


def _other_pods(view: View) -> list[Live]:
    """Pods of the release that none of its workloads made: some custom resource's controller did."""
    if all(key[0] in RULES for key in view.wanted):
        return []
    ours = {identity(pod) for each in view.workloads for pod in (*each.pods, *each.previous, *each.kept)}
    pods = [pod for pod in view.of_kind("Pod") if identity(pod) not in ours and is_staying(pod)]
    return [pod for pod in pods if _owner_kinds(pod) and not _owner_kinds(pod) & {"Job"} and not view.is_excused(pod)]


def _owner_kinds(pod: Live) -> set[str]:
    return {str(owner.get("kind", "")) for owner in pod["metadata"].get("ownerReferences") or ()}


def _of_other_pod(pod: Live) -> str:
    return "" if is_ready(pod) else "it is not ready"


def draining(view: View) -> list[str]:
    """The workloads whose old pods are on their way out and still answer the requests that they have.

    They hold nothing up: how long they take is for their requests to say, and their grace period ends it.
    """
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


def is_proven(pod: Live) -> bool:
    """Whether all that runs in the pod has a probe by which it has said that it is ready.

    Without one a container counts as ready as soon as it runs, also when it ends a moment later.
    """
    spec = pod.get("spec") or {}
    init = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    return all(
        each.get("readinessProbe") or each.get("startupProbe") for each in (*init, *(spec.get("containers") or ()))
    )


def _settlings(view: View, workload: Workload, pod: Live) -> t.Iterator[float]:
    """A pod settles after it became ready; a container that has ended once is not trusted as soon.

    What is yet to come was told by a node whose clock is wrong. Then the latest moment counts that the cluster told.
    """
    settle = 0.0 if is_proven(pod) else view.facts.settle
    reported = max(born(pod), moment(condition(workload.live, "Progressing").get("lastUpdateTime")))

    def believed(at: float) -> float:
        return at if at <= view.now + CLOCK else reported

    yield believed(moment(condition(pod, "Ready").get("lastTransitionTime"))) + settle
    for status in lasting_containers(pod):
        ended = ((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
        if ended:
            yield believed(moment(ended)) + max(view.facts.settle, AFTER_RESTART)


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
