# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that no node takes: what the scheduler said of every node, and whether a new node is on its way. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from ..._objects.quantity import amount
from ..facts import Live
from ..readiness import condition
from .problem import Occurrence, Problem, merged, own_words, reported
from .references import WITH_ITS_POD, missing_reference
from .view import CLOCK, View, Workload, born, is_ready, moment
from .volumes import chosen_node

COUNTS = re.compile(r"\b(\d+) (node\(s\) [^,.]+|Insufficient [^,.\s]+|Too many pods)")
NODES = re.compile(r"^0/(\d+) nodes are available")
NEVER = re.compile(r"didn't match Pod's node affinity/selector|didn't satisfy plugin.*NodeAffinity")
CROWDED = re.compile(r"didn't match pod anti-affinity rules|didn't match pod topology spread constraints")
CLAIMS = re.compile(r"unbound immediate PersistentVolumeClaims")
COMING = ("TriggeredScaleUp", "Nominated")
"""Events by which cluster-autoscaler and Karpenter say that a node for the pod is on its way."""
SCALED_NODES = ("karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup", "cloud.google.com/gke-nodepool", "agentpool")
"""Labels of nodes that something may add more of."""
DECLINED, FOR_NOW = "NotTriggerScaleUp", re.compile(r"backoff|not ready")
"""How cluster-autoscaler says that no node group of its would help, and why it may say otherwise later."""
CLOUDS = re.compile(
    "(aws|azure|brightbox|cherryservers|civo|digitalocean|equinixmetal|exoscale|gce|hcloud|ibm|ionos|linode|metal3"
    "|nutanix|oci|openstack|packet|qcloud|scaleway|upcloud|vsphere|vultr)://"
)
"""How the provider ids begin of nodes that cluster-autoscaler can add."""
PATIENCE, SCALE_UP = 60.0, 600.0
"""Seconds: for room to become free or an autoscaler to ask for a node, and for that node to come.

cluster-autoscaler's FAQ promises to ask within 30 s, in clusters of 100 nodes and more within 60 s.
"""
SOON = 15.0
"""Seconds in which a free place is given away, and in which Karpenter, which gathers pods for 10 s, looks at one."""
RESOURCES = ("cpu", "memory")


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        waiting = [pod for pod in workload.pods if _is_refused(pod)]
        found = [_sighting(view, workload, pod) for pod in waiting]
        yield from merged(workload, [occurrence for occurrence in found if occurrence])


def _is_refused(pod: Live) -> bool:
    scheduled = condition(pod, "PodScheduled")
    return scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"


def _sighting(view: View, workload: Workload, pod: Live) -> Occurrence | None:
    """None where a claim of the pod is what is wrong: that has a finding of its own."""
    scheduled = condition(pod, "PodScheduled")
    since = moment(scheduled.get("lastTransitionTime")) or born(pod)
    message = str(scheduled.get("message") or "")
    missing = missing_reference(view, workload.namespace, message)
    is_chosen = _is_chosen(view, pod)
    if missing and not is_chosen:
        words, is_told = f"its pods cannot be placed: {missing.words}", not WITH_ITS_POD.search(message)
        return Occurrence(missing.check, pod, words, since, missing.grace, reported=is_told)
    said = own_words(message, pod).partition(" preemption:")[0].removesuffix(". not found").strip()
    if CLAIMS.search(said) and view.is_observed("PersistentVolumeClaim"):
        return None
    check, words, needs_a_node = _evaluated(view, workload, pod, said)
    grace = None if is_chosen else _grace(view, workload, pod, since, needs_a_node)
    evidence = reported(view.events(pod, *COMING, DECLINED)[:2])
    return Occurrence(check, pod, words, since, grace, evidence=evidence, reported=not is_chosen)


def _grace(view: View, workload: Workload, pod: Live, since: float, needs_a_node: bool) -> float | None:
    """Seconds in which a place must be there; None while one is promised, or an old pod is still to make room."""
    is_promised = (pod.get("status") or {}).get("nominatedNodeName")
    if is_promised or (not needs_a_node and _goes_on(workload)):
        return None
    ends = [_node_by(view, pod, since)]
    if not needs_a_node:
        ends += [since + PATIENCE, view.ended_by(workload) + SOON, *_handed_over(workload)]
    return max(ends) - since


