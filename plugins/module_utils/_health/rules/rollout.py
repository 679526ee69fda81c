# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts as a whole: paused, out of time, gone, unwell nodes, and what is not this release's fault. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._objects.group_kind import identity
from ..facts import LOG, Live
from ..readiness import condition
from .pending import may_have_ended
from .problem import Problem, asks, spread
from .view import CLOCK, View, Workload, displayed, is_ready, is_seen, is_staying, moment, shown_as

ORDERED = "OrderedReady"
BLOCKED = 2.0
"""Seconds after which a broken pod is not one that its controller is about to replace."""
DEADLINE = 600
"""Seconds: the API's default of `progressDeadlineSeconds`."""
NAMED_SET = re.compile(r"ReplicaSet \"([^\"]+)\"")
UNWELL = ("BackOff", "Err", "Error")


def problems(view: View) -> t.Iterator[Problem]:
    yield from _terminating(view)
    yield from _gone(view)
    for workload in view.workloads:
        if workload.kind in WORKLOADS:
            yield from WORKLOADS[workload.kind](view, workload)
        yield from _previous(workload)
    yield from _nodes(view)


def _terminating(view: View) -> t.Iterator[Problem]:
    """A namespace of the release that is being deleted, and everything in it with it."""
    for namespace in view.of_kind("Namespace"):
        begun = namespace["metadata"].get("deletionTimestamp")
        if begun:
            words = "it is being deleted, with everything in it"
            yield Problem(
                registry.NAMESPACE_TERMINATING, displayed(namespace), words, moment(begun), fatal_at=moment(begun)
            )


def _gone(view: View) -> t.Iterator[Problem]:
    for key in view.wanted:
        if not view.is_observed(key[0]) or view.live(*key) is not None:
            continue
        if may_have_ended(view, key):
            words = "it was removed after it had ended, and how it ended was not seen"
            yield Problem(registry.RESOURCE_NOT_JUDGED, shown_as(*key), words)
        else:
            yield Problem(
                registry.OBJECT_GONE, shown_as(*key), "the release declares it and it is not there", fatal_at=view.now
            )


def _deployment(view: View, workload: Workload) -> t.Iterator[Problem]:
    live = workload.live
    progress = condition(live, "Progressing")
    since = moment(progress.get("lastUpdateTime") or progress.get("lastTransitionTime"))
    if live["spec"].get("paused"):
        yield Problem(
            registry.ROLLOUT_PAUSED,
            workload.name,
            "its rollout is paused, so no pod will be replaced",
            since,
            fatal_at=view.now,
        )
    elif is_out_of_time(workload):
        is_new = since >= view.facts.begun - CLOCK
        over = view.now if is_new else view.facts.begun + int(live["spec"].get("progressDeadlineSeconds") or DEADLINE)
        yield Problem(registry.PROGRESS_DEADLINE, workload.name, _why_stuck(live, progress), since, fatal_at=over)


def is_out_of_time(workload: Workload) -> bool:
    """Whether the controller has given the newest revision up by its progress deadline.

    The controller shows the newest generation before it takes back what it said of an older ReplicaSet, so the
    condition counts only if it speaks of the newest one.
    """
    progress = condition(workload.live, "Progressing")
    if progress.get("reason") != "ProgressDeadlineExceeded" or not is_seen(workload.live):
        return False
    named = NAMED_SET.search(str(progress.get("message", "")))
    if workload.revision is None:
        return not workload.is_traced
    return not named or named[1] == workload.revision["metadata"]["name"]


def _why_stuck(live: Live, progress: Live) -> str:
    said = progress.get("message") or progress["reason"]
    return f"no new pod became available in {live['spec'].get('progressDeadlineSeconds', DEADLINE)} s: {said}"


