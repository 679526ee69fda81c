# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that do not come: mounts, attachments, and claims that nothing binds. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from ..._objects.group_kind import identity
from ..facts import Live
from ..readiness import condition
from .admission import classified
from .problem import Occurrence, Problem, merged, one_line, own_words, reported
from .references import COMING, missing_reference
from .view import Event, View, Workload, born, displayed, is_staying

FAILURES = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
HELD = re.compile(r"Multi-Attach error", re.IGNORECASE)
INVALID = re.compile(
    r"hostPath type check failed|unknown filesystem type|wrong fs type|no volume plugin matched|is not a directory"
    r"|not supported|unsupported",
    re.IGNORECASE,
)
CALLED_INVALID = re.compile("invalid", re.IGNORECASE)
PERMANENT = re.compile(
    r"not found|only supports|not supported|unsupported|invalid|denied|unauthorized|forbidden|exceed", re.IGNORECASE
)
OWN_CLAIM = re.compile(r"ephemeral volume ([^:]+): (.*)", re.DOTALL)
CLAIM_NAME = re.compile(r"persistentvolumeclaims \"[^\"]+\" is forbidden: ")
SELECTED_NODE = "volume.kubernetes.io/selected-node"
VOLUME = re.compile(r"for volume \"([^\"]+)\"")
DRIVERS_OWN = re.compile(r"rpc error: code = (?!InvalidArgument|Unimplemented)")
"""Words of a driver that does not mean the request: "invalid" may be a node that its cloud does not know yet."""
PASSING = re.compile(
    r"deadline ?exceeded|timed? ?out|unavailable|request ?limit ?exceeded|too many requests|throttl"
    r"|accessibility requirements|csinode|connection re(set|fused)|try again|\bnodes? \"[^\"]+\" not found",
    re.IGNORECASE,
)
"""What a provisioner says that is slow, limited in its rate, or does not know a new node yet.

For a node that has gone it has the pod placed anew (sig-storage-lib-external-provisioner, controller.go: reschedule).
"""
CLASS = re.compile(r"storageclass\S* \"([^\"]+)\" not found", re.IGNORECASE)
ANEW = ("Provisioning", "ExternalProvisioning", "WaitForFirstConsumer", "WaitForPodScheduled")
"""Events by which a claim is tried again. Only the first is the provisioner's own."""
PATIENCE, PROVISIONING = 130.0, 90.0
"""Seconds: for a driver's or a provisioner's hiccup and a volume to be let go; for a provisioner to say anything.

Mounts and attachments are tried again after 31.5, 63.5 and 127.5 s (kubernetes, exponentialbackoff, 0.5 s doubled each
time), claims after 31, 63 and 127 s (external-provisioner, retry-interval-start of 1 s). A provisioner that ends waits
for its start, 10 to 40 s by the kubelet's back-off, and for the lease of 15 s of the one before it.
"""


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        found = [
            occurrence for pod in workload.pods for occurrence in (_mount(view, workload, pod), _own_claim(view, pod))
        ]
        yield from merged(workload, [occurrence for occurrence in found if occurrence])
    for claim in _claims(view):
        problem = _claim(view, claim)
        if problem:
            yield problem


def _mount(view: View, workload: Workload, pod: Live) -> Occurrence | None:
    """What the kubelet last said of a volume of a pod whose containers have not begun."""
    events = view.events(pod, *FAILURES)
    if not events or view.is_excused(pod) or _has_begun(pod):
        return None
    telling = next((event for event in events if not event.message.startswith("Unable to attach or mount")), events[0])
    check, words, grace = _evaluated(view, workload, pod, telling.message)
    return Occurrence(check, pod, words, telling.first, grace, evidence=reported([telling]), latest=telling.last)


def _own_claim(view: View, pod: Live) -> Occurrence | None:
    """Why the claim of an ephemeral volume is not made."""
    failures = view.events(pod, "FailedBinding")
    said = OWN_CLAIM.match(failures[0].message) if failures else None
    if not said or view.owned(pod, "PersistentVolumeClaim"):
        return None
    check, words, grace = classified(own_words(said[2], pod))
    words = f"the claim of its volume {said[1]} cannot be made: {CLAIM_NAME.sub('', words)}"
    first, last = failures[0].first, failures[0].last
    return Occurrence(check, pod, words, first, grace, evidence=reported(failures[:1]), latest=last)


def _evaluated(view: View, workload: Workload, pod: Live, message: str) -> tuple[FindingType, str, float]:
    missing = missing_reference(view, workload.namespace, message)
    if missing:
        grace = (
            COMING
            if missing.check is registry.REFERENCE_KEY_MISSING and _is_filled(view, pod, message)
            else missing.grace
        )
        return missing.check, f"a volume cannot be mounted: {missing.words}", grace
    said = own_words(message, pod)
    if HELD.search(said):
        is_held = _is_held(view, pod, message) and not view.unfit_nodes
        return registry.VOLUME_ATTACHED_ELSEWHERE, said, 0.0 if is_held else PATIENCE
    if INVALID.search(said) or (CALLED_INVALID.search(said) and not DRIVERS_OWN.search(said)):
        return registry.VOLUME_INVALID, said, 0.0
    return registry.VOLUME_MOUNT_FAILING, said, PATIENCE


