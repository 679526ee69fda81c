# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every other kind, by the conventions that controllers share. Pure.

The conventions: the API conventions of Kubernetes (conditions, observedGeneration) and those of kstatus (Reconciling,
Stalled). Stricter than kstatus, which calls an object without a word of its controller current: a condition of an older
generation, a negative condition, pods that are short of what is asked for, and a phase are read too, and an object of
which nothing can be known is unknown, not ready.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .state import READY, Live, Rule, State, condition, count, generation_of, older, spec_of, status_of, words_of

DONE = ("Succeeded", "Complete", "Completed")
"""Conditions that end an object's work: Ready may well be False after that."""
POSITIVE = (
    "Ready",
    "Available",
    "Healthy",
    "Synced",
    "Established",
    "Accepted",
    "Programmed",
    "Reconciled",
    "Installed",
)
NEGATIVE = (
    "Degraded",
    "NotReady",
    "Unhealthy",
    "Error",
    "Errored",
    "ReconcileError",
    "RollingOut",
    "ScalingDown",
    "ScalingUp",
    "Progressing",
)
"""Conditions that say, while they are True, that it is not ready."""
FATAL = ("Stalled", "Failed", "Failure")
"""Conditions by which a controller says that it goes no further by itself."""
STAYS_TRUE = frozenset(
    {"NewReplicaSetAvailable", "Available", "Complete", "Completed", "AsExpected", "Ready", "Stable"}
)
"""Reasons for which Progressing stays True when all is done, as a Deployment's does."""
READY_PHASES = frozenset(
    {
        "active",
        "available",
        "bound",
        "complete",
        "completed",
        "deployed",
        "established",
        "finished",
        "healthy",
        "online",
        "provisioned",
        "ready",
        "running",
        "succeeded",
        "successful",
        "synced",
        "valid",
    }
)
NO_STATUS, MUTE = "it has no status", "its status says nothing of whether it is ready"
SUSPENDED = "it is suspended by its declaration: its controller does nothing for it"


@dataclasses.dataclass(frozen=True)
class Convention:
    """What is known of a kind beyond the conventions.

    `conditions` are always reported, so that their absence means that the controller has not come to it. `phase` is a
    path below status to a text that is one of `ready_phases` when ready, one of `failed_phases` when the controller has
    given up. `counted` are a field of the spec and the one of the status that reaches it. `suspended_by` are paths to a
    field that has the controller leave it alone.
    """

    conditions: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    ready_phases: frozenset[str] = frozenset()
    failed_phases: frozenset[str] = frozenset()
    counted: tuple[tuple[str, str], ...] = ()
    suspended_by: tuple[tuple[str, ...], ...] = (("spec", "suspend"),)


ANY = Convention()


def assess(live: Live, convention: Convention = ANY) -> State:
    """The state of an object by the conventions."""
    if any(_at(live, path) is True for path in convention.suspended_by):
        return State(note=SUSPENDED)
    if not status_of(live):
        return _without_status(convention)
    outdated = older(status_of(live).get("observedGeneration", generation_of(live)), live)
    if outdated:
        return State(outdated)
    short = _short_of_pods(live, convention)
    if short:
        return State(short)
    if convention.phase:
        return _by_phase(live, convention)
    return _by_conditions(live, convention) or _by_the_rest(live)


def _without_status(convention: Convention) -> State:
    if convention.conditions:
        return State(f"its condition {convention.conditions[0]} is not reported yet")
    return State(f"{NO_STATUS} yet") if convention.phase or convention.counted else State(unknown=NO_STATUS)


def _by_phase(live: Live, convention: Convention) -> State:
    """By the phase, for a kind of which it is known; a ready one by its conditions too, as far as it has some."""
    status = status_of(live)
    phase = str(_at(status, convention.phase) or "")
    if phase in convention.ready_phases:
        return _by_conditions(live, convention) or READY
    said = str(status.get("message") or status.get("phaseReason") or "")
    words = f"its phase is {phase or 'not reported yet'}{f': {said}' if said else ''}"
    return State(failed=words) if phase in convention.failed_phases else State(words)