def _job(view: View, workload: Workload) -> t.Iterator[Problem]:
    failed = condition(workload.live, "Failed")
    if failed.get("status") != "True":
        failed = condition(workload.live, "FailureTarget")
    if failed.get("status") == "True":
        pods = view.owned(workload.live, "Pod")
        yield Problem(
            registry.JOB_FAILED,
            workload.name,
            f"it failed: {failed.get('message') or failed.get('reason', '')}",
            moment(failed.get("lastTransitionTime")),
            fatal_at=view.now,
            evidence=tuple(line for pod in pods for line in _ends(pod)),
            log_requests=tuple(log_request for pod in pods[-1:] for log_request in _logs(pod)),
        )


def stuck_pods(workload: Workload) -> list[Live]:
    """Broken pods of an older revision that hold up a StatefulSet whose pods are replaced one after the other.

    The controller waits until such a pod is ready before it replaces it, and it never will be (kubernetes#67250).
    """
    spec = workload.live.get("spec") or {}
    is_ordered = workload.kind == "StatefulSet" and spec.get("podManagementPolicy", ORDERED) == ORDERED
    if not is_ordered or workload.revision is None:
        return []
    return [pod for pod in workload.previous if is_staying(pod) and not is_ready(pod) and _reason(pod)]


def _stateful_set(view: View, workload: Workload) -> t.Iterator[Problem]:
    for pod in stuck_pods(workload):
        since = max(view.facts.begun, moment(condition(pod, "Ready").get("lastTransitionTime")))
        words = (
            f"it is of an older revision and will not be ready ({_reason(pod)}), and {workload.name} replaces no pod "
            "before it is"
        )
        step = f"kubectl -n {workload.namespace} delete pod {pod['metadata']['name']}"
        yield Problem(
            registry.UPDATE_BLOCKED,
            displayed(pod),
            words,
            since,
            fatal_at=since + BLOCKED,
            next_step=f"Delete it: {step}. Its StatefulSet makes it anew of the newest revision.",
        )


def _ends(pod: Live) -> t.Iterator[str]:
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = (status.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            yield f"container {status['name']}: exit code {ended['exitCode']} ({ended.get('reason', '')})"


def _logs(pod: Live) -> t.Iterator[t.Any]:
    for container in (pod.get("spec") or {}).get("containers") or ():
        yield from asks(LOG, pod, container["name"])


def _previous(workload: Workload) -> t.Iterator[Problem]:
    stuck = stuck_pods(workload)
    unwell = [pod for pod in workload.previous if is_staying(pod) and _reason(pod) and pod not in stuck]
    if unwell and workload.revision:
        reasons = ", ".join(sorted({_reason(pod) for pod in unwell}))
        words = f"pods of an earlier revision are unwell: {reasons} ({spread(unwell)})"
        yield Problem(registry.PREVIOUS_REVISION_UNHEALTHY, workload.name, words)


def _reason(pod: Live) -> str:
    waiting = (
        str(((status.get("state") or {}).get("waiting") or {}).get("reason", ""))
        for status in (pod.get("status") or {}).get("containerStatuses") or ()
    )
    return next((reason for reason in waiting if any(word in reason for word in UNWELL)), "")


def _nodes(view: View) -> t.Iterator[Problem]:
    """Nodes that are not ready and bear pods of the release."""
    bearing: dict[str, list[Live]] = {}
    for workload in view.workloads:
        for pod in workload.pods:
            bearing.setdefault(str((pod.get("spec") or {}).get("nodeName", "")), []).append(pod)
    for node in view.of_kind("Node"):
        pods = bearing.get(identity(node)[2], [])
        if pods and identity(node)[2] in view.unfit_nodes:
            found = condition(node, "Ready")
            words = f"it is not ready: {found.get('message') or 'nothing is known of it'} ({spread(pods)})"
            yield Problem(registry.NODE_NOT_READY, displayed(node), words, moment(found.get("lastTransitionTime")))


WORKLOADS: dict[str, t.Callable[[View, Workload], t.Iterator[Problem]]] = {
    "Deployment": _deployment,
    "Job": _job,
    "StatefulSet": _stateful_set,
}