def _is_filled(view: View, pod: Live, message: str) -> bool:
    """Whether something that the release declares writes a Secret of the volume that the kubelet names."""
    named = VOLUME.search(message)
    volumes = [
        volume for volume in (pod.get("spec") or {}).get("volumes") or () if named and volume["name"] == named[1]
    ]
    names = {
        *((volume.get("secret") or {}).get("secretName", "") for volume in volumes),
        *(
            (source.get("secret") or {}).get("name", "")
            for volume in volumes
            for source in (volume.get("projected") or {}).get("sources") or ()
        ),
    }
    return any(view.is_written("Secret", pod["metadata"].get("namespace", ""), name) for name in names)


def _is_held(view: View, pod: Live, message: str) -> bool:
    """Whether a pod that stays uses the volume. None is named while it is only being taken off its last node."""
    users = set(re.findall(r"[-.a-z0-9]+", message.partition("pod(s) ")[2]))
    others = (other for other in view.of_kind("Pod") if other["metadata"]["name"] != pod["metadata"]["name"])
    return any(other["metadata"]["name"] in users and is_staying(other) for other in others)


def _has_begun(pod: Live) -> bool:
    """Containers are only created once every volume is there."""
    states = (status.get("state") or {} for status in (pod.get("status") or {}).get("containerStatuses") or ())
    is_made = any("running" in state or "terminated" in state for state in states)
    return is_made or condition(pod, "PodReadyToStartContainers").get("status") == "True"


def _claims(view: View) -> t.Iterator[Live]:
    """The declared claims, and those of the newest pods."""
    declared = view.declared("PersistentVolumeClaim")
    yield from declared
    used = {
        identity(claim): claim for workload in view.workloads for pod in workload.pods for claim in view.claims(pod)
    }
    yield from (used[key] for key in sorted(used) if used[key] not in declared)


def _claim(view: View, claim: Live) -> Problem | None:
    """A claim may well be pending: it is bound when its first pod is placed."""
    phase = (claim.get("status") or {}).get("phase")
    if phase == "Lost":
        return _trouble(claim, "its volume is lost", born(claim), 0.0)
    if phase != "Pending":
        return None
    refusal = _refusal(view, claim)
    if refusal:
        return _trouble(claim, refusal.message, refusal.first, _patience(view, refusal), refusal)
    asked, begun = view.events(claim, "ExternalProvisioning"), view.events(claim, "Provisioning")
    if asked and not begun:
        return _trouble(claim, f"no provisioner answers: {asked[0].message}", asked[0].first, PROVISIONING, asked[0])
    if begun:
        return _trouble(claim, f"its volume is being made: {begun[0].message}", begun[0].first, None, begun[0])
    node = chosen_node(claim)
    if node:
        return _trouble(claim, f"{node} was chosen for it and its volume is not there", 0.0, None)
    return None


def chosen_node(claim: Live) -> str:
    """The node whose volume a claim waits for, by the scheduler's choice; empty where it waits for none."""
    is_pending = (claim.get("status") or {}).get("phase") == "Pending"
    return (claim["metadata"].get("annotations") or {}).get(SELECTED_NODE, "") if is_pending else ""


def _refusal(view: View, claim: Live) -> Event | None:
    """Why the claim was not served when it was last tried; None once that is being tried anew."""
    failures = view.events(claim, "ProvisioningFailed", "FailedBinding")
    if not failures:
        return None
    is_provisioners = failures[0].reason == "ProvisioningFailed" and not CLASS.search(failures[0].message)
    tries = view.events(claim, *(ANEW[:1] if is_provisioners else ANEW))
    return None if tries and tries[0].last > failures[0].last else failures[0]


def _patience(view: View, refusal: Event) -> float:
    named = CLASS.search(refusal.message)
    is_coming = named and view.is_coming("StorageClass", "", named[1])
    if is_coming or PASSING.search(refusal.message):
        return PATIENCE
    is_certain = refusal.reason == "FailedBinding" or PERMANENT.search(refusal.message)
    return 0.0 if is_certain else PATIENCE


def _trouble(claim: Live, said: str, since: float, grace: float | None, event: Event | None = None) -> Problem:
    """Without a grace it takes its time, and is told when there is none left."""
    return Problem(
        check=registry.CLAIM_UNBOUND,
        object=displayed(claim),
        message=f"it is not bound to a volume: {one_line(said)}",
        since=since,
        fatal_at=None if grace is None else since + grace,
        evidence=reported([event] if event else []),
        reported=grace is not None,
    )
