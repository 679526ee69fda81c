# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that the API server does not let be created: who refuses them, and whether that can pass. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from ..facts import Live
from ..readiness import condition
from .problem import Problem, one_line, reported
from .references import missing_reference
from .view import CLOCK, View, Workload, born, moment

PATIENCE, FREED = 90.0, 60.0
"""Seconds: for which a webhook or the API server's own store may be away, and for the quota of pods that have ended.

The controllers' queues (client-go, workqueue, 5 ms doubled each time) try again after 20, 41, 82 and 164 s.
"""
AWAY = (
    r"not yet ready to handle|status unknown for quota|forbidden: User \"system:|unable to (handle|return)"
    r"|connection (reset|lost)|\bEOF\b|^Unauthorized$"
)
"""What the API server, or the way to it, says while it comes up or goes down."""
UNREACHED = r"i/o timeout|timed out|deadline exceeded|connection refused|no such host"
"""What a policy says that could not ask whom it has to ask, a registry for instance."""
REFUSALS: tuple[tuple[re.Pattern[str], FindingType, float], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), check, grace)
    for pattern, check, grace in (
        (r"is being terminated", registry.NAMESPACE_TERMINATING, 0.0),
        (r"failed calling webhook|failed to call webhook", registry.WEBHOOK_UNAVAILABLE, PATIENCE),
        (rf"(?s:denied (the )?request.*({UNREACHED}))", registry.ADMISSION_DENIED, PATIENCE),
        (r"denied (the )?request|ValidatingAdmissionPolicy", registry.ADMISSION_DENIED, 0.0),
        (AWAY, registry.POD_REFUSED, PATIENCE),
        (r"exceeded quota|failed quota|insufficient quota", registry.QUOTA_EXCEEDED, 0.0),
        (r"violates PodSecurity", registry.POD_SECURITY, 0.0),
        (r"(minimum|maximum) \S+ usage per|limit to request ratio", registry.LIMIT_RANGE_VIOLATION, 0.0),
        (
            r"internal error|timed? ?out|deadline exceeded|connection refused|etcdserver|already exists|try again",
            registry.POD_REFUSED,
            PATIENCE,
        ),
        (r"", registry.POD_REFUSED, 0.0),
    )
)
POD_NAME = re.compile(r"((pods?|replicasets\.apps) )?\"[^\"]+\" is forbidden: ")
LEAD = re.compile(r"^(Error creating: |create Pod \S+ in \S+ \S+ failed error: )")


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        refusal = _refusal(view, workload)
        if refusal:
            yield _trouble(view, workload, *refusal)


def _refusal(view: View, workload: Workload) -> tuple[str, float] | None:
    """The API server's words and when it said them, if the newest revision lacks pods for that reason."""
    if _unmade_set(workload):
        return _unmade_set(workload)
    if workload.revision is None:
        return None
    if workload.kind == "Deployment":
        return _of_a_set(view, workload.revision)
    failures = view.events(workload.revision, "FailedCreate")
    made = [event.last for event in view.events(workload.revision, "SuccessfulCreate")]
    made += [born(pod) for pod in view.owned(workload.revision, "Pod")]
    is_current = failures and max(made, default=0.0) <= failures[0].last and len(workload.pods) < workload.replicas
    return (failures[0].message, max(failures[0].first, *made, 0.0)) if is_current else None


def _unmade_set(workload: Workload) -> tuple[str, float] | None:
    """Why there is no newest ReplicaSet. The controller says so before it shows that it has seen the generation."""
    progress = condition(workload.live, "Progressing")
    if progress.get("reason") != "ReplicaSetCreateError":
        return None
    return str(progress.get("message", "")), moment(progress.get("lastUpdateTime"))


def _of_a_set(view: View, revision: Live) -> tuple[str, float] | None:
    """Why a ReplicaSet lacks pods. Its condition keeps the words of the first failure; events tell of the newest.

    The controller sets the condition only while there is none (kubernetes, replica_set_utils.go), also where a pod
    cannot be deleted.
    """
    failure = condition(revision, "ReplicaFailure")
    if failure.get("status") != "True":
        return None
    said, since = str(failure.get("message", "")), moment(failure.get("lastTransitionTime"))
    newest = next((event for event in view.events(revision, "FailedCreate") if event.last >= since - CLOCK), None)
    if newest is None:
        return None if failure.get("reason") == "FailedDelete" else (said, since)
    is_the_same = refusal_of(newest.message) is refusal_of(said)
    return newest.message, since if is_the_same else max(since, newest.first)


def _trouble(view: View, workload: Workload, said: str, since: float) -> Problem:
    missing = missing_reference(view, workload.namespace, said)
    check, words, grace = missing or classified(LEAD.sub("", said))
    failures = view.events(workload.revision or workload.live, "FailedCreate", "ReplicaSetCreateError")
    ended_by = view.ended_by(workload) if check is registry.QUOTA_EXCEEDED else 0.0
    return Problem(
        check=check,
        object=workload.name,
        message=f"pods cannot be created: {one_line(POD_NAME.sub('', words, count=1))}",
        since=since,
        fatal_at=max(since + grace, ended_by + FREED if ended_by else 0.0),
        evidence=reported(failures[:1]),
        latest=failures[0].last if failures else 0.0,
    )


def refusal_of(said: str) -> FindingType:
    """Who refuses an object, by the API server's words; POD_REFUSED where they tell nothing."""
    return classified(said)[0]


def classified(said: str) -> tuple[FindingType, str, float]:
    """Who refuses an object, the words, and for how many seconds that may pass away by itself."""
    return next((check, said, grace) for pattern, check, grace in REFUSALS if pattern.search(said))