def _by_conditions(live: Live, convention: Convention) -> State | None:
    """None where no condition tells anything."""
    if _is(live, "Reconciling", "True"):
        return State(_said(live, "Reconciling"))
    fatal = next((kind for kind in FATAL if _is(live, kind, "True")), "")
    if fatal:
        return State(_outdated(live, fatal)) if _outdated(live, fatal) else State(failed=_said(live, fatal))
    done = next((kind for kind in DONE if condition(live, kind)), "")
    return _by_end(live, done) if done else _by_states(live, convention)


def _by_end(live: Live, kind: str) -> State:
    """Knative's and Tekton's Succeeded is False for good; Complete may become True."""
    if _outdated(live, kind):
        return State(_outdated(live, kind))
    if _is(live, kind, "True"):
        return READY
    is_final = kind == "Succeeded" and _is(live, kind, "False")
    return State(failed=_said(live, kind)) if is_final else State(_said(live, kind))


def _by_states(live: Live, convention: Convention) -> State | None:
    positive = [kind for kind in dict.fromkeys((*convention.conditions, *POSITIVE)) if condition(live, kind)]
    for kind in positive:
        if not _is(live, kind, "True") or _outdated(live, kind):
            return State(_said(live, kind) if not _is(live, kind, "True") else _outdated(live, kind))
    for kind in NEGATIVE:
        if _is(live, kind, "True") and not _stays(live, kind, positive):
            return State(_said(live, kind))
    absent = next((kind for kind in convention.conditions if kind not in positive), "")
    if absent:
        return State(f"its condition {absent} is not reported yet")
    return READY if positive else None


def _stays(live: Live, kind: str, positive: t.Sequence[str]) -> bool:
    """Whether Progressing tells nothing: it stays True with such a reason, and beside a Ready that is the verdict."""
    return kind == "Progressing" and ("Ready" in positive or condition(live, kind).get("reason") in STAYS_TRUE)


def _by_the_rest(live: Live) -> State:
    """Without a condition that is known: by the pods, the phase, or the generation alone."""
    status = status_of(live)
    phase = status.get("phase", status.get("state"))
    if isinstance(phase, str) and phase:
        return READY if phase.lower() in READY_PHASES else State(f"its phase is {phase}")
    pods = count(status, "replicas")
    if pods and not status.keys() & {"readyReplicas", "availableReplicas"}:
        return State(f"none of its {pods} replicas is reported ready")
    is_told = str(status.get("observedGeneration", "")).isdecimal() or "readyReplicas" in status
    return READY if is_told else State(unknown=MUTE)


REPLICAS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")


def _short_of_pods(live: Live, convention: Convention) -> str:
    """For whatever counts its pods as a Deployment does, or in a way of its own that is known."""
    status = status_of(live)
    for field, reached in (*(("replicas", each) for each in REPLICAS if each in status), *convention.counted):
        wanted = spec_of(live).get(field)
        if isinstance(wanted, int) and count(status, reached) < wanted:
            return f"{reached} is {count(status, reached)}, and {wanted} {field} are wanted"
    return ""


def _is(live: Live, kind: str, status: str) -> bool:
    return condition(live, kind).get("status") == status


def _outdated(live: Live, kind: str) -> str:
    return older(condition(live, kind).get("observedGeneration", generation_of(live)), live)


def _said(live: Live, kind: str) -> str:
    found = condition(live, kind)
    return words_of(found, f"its condition {kind} is {found.get('status', 'not reported yet')}")


def _at(live: Live, path: tuple[str, ...]) -> t.Any:
    value: t.Any = live
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


SOURCE = "https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md"
EVERY_OTHER = Rule(
    assess,
    "Its generation is observed (status.observedGeneration and that of each condition); Ready, Available, Healthy, "
    "Synced, Established, Accepted, Programmed, Reconciled and Installed are True as far as they are reported, or "
    "Succeeded or Complete is; no negative condition is True; as many replicas are ready as it asks for. Without any "
    "of these its phase, or that its generation was observed. One that tells nothing is said not to be judged",
    "Stalled or Failed is True, or Succeeded is False",
    "Its generation is not observed, Reconciling is True, a positive condition is not True, or replicas are missing",
    SOURCE,
)
