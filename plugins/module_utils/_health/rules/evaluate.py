# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules on one case: the verdict, its findings, and when to judge again. Pure."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from ..._findings import registry
from ..._findings.finding import FAILED, INCONCLUSIVE, PASSED, SEVERITIES, Finding
from ..facts import Facts, HealthEvaluation
from . import (
    admission,
    container_start,
    crashes,
    external_sources,
    images,
    objects,
    probes,
    rollout,
    scheduling,
    traffic,
    volumes,
)
from .autoscaler_headroom import excused, starved
from .pending import draining, missing, settled_at, unready_objects, unready_pods
from .problem import Problem
from .view import CLOCK, View, is_ready

RULES: tuple[t.Callable[[View], t.Iterator[Problem]], ...] = (
    objects.problems,
    rollout.problems,
    external_sources.problems,
    admission.problems,
    scheduling.problems,
    volumes.problems,
    images.problems,
    container_start.problems,
    crashes.problems,
    probes.problems,
    traffic.problems,
)
LEFT = ("error", "warning")
AT_THE_END = {registry.READINESS_FAILING: registry.READINESS_TIMEOUT}
"""What is called otherwise once there is no more time."""
RENEWAL, LONGEST_PAUSE = 30.0, 1000.0
"""Seconds: how long what was wrong before may take to be tried again, and the longest pause of a controller's queue."""
HINTS = {
    "Ingress": "Look at the controller of its class: does it run, and does it publish an address?",
    "Certificate": "See kubectl describe certificate,certificaterequest,order,challenge.",
    "Service": "Look at the cloud's load balancer and at kubectl get endpointslices.",
    "HorizontalPodAutoscaler": "Look at metrics-server: kubectl top pods.",
    "PodDisruptionBudget": "Look at the pods that it selects.",
}


def evaluate(facts: Facts) -> HealthEvaluation:
    """What follows from the facts, in whatever order they come.

    Failed once one trouble is beyond hope; passed once nothing is missing and everything has been ready for the
    settling time; undecided while a watch is interrupted, since what is held may be old.
    """
    view = View(facts)
    found = problems(view)
    lines = missing(view, starved(view, found, view.now))
    found = found if lines else [*_standing(found), *map(_draining, draining(view))]
    fatal = [problem for problem in found if problem.is_fatal(view.now)]
    settled = settled_at(view)
    if facts.stale:
        kinds = ", ".join(sorted(facts.stale))
        lines = [*lines, f"what is known of {kinds} may be old"]
        fatal = []
    is_whole = not lines
    if is_whole and view.now < settled:
        lines = [f"Release: everything is ready and has to stay so for another {settled - view.now:.0f} s"]
    reported = [problem for problem in found if problem.reported or problem in fatal]
    return HealthEvaluation(
        verdict=FAILED if fatal else "" if lines else PASSED,
        findings=findings(view, reported, fatal),
        missing=tuple(lines),
        again_at=_again_at(view, found, settled if is_whole else None),
        log_requests=tuple(dict.fromkeys(log_request for problem in reported for log_request in problem.log_requests)),
    )


def timed_out(facts: Facts, evaluation: HealthEvaluation) -> HealthEvaluation:
    """What an undecided judgement comes to when there is no more time: everything unready is an error now.

    Inconclusive while a watch is interrupted: nobody knows how things stand.
    """
    if evaluation.verdict:
        return evaluation
    view = View(facts)
    found = [dataclasses.replace(each, check=AT_THE_END.get(each.check, each.check)) for each in problems(view)]
    if facts.stale:
        return HealthEvaluation(INCONCLUSIVE, findings(view, found, ()), evaluation.missing)
    lacking = missing(view, starved(view, found, math.inf))
    if not lacking and settled_at(view) <= view.now:
        return HealthEvaluation(PASSED, findings(view, [*_standing(found), *map(_draining, draining(view))], ()))
    guilty = [problem for problem in found if not problem.stands]
    explained, pods = {problem.object for problem in guilty}, unready_pods(view)
    unexplained = [
        Problem(
            registry.NOT_READY,
            subject,
            f"{what}, and the time is over",
            evidence=pods.get(subject, ()),
            next_step=HINTS.get(subject.partition(" ")[0], ""),
        )
        for subject, what in unready_objects(lacking).items()
        if subject not in explained
    ]
    if not guilty and not unexplained:
        subject, _colon, what = "; ".join(evaluation.missing).partition(": ")
        unexplained = [Problem(registry.NOT_READY, subject or "Release", f"{what}, and the time is over")]
    reported = [*found, *unexplained]
    return HealthEvaluation(
        verdict=FAILED,
        findings=findings(view, reported, [*guilty, *unexplained]),
        missing=evaluation.missing,
        log_requests=tuple(dict.fromkeys(log_request for problem in guilty for log_request in problem.log_requests)),
    )


