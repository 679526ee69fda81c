# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules on one case: the verdict, its findings, and when to judge again. Pure."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from ..._findings.finding import FAILED, INCONCLUSIVE, PASSED, SEVERITIES, Finding
from .. import catalogue
from ..facts import Facts, Judgement
from . import (
    admission,
    container_start,
    crashes,
    external_sources,
    images,
    probes,
    rollout,
    scheduling,
    traffic,
    volumes,
)
from .autoscaler_headroom import excused, starved
from .pending import draining, missing, settled_at, unready_objects, unready_pods
from .problem import Trouble
from .view import CLOCK, Case, is_ready

RULES: tuple[t.Callable[[Case], t.Iterator[Trouble]], ...] = (
    rollout.troubles,
    external_sources.troubles,
    admission.troubles,
    scheduling.troubles,
    volumes.troubles,
    images.troubles,
    container_start.troubles,
    crashes.troubles,
    probes.troubles,
    traffic.troubles,
)
LEFT = ("error", "warning")
RENEWAL, LONGEST_PAUSE = 30.0, 1000.0
"""Seconds: how long what was wrong before may take to be tried again, and the longest pause of a controller's queue."""
HINTS = {
    "Ingress": "Look at the controller of its class: does it run, and does it publish an address?",
    "Certificate": "See kubectl describe certificate,certificaterequest,order,challenge.",
    "Service": "Look at the cloud's load balancer and at kubectl get endpointslices.",
    "HorizontalPodAutoscaler": "Look at metrics-server: kubectl top pods.",
    "PodDisruptionBudget": "Look at the pods that it selects.",
}


def judge(facts: Facts) -> Judgement:
    """What follows from the facts, in whatever order they come.

    Failed once one trouble is beyond hope; passed once nothing is missing and everything has been ready for the
    settling time; undecided while a watch is interrupted, since what is held may be old.
    """
    case = Case(facts)
    found = troubles(case)
    lines = [*missing(case, starved(case, found, case.now)), *draining(case)]
    found = found if lines else _standing(found)
    fatal = [trouble for trouble in found if trouble.is_fatal(case.now)]
    settled = settled_at(case)
    if facts.stale:
        kinds = ", ".join(sorted(facts.stale))
        lines = [*lines, f"what is known of {kinds} may be old"]
        fatal = []
    is_whole = not lines
    if is_whole and case.now < settled:
        lines = [f"Release: everything is ready and has to stay so for another {settled - case.now:.0f} s"]
    told = [trouble for trouble in found if trouble.told or trouble in fatal]
    return Judgement(
        verdict=FAILED if fatal else "" if lines else PASSED,
        findings=findings(case, told, fatal),
        missing=tuple(lines),
        again_at=_again_at(case, found, settled if is_whole else None),
        questions=tuple(dict.fromkeys(question for trouble in told for question in trouble.questions)),
    )


def timed_out(facts: Facts, judgement: Judgement) -> Judgement:
    """What an undecided judgement comes to when there is no more time: everything unready is an error now.

    A release that lacks nothing but the end of its old pods has passed: how long those take is for their requests to
    say. Inconclusive while a watch is interrupted: nobody knows how things stand.
    """
    if judgement.verdict:
        return judgement
    case = Case(facts)
    found = troubles(case)
    if facts.stale:
        return Judgement(INCONCLUSIVE, findings(case, found, ()), judgement.missing)
    lacking = missing(case, starved(case, found, math.inf))
    if not lacking and settled_at(case) <= case.now:
        lasting = [_draining(line) for line in draining(case)]
        return Judgement(PASSED, findings(case, [*_standing(found), *lasting], ()), judgement.missing)
    guilty = [trouble for trouble in found if not trouble.stands]
    explained, pods = {trouble.object for trouble in guilty}, unready_pods(case)
    unexplained = [
        Trouble(
            catalogue.NOT_READY,
            subject,
            f"{what}, and the time is over",
            evidence=pods.get(subject, ()),
            next_step=HINTS.get(subject.partition(" ")[0], ""),
        )
        for subject, what in unready_objects(lacking).items()
        if subject not in explained
    ]
    if not guilty and not unexplained:
        subject, _colon, what = "; ".join(judgement.missing).partition(": ")
        unexplained = [Trouble(catalogue.NOT_READY, subject or "Release", f"{what}, and the time is over")]
    told = [*found, *unexplained]
    return Judgement(
        verdict=FAILED,
        findings=findings(case, told, [*guilty, *unexplained]),
        missing=judgement.missing,
        questions=tuple(dict.fromkeys(question for trouble in guilty for question in trouble.questions)),
    )


