# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that run pods, by the counts that their controllers keep. Pure."""

from __future__ import annotations

import typing as t

from .state import READY, Live, Rule, State, condition, count, is_true, spec_of, status_of, unobserved, words_of

ON_DELETE = "OnDelete"
SUSPENDED = "it is suspended by its declaration: nothing runs until it is resumed"


def _deployment(live: Live) -> State:
    if spec_of(live).get("paused"):
        return State("it is paused")
    status, wanted = status_of(live), count(spec_of(live), "replicas", 1)
    updated = count(status, "updatedReplicas")
    return State(
        unobserved(live)
        or _replicas(wanted, count(status, "replicas"), updated, count(status, "availableReplicas"))
        or _unready(count(status, "readyReplicas", wanted), wanted)
    )


def _replicas(wanted: int, current: int, updated: int, available: int) -> str:
    if updated < wanted:
        return f"{updated} of {wanted} pods have the new revision"
    if current > updated:
        return f"{current - updated} old pods are still there"
    if current > wanted:
        return f"{current - wanted} pods have still to go"
    return f"{available} of {wanted} pods are available" if available < wanted else ""


def _unready(ready: int, wanted: int) -> str:
    return f"{ready} of {wanted} pods are ready" if ready < wanted else ""


def strategy_of(live: Live) -> Live:
    """How a StatefulSet or a DaemonSet replaces its pods."""
    return t.cast(Live, spec_of(live).get("updateStrategy") or {})


def is_on_delete(live: Live) -> bool:
    """Whether the pods take a change only when somebody deletes them."""
    return strategy_of(live).get("type") == ON_DELETE


def partition_of(live: Live) -> int:
    """So many pods, from the first on, keep the revision that they have."""
    return count(strategy_of(live).get("rollingUpdate") or {}, "partition")


def first_ordinal(live: Live) -> int:
    """The number of a StatefulSet's first pod."""
    return count(spec_of(live).get("ordinals") or {}, "start")


def _kept(old: int, why: str) -> str:
    are = "pod keeps" if old == 1 else "pods keep"
    return f"{old} {are} the previous revision: {why}" if old > 0 else ""


def _stateful_set(live: Live) -> State:
    status, wanted = status_of(live), count(spec_of(live), "replicas", 1)
    current, available = count(status, "replicas"), count(status, "availableReplicas")
    updated = count(status, "updatedReplicas")
    is_same = status.get("currentRevision") == status.get("updateRevision")
    waiting = unobserved(live)
    if waiting:
        return State(waiting)
    if is_on_delete(live):
        old = 0 if is_same else wanted - updated
        return State(_size(wanted, current, available), note=_kept(old, "they take the change when they are deleted"))
    if partition_of(live) and not is_same:
        needed = max(wanted - partition_of(live), 0)
        if updated < needed:
            return State(f"{updated} of {needed} pods above the partition have the new revision")
        note = _kept(wanted - updated, f"the partition is {partition_of(live)}")
        return State(_size(wanted, current, available), note=note)
    if not is_same:
        return State(f"{updated} of {wanted} pods have the new revision")
    return State(_size(wanted, current, available))


def _size(wanted: int, current: int, available: int) -> str:
    return _replicas(wanted, current, current, available)


def _daemon_set(live: Live) -> State:
    status = status_of(live)
    wanted, updated = count(status, "desiredNumberScheduled", -1), count(status, "updatedNumberScheduled")
    if unobserved(live) or wanted < 0:
        return State(unobserved(live) or "the controller has not said yet on how many nodes it runs")
    available = min(count(status, "numberAvailable"), count(status, "numberReady"))
    if is_on_delete(live):
        note = _kept(wanted - updated, "they take the change when they are deleted")
        there = count(status, "currentNumberScheduled")
        return State(_on_nodes(there, wanted, available), note=note)
    if updated < wanted:
        return State(f"{updated} of {wanted} pods have the new revision")
    return State(_on_nodes(wanted, wanted, available))


def _on_nodes(there: int, wanted: int, available: int) -> str:
    if there < wanted:
        return f"{there} of {wanted} nodes have their pod"
    return f"{available} of {wanted} pods are available" if available < wanted else ""


def _replica_set(live: Live) -> State:
    failure = condition(live, "ReplicaFailure")
    if failure.get("status") == "True":
        return State(words_of(failure, "a pod cannot be created or deleted"))
    status, wanted = status_of(live), count(spec_of(live), "replicas", 1)
    labelled = count(status, "fullyLabeledReplicas", count(status, "replicas"))
    waiting = unobserved(live) or _size(wanted, count(status, "replicas"), _available(status))
    return State(waiting or _lack(labelled, wanted))


def _available(status: Live) -> int:
    return min(count(status, "availableReplicas"), count(status, "readyReplicas", count(status, "availableReplicas")))


