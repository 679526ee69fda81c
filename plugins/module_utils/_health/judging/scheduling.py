# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that no node takes: what the scheduler said of every node, and whether a new node is on its way. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._quantity import amount
from .. import catalogue
from ..facts import Live
from ..finding import Check
from ..readiness import condition
from .case import Case, Workload, born, is_ready, moment
from .references import missing_reference
from .trouble import Sighting, Trouble, merged, own_words, told

COUNTS = re.compile(r"\b(\d+) (node\(s\) [^,.]+|Insufficient [^,.\s]+|Too many pods)")
NODES = re.compile(r"^0/(\d+) nodes are available")
NEVER = re.compile(r"didn't match Pod's node affinity/selector|didn't satisfy plugin.*NodeAffinity")
CROWDED = re.compile(r"didn't match pod anti-affinity rules|didn't match pod topology spread constraints")
CLAIMS = re.compile(r"unbound immediate PersistentVolumeClaims")
COMING = ("TriggeredScaleUp", "Nominated")
"""Events by which cluster-autoscaler and Karpenter say that a node for the pod is on its way."""
SCALED_NODES = ("karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup", "cloud.google.com/gke-nodepool", "agentpool")
"""Labels of nodes that something may add more of."""
CLOUDS = frozenset({"aws", "azure", "digitalocean", "gce", "hcloud", "ibm", "linode", "oci", "openstack", "vsphere"})
"""Schemes of the provider ids of nodes that cluster-autoscaler can add."""
PATIENCE, REACTION, SCALE_UP = 60.0, 15.0, 600.0
"""Seconds: for room to become free, for an autoscaler to react at all, and for a node that it is adding."""
RESOURCES = ("cpu", "memory")


def troubles(case: Case) -> t.Iterator[Trouble]:
    for workload in case.workloads:
        waiting = [pod for pod in workload.pods if _is_refused(pod)]
        found = [_sighting(case, workload, pod) for pod in waiting]
        yield from merged(workload, [sighting for sighting in found if sighting])


def _is_refused(pod: Live) -> bool:
    scheduled = condition(pod, "PodScheduled")
    return scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"


def _sighting(case: Case, workload: Workload, pod: Live) -> Sighting | None:
    """None where a claim of the pod is what is wrong: that has a finding of its own."""
    scheduled = condition(pod, "PodScheduled")
    since = moment(scheduled.get("lastTransitionTime")) or born(pod)
    missing = missing_reference(case, workload.namespace, str(scheduled.get("message") or ""))
    if missing:
        return Sighting(missing.check, pod, f"its pods cannot be placed: {missing.words}", since, missing.grace)
    said = own_words(scheduled.get("message"), pod).partition(" preemption:")[0].removesuffix(". not found").strip()
    if CLAIMS.search(said) and case.is_observed("PersistentVolumeClaim"):
        return None
    check, words, patience = _judged(case, workload, pod, said)
    coming = case.events(pod, *COMING)
    ends = [since + patience, *[event.last + SCALE_UP for event in coming[:1]]]
    if patience == PATIENCE:
        ends += [case.ended_by(workload) + REACTION, *_handed_over(workload)]
    grace = None if patience == PATIENCE and _goes_on(workload) else max(ends) - since
    evidence = told(case.events(pod, *COMING, "NotTriggerScaleUp")[:2])
    return Sighting(check, pod, words, since, grace, evidence=evidence)


def _judged(case: Case, workload: Workload, pod: Live, said: str) -> tuple[Check, str, float]:
    """What is wrong, and for how many seconds it may still pass away by itself."""
    soon = _reaction(case)
    reasons = _reasons(said)
    if reasons and all(NEVER.search(reason) for reason in reasons):
        return catalogue.UNSCHEDULABLE, f"no node matches the node selector or affinity of its pods: {said}", soon
    if reasons and all(CROWDED.search(reason) for reason in reasons) and _is_locked(workload):
        return catalogue.ROLLOUT_DEADLOCK, f"its rollout blocks itself: {said}", soon
    too_large = _too_large(case, pod)
    if too_large:
        return catalogue.UNSCHEDULABLE, f"{too_large}: {said}", soon
    return catalogue.UNSCHEDULABLE, f"no node takes its pods: {said}", PATIENCE


def _handed_over(workload: Workload) -> list[float]:
    """For each sibling that has become ready: when it counts as available and an old pod must be going in its place."""
    if not workload.former:
        return []
    settles = int(workload.live["spec"].get("minReadySeconds") or 0)
    ready = (condition(pod, "Ready") for pod in workload.pods if is_ready(pod))
    return [moment(found.get("lastTransitionTime")) + settles + REACTION for found in ready]


def _goes_on(workload: Workload) -> bool:
    """Whether a sibling that has its place still becomes ready, after which an old pod makes room."""
    placed = (pod for pod in workload.pods if (pod.get("spec") or {}).get("nodeName"))
    return bool(workload.former) and not all(map(is_ready, placed))


def _reaction(case: Case) -> float:
    """Nobody adds nodes where every node is known and none is of a pool or of a cloud."""
    nodes = case.of_kind("Node")
    marks = {label for node in nodes for label in node["metadata"].get("labels") or ()}
    clouds = {str((node.get("spec") or {}).get("providerID", "")).partition("://")[0] for node in nodes}
    is_scaled = marks.intersection(SCALED_NODES) or clouds.intersection(CLOUDS)
    return REACTION if not nodes or is_scaled else 0.0


def _reasons(said: str) -> list[str]:
    """The reasons that cover all nodes; none when the sentence leaves out nodes."""
    nodes, counts = NODES.match(said), COUNTS.findall(said)
    covered = sum(int(count) for count, _reason in counts)
    return [reason for _count, reason in counts] if nodes and covered >= int(nodes[1]) else []


def _is_locked(workload: Workload) -> bool:
    """Old pods hold the places and may not go before a new one is ready; none of them is going."""
    strategy = workload.live["spec"].get("strategy") or {}
    unavailable = str((strategy.get("rollingUpdate") or {}).get("maxUnavailable", "25%"))
    is_held = unavailable in ("0", "0%") and workload.former and all(map(_is_refused, workload.pods))
    return bool(is_held) and not any(pod["metadata"].get("deletionTimestamp") for pod in workload.former)


def _too_large(case: Case, pod: Live) -> str:
    """Which request exceeds what any node has at all."""
    nodes = [(node.get("status") or {}).get("allocatable") or {} for node in case.of_kind("Node")]
    for resource in RESOURCES:
        requests = [
            amount(requested)
            for container in (pod.get("spec") or {}).get("containers") or ()
            if (requested := ((container.get("resources") or {}).get("requests") or {}).get(resource))
        ]
        sizes = [amount(node[resource]) for node in nodes if resource in node]
        if requests and sizes and sum(requests) > max(sizes):
            return f"its pods request more {resource} than any node has"
    return ""