def _is_chosen(view: View, pod: Live) -> bool:
    """Whether a node was chosen for a volume that the pod brings: its condition stays as it was until that is bound.

    The choice for an older claim may have been made for an earlier pod.
    """
    chosen = [claim for claim in view.claims(pod) if chosen_node(claim)]
    return any(born(claim) >= born(pod) - CLOCK for claim in chosen)


def _evaluated(view: View, workload: Workload, pod: Live, said: str) -> tuple[FindingType, str, bool]:
    """What is wrong, and whether nothing but another node can mend it."""
    reasons = _reasons(said)
    if reasons and all(NEVER.search(reason) for reason in reasons):
        return registry.UNSCHEDULABLE, f"no node matches the node selector or affinity of its pods: {said}", True
    if reasons and all(CROWDED.search(reason) for reason in reasons) and _is_locked(workload):
        return registry.ROLLOUT_DEADLOCK, f"its rollout blocks itself: {said}", True
    too_large = _too_large(view, pod)
    if too_large:
        return registry.UNSCHEDULABLE, f"{too_large}: {said}", True
    return registry.UNSCHEDULABLE, f"no node takes its pods: {said}", False


def _node_by(view: View, pod: Live, since: float) -> float:
    """When a node that somebody adds must be there, or somebody must have said that one is on its way."""
    coming = view.events(pod, *COMING)
    if coming:
        return coming[0].last + SCALE_UP
    if not _may_grow(view):
        return since
    if not view.is_observed("Event"):
        return since + SCALE_UP
    declined = [event.first for event in view.events(pod, DECLINED) if not FOR_NOW.search(event.message)]
    return min(since + PATIENCE, max([since + SOON, *declined])) if declined else since + PATIENCE


def _handed_over(workload: Workload) -> list[float]:
    """For each sibling that has become ready: when it counts as available and an old pod must be going in its place."""
    if not workload.previous:
        return []
    settles = int(workload.live["spec"].get("minReadySeconds") or 0)
    ready = (condition(pod, "Ready") for pod in workload.pods if is_ready(pod))
    return [moment(found.get("lastTransitionTime")) + settles + SOON for found in ready]


def _goes_on(workload: Workload) -> bool:
    """Whether a sibling that has its place still becomes ready, after which an old pod makes room."""
    placed = (pod for pod in workload.pods if (pod.get("spec") or {}).get("nodeName"))
    return bool(workload.previous) and not all(map(is_ready, placed))


def _may_grow(view: View) -> bool:
    """Nobody adds nodes where every node is known and none is of a pool or of a cloud."""
    nodes = view.of_kind("Node")
    marks = {label for node in nodes for label in node["metadata"].get("labels") or ()}
    is_a_clouds = any(CLOUDS.match(str((node.get("spec") or {}).get("providerID", ""))) for node in nodes)
    return not nodes or is_a_clouds or bool(marks.intersection(SCALED_NODES))


def _reasons(said: str) -> list[str]:
    """The reasons that cover all nodes; none when the sentence leaves out nodes."""
    nodes, counts = NODES.match(said), COUNTS.findall(said)
    covered = sum(int(count) for count, _reason in counts)
    return [reason for _count, reason in counts] if nodes and covered >= int(nodes[1]) else []


def _is_locked(workload: Workload) -> bool:
    """Old pods hold the places and may not go before a new one is ready; none of them is going."""
    strategy = workload.live["spec"].get("strategy") or {}
    unavailable = str((strategy.get("rollingUpdate") or {}).get("maxUnavailable", "25%"))
    is_held = unavailable in ("0", "0%") and workload.previous and all(map(_is_refused, workload.pods))
    return bool(is_held) and not any(pod["metadata"].get("deletionTimestamp") for pod in workload.previous)


def _too_large(view: View, pod: Live) -> str:
    """Which request exceeds what any node has at all."""
    nodes = [(node.get("status") or {}).get("allocatable") or {} for node in view.of_kind("Node")]
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