def _lack(labelled: int, wanted: int) -> str:
    return f"{labelled} of {wanted} pods have the labels of its template" if labelled < wanted else ""


def _pod(live: Live) -> State:
    status = status_of(live)
    phase = status.get("phase", "")
    if phase == "Succeeded":
        return State(note="it has completed")
    if phase == "Failed":
        return State(failed=f"it has failed: {_end_of(live)}")
    if phase == "Running" and is_true(live, "Ready"):
        return READY
    said = condition(live, "Ready").get("message") or f"its phase is {phase or 'not reported yet'}"
    return State(f"it is not ready: {said}")


def _end_of(live: Live) -> str:
    """Why a pod ended badly: the node's words, or the exit code of its container."""
    status = status_of(live)
    codes = [
        f"container {entry['name']} ended with exit code {ended['exitCode']}"
        for entry in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
        if (ended := (entry.get("state") or {}).get("terminated") or {}).get("exitCode")
    ]
    return str(status.get("message") or "; ".join(codes) or status.get("reason") or "nothing says why")


def _job(live: Live) -> State:
    """A Job is judged by how it ends. That a pod of it is unready, or fails within its limits, decides nothing."""
    if is_true(live, "Complete"):
        return READY
    for kind in ("Failed", "FailureTarget"):
        if is_true(live, kind):
            return State(failed=words_of(condition(live, kind), "it failed"))
    if spec_of(live).get("suspend"):
        return State(note=SUSPENDED)
    if is_true(live, "SuccessCriteriaMet"):
        return State("it has succeeded, and its last pods are ending")
    return State(_progress_of(live))


def _progress_of(live: Live) -> str:
    spec, status = spec_of(live), status_of(live)
    wanted = count(spec, "completions", count(spec, "parallelism", 1))
    failed = f", failed indexes: {status['failedIndexes']}" if status.get("failedIndexes") else ""
    done = f" ({count(status, 'succeeded')} of {wanted} done{failed})" if wanted > 1 or failed else ""
    return f"it has not completed yet{done}"


def _cron_job(live: Live) -> State:
    return State(note=SUSPENDED if spec_of(live).get("suspend") else "")


API = "https://kubernetes.io/docs/concepts/workloads/controllers/"
RULES: dict[str, Rule] = {
    "CronJob": Rule(
        _cron_job,
        "As soon as the API server has it: when it runs is its schedule's matter. A suspended one is said",
        source=f"{API}cron-jobs/",
        static=True,
    ),
    "DaemonSet": Rule(
        _daemon_set,
        "Its generation is observed, every node that it is for has a pod of the newest revision that is available. "
        "With OnDelete the pods keep their revision until they are deleted, which is said. A pod on a node that is not "
        "ready is not waited for",
        "A new pod cannot start (image, settings, volume, crashes)",
        "Pods are replaced, created, placed or start",
        f"{API}daemonset/",
    ),
    "Deployment": Rule(
        _deployment,
        "Its generation is observed; as many pods as wanted are of the newest revision and available; none of an older "
        "one is left that was not asked to end",
        "Its progress deadline is over, it is paused, or a new pod cannot start (image, settings, volume, crashes)",
        "Pods are created, placed or start within the progress deadline, also when they are unready for long",
        f"{API}deployment/#deployment-status",
    ),
    "Job": Rule(
        _job,
        "Its condition Complete is True (also by a success policy, also after which its TTL removed it). One that is "
        "suspended by its declaration is in its declared state, which is said",
        "Its condition Failed or FailureTarget is True (backoff limit, deadline, pod failure policy, failed indexes)",
        "It runs, retries within its limits, or its last pods are ending. Readiness of its pods is no criterion",
        f"{API}job/#job-termination-and-cleanup",
    ),
    "Pod": Rule(
        _pod,
        "It runs and its condition Ready is True, or it has completed (phase Succeeded)",
        "Its phase is Failed, or a container of it cannot start (image, settings, volume, crashes)",
        "It is being placed or started",
        "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/",
    ),
    "ReplicaSet": Rule(
        _replica_set,
        "Its generation is observed; as many pods as wanted are there, labelled and available, and no more",
        "A pod cannot be created or cannot start",
        "Pods are created, placed, start, or go after it was scaled down",
        f"{API}replicaset/",
    ),
    "ReplicationController": Rule(
        _replica_set,
        "As a ReplicaSet",
        "As a ReplicaSet",
        "As a ReplicaSet",
        f"{API}replicationcontroller/",
    ),
    "StatefulSet": Rule(
        _stateful_set,
        "Its generation is observed; as many pods as wanted are of the newest revision and available, and no more. "
        "Below a partition, and with OnDelete, pods keep their revision, which is said",
        "A new pod cannot start, or a broken pod of an older revision holds up an OrderedReady update",
        "Pods are replaced one after the other, start, or go after it was scaled down",
        f"{API}statefulset/#update-strategies",
    ),
}