def _draining(line: str) -> Problem:
    subject, _colon, what = line.partition(": ")
    return Problem(registry.PREVIOUS_PODS_TERMINATING, subject, what)


def problems(view: View) -> list[Problem]:
    """Everything wrong, root causes first."""
    found = dict.fromkeys(excused(view, _renewed(view, problem)) for rule in RULES for problem in rule(view))
    return sorted(found, key=_order)


def _standing(found: t.Iterable[Problem]) -> list[Problem]:
    """All that a release has which lacks nothing: what is worth knowing."""
    return [problem for problem in found if problem.stands]


def _renewed(view: View, problem: Problem) -> Problem:
    """What was wrong before this release was made may have been mended since, and is not fatal at once.

    Pauses between two tries double, so what has lasted for so long and was not tried since is tried within as long.
    """
    begun = view.facts.begun
    if problem.fatal_at is None or not 0 < problem.since < begun - CLOCK:
        return problem
    is_untried = 0 < problem.latest < begun
    pause = min(begun - problem.since, LONGEST_PAUSE) if is_untried else 0.0
    return dataclasses.replace(problem, fatal_at=max(problem.fatal_at, begun + RENEWAL + pause))


def findings(view: View, reported: t.Sequence[Problem], errors: t.Collection[Problem]) -> tuple[Finding, ...]:
    """Errors first; what may still pass away is a warning as long as it may."""
    made = [problem.finding(_severity(problem, errors), view) for problem in sorted(reported, key=_order)]
    return tuple(sorted(made, key=lambda finding: SEVERITIES.index(finding.severity)))


def headline(facts: Facts, evaluation: HealthEvaluation) -> str:
    """The first finding as one sentence: what is wrong, since when, what still serves, what to do."""
    if not evaluation.findings or evaluation.verdict == PASSED:
        if evaluation.verdict == PASSED:
            return f"Everything is ready.{not_judged(evaluation.findings)}"
        return "; ".join(evaluation.missing)
    first = evaluation.findings[0]
    others = len([finding for finding in evaluation.findings[1:] if finding.severity in LEFT])
    more = f" ({others} more finding{'' if others == 1 else 's'})" if others else ""
    since = f", since {first.since}" if first.since else ""
    reported = f"{first.object}: {first.message.rstrip('.')}{since}."
    return f"{reported} {serving_sentence(View(facts))}{first.next_step} See {first.id}{more}."


def not_judged(found: t.Iterable[Finding]) -> str:
    """What a verdict says nothing of, as a sentence; empty when it speaks of everything."""
    left = [finding.object for finding in found if finding.id == registry.RESOURCE_NOT_JUDGED.id]
    return f" Not judged: {', '.join(left)} (see {registry.RESOURCE_NOT_JUDGED.id})." if left else ""


def serving_sentence(view: View) -> str:
    """What the fault means for the service: how many pods still serve, or nothing where no pods are known."""
    servers = [workload for workload in view.workloads if workload.kind != "Job"]
    if not view.is_observed("Pod") or not servers:
        return ""
    previous = sum(is_ready(pod) for workload in servers for pod in workload.previous)
    new = sum(is_ready(pod) for workload in servers for pod in workload.pods)
    counts = [f"{previous} of the former revision"] * bool(previous) + [f"{new} of the new one"] * bool(new)
    return f"Ready pods: {' and '.join(counts)}. " if counts else "No pod serves. "


def _severity(problem: Problem, errors: t.Collection[Problem]) -> str:
    if problem in errors:
        return "error"
    return problem.check.severity if problem.stands else "warning"


def _again_at(view: View, found: t.Sequence[Problem], settled: float | None) -> float | None:
    moments = [problem.fatal_at for problem in found if problem.fatal_at is not None]
    later = [at for at in [*moments, *([settled] if settled is not None else [])] if at > view.now]
    return min(later, default=None)


def _order(problem: Problem) -> tuple[int, str, str, str]:
    return problem.check.rank, problem.object, problem.container, problem.message
