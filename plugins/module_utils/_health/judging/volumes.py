# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that do not come: mounts, attachments, and claims that nothing binds. Pure."""

from __future__ import annotations

import re
import typing as t

from .. import catalogue
from ..facts import Live
from ..finding import Check
from ..readiness import condition
from .case import Case, Event, Workload, born, shown
from .references import missing_reference
from .trouble import Sighting, Trouble, merged, one_line, own_words, told

FAILURES = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
HELD = re.compile(r"Multi-Attach error", re.IGNORECASE)
INVALID = re.compile(
    r"hostPath type check failed|unknown filesystem type|wrong fs type|no volume plugin matched|is not a directory"
    r"|invalid|not supported|unsupported",
    re.IGNORECASE,
)
PERMANENT = re.compile(
    r"not found|only supports|not supported|unsupported|invalid|denied|unauthorized|forbidden|exceed", re.IGNORECASE
)
PATIENCE, RELEASE, PROVISIONING = 60.0, 120.0, 60.0
"""Seconds: for a driver's hiccup, for a volume to be let go, and for a provisioner to say anything."""


def troubles(case: Case) -> t.Iterator[Trouble]:
    for workload in case.workloads:
        yield from merged(workload, [found for pod in workload.pods if (found := _mount(case, workload, pod))])
    for claim in _claims(case):
        trouble = _claim(case, claim)
        if trouble:
            yield trouble


def _mount(case: Case, workload: Workload, pod: Live) -> Sighting | None:
    """What the kubelet last said of a volume of a pod whose containers have not begun."""
    events = case.events(pod, *FAILURES)
    if not events or case.is_excused(pod) or _has_begun(pod):
        return None
    telling = next((event for event in events if not event.message.startswith("Unable to attach or mount")), events[0])
    check, words, grace = _judged(case, workload, pod, telling.message)
    return Sighting(check, pod, words, telling.first, grace, evidence=told([telling]))


def _judged(case: Case, workload: Workload, pod: Live, message: str) -> tuple[Check, str, float]:
    missing = missing_reference(case, workload.namespace, message)
    if missing:
        return missing.check, f"a volume cannot be mounted: {missing.words}", missing.grace
    said = own_words(message, pod)
    if HELD.search(said):
        leaving = any(pod["metadata"].get("deletionTimestamp") for pod in workload.former)
        return catalogue.VOLUME_HELD, said, RELEASE if leaving or case.unfit_nodes else 0.0
    if INVALID.search(said):
        return catalogue.VOLUME_INVALID, said, 0.0
    return catalogue.VOLUME_FAILING, said, PATIENCE


def _has_begun(pod: Live) -> bool:
    """Containers are only created once every volume is there."""
    return condition(pod, "PodReadyToStartContainers").get("status") == "True"


def _claims(case: Case) -> t.Iterator[Live]:
    """The declared claims, and those of the newest pods."""
    declared = case.declared("PersistentVolumeClaim")
    yield from declared
    for name, namespace in sorted(
        {
            (volume["persistentVolumeClaim"]["claimName"], workload.namespace)
            for workload in case.workloads
            for pod in workload.pods
            for volume in (pod.get("spec") or {}).get("volumes") or ()
            if volume.get("persistentVolumeClaim")
        }
    ):
        claim = case.live("PersistentVolumeClaim", namespace, name)
        if claim and claim not in declared:
            yield claim


def _claim(case: Case, claim: Live) -> Trouble | None:
    """A claim may well be pending: it is bound when its first pod is placed."""
    phase = (claim.get("status") or {}).get("phase")
    if phase == "Lost":
        return _trouble(claim, "its volume is lost", born(claim), 0.0)
    if phase != "Pending":
        return None
    failures = case.events(claim, "ProvisioningFailed")
    if failures:
        return _trouble(claim, failures[0].message, failures[0].first, _patience(failures[0].message), failures[0])
    unbindable = case.events(claim, "FailedBinding")
    if unbindable:
        return _trouble(claim, unbindable[0].message, unbindable[0].first, 0.0, unbindable[0])
    asked, begun = case.events(claim, "ExternalProvisioning"), case.events(claim, "Provisioning")
    if asked and not begun:
        return _trouble(claim, f"no provisioner answers: {asked[0].message}", asked[0].first, PROVISIONING, asked[0])
    return None


def _patience(said: str) -> float:
    return 0.0 if PERMANENT.search(said) else RELEASE


def _trouble(claim: Live, said: str, since: float, grace: float, event: Event | None = None) -> Trouble:
    return Trouble(
        check=catalogue.CLAIM_UNBOUND,
        object=shown(claim),
        message=f"it is not bound to a volume: {one_line(said)}",
        since=since,
        fatal_at=since + grace,
        evidence=told([event] if event else []),
    )