def _draining(line: str) -> Trouble:
    subject, _colon, what = line.partition(": ")
    return Trouble(catalogue.OLD_PODS_DRAINING, subject, f"{what}, and the time is over")


def troubles(case: Case) -> list[Trouble]:
    """Everything wrong, root causes first."""
    found = dict.fromkeys(excused(case, _renewed(case, trouble)) for rule in RULES for trouble in rule(case))
    return sorted(found, key=_order)


def _standing(found: t.Iterable[Trouble]) -> list[Trouble]:
    """All that a release has which lacks nothing: what is worth knowing."""
    return [trouble for trouble in found if trouble.stands]


def _renewed(case: Case, trouble: Trouble) -> Trouble:
    """What was wrong before this release was made may have been mended since, and is not fatal at once.

    Pauses between two tries double, so what has lasted for so long and was not tried since is tried within as long.
    """
    begun = case.facts.begun
    if trouble.fatal_at is None or not 0 < trouble.since < begun - CLOCK:
        return trouble
    is_untried = 0 < trouble.latest < begun
    pause = min(begun - trouble.since, LONGEST_PAUSE) if is_untried else 0.0
    return dataclasses.replace(trouble, fatal_at=max(trouble.fatal_at, begun + RENEWAL + pause))


def findings(case: Case, told: t.Sequence[Trouble], errors: t.Collection[Trouble]) -> tuple[Finding, ...]:
    """Errors first; what may still pass away is a warning as long as it may."""
    made = [trouble.finding(_severity(trouble, errors), case) for trouble in sorted(told, key=_order)]
    return tuple(sorted(made, key=lambda finding: SEVERITIES.index(finding.severity)))


def headline(facts: Facts, judgement: Judgement) -> str:
    """The first finding as one sentence: what is wrong, since when, what still serves, what to do."""
    if not judgement.findings or judgement.verdict == PASSED:
        return "Everything is ready." if judgement.verdict == PASSED else "; ".join(judgement.missing)
    first = judgement.findings[0]
    others = len([finding for finding in judgement.findings[1:] if finding.severity in LEFT])
    more = f" ({others} more finding{'' if others == 1 else 's'})" if others else ""
    since = f", since {first.since}" if first.since else ""
    told = f"{first.object}: {first.message.rstrip('.')}{since}."
    return f"{told} {serving_sentence(Case(facts))}{first.next_step} See {first.id}{more}."


def serving_sentence(case: Case) -> str:
    """What the fault means for the service: how many pods still serve, or nothing where no pods are known."""
    servers = [workload for workload in case.workloads if workload.kind != "Job"]
    if not case.is_observed("Pod") or not servers:
        return ""
    former = sum(is_ready(pod) for workload in servers for pod in workload.former)
    new = sum(is_ready(pod) for workload in servers for pod in workload.pods)
    counts = [f"{former} of the former revision"] * bool(former) + [f"{new} of the new one"] * bool(new)
    return f"Ready pods: {' and '.join(counts)}. " if counts else "No pod serves. "


def _severity(trouble: Trouble, errors: t.Collection[Trouble]) -> str:
    if trouble in errors:
        return "error"
    return trouble.check.severity if trouble.stands else "warning"


def _again_at(case: Case, found: t.Sequence[Trouble], settled: float | None) -> float | None:
    moments = [trouble.fatal_at for trouble in found if trouble.fatal_at is not None]
    later = [at for at in [*moments, *([settled] if settled is not None else [])] if at > case.now]
    return min(later, default=None)


def _order(trouble: Trouble) -> tuple[int, str, str, str]:
    return catalogue.RANKS[trouble.check.id], trouble.object, trouble.container, trouble.message
