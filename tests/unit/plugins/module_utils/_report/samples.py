# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of modules as a play registers them, and the report that they make."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.model import Report, report_of

Result = dict[str, t.Any]
ABOUT = {
    "release": "maestro",
    "namespace": "maestro-system",
    "host": "eks-prod",
    "made": "2026-11-23T20:30:00+00:00",
}
SECRETS = {"maestro-secrets/JWT_SIGNING_KEY": "hunter2-and-a-half"}


def finding(**fields: t.Any) -> Result:
    return {
        "id": "image-not-found",
        "severity": "error",
        "object": "Deployment maestro-system/maestro",
        "container": "maestro",
        "since": "2026-11-23T20:14:34Z",
        "message": "ghcr.io/intelgraph/maestro:2.0.1 was not found (3 pods on 3 nodes)",
        "cause": "The tag was never pushed.",
        "evidence": ["rpc error: code = NotFound", "<script>alert('x')</script> key=hunter2-and-a-half"],
        "next_step": "Push the image, or deploy another one.",
        "page": "docs/findings/image-not-found.md",
        **fields,
    }


def passed(**fields: t.Any) -> Result:
    return {"changed": False, "failed": False, "verdict": "passed", "msg": "All is well.", "findings": [], **fields}


def failed(**fields: t.Any) -> Result:
    msg = "Deployment maestro cannot start new pods: the image was not found. Push it."
    return {**passed(), "verdict": "failed", "msg": msg, "findings": [finding()], **fields}


NOTE = finding(id="cluster-not-pinned", severity="note", object="maestro_cluster_uid", evidence=[], container="")
WARNING = finding(id="posture-autoscaling", severity="warning", evidence=[])
UNREACHABLE = {"failed": False, "msg": "The API server cannot be reached.", "error_id": "api-unreachable"}
SKIPPED = {"changed": False, "skipped": True, "skip_reason": "Conditional result was False"}
TIMELINE = [
    {"seconds": 0.0, "pods": {"old": 3}, "message": "pods: 3 old"},
    {"seconds": 1.2, "pods": {"old": 3, "pending": 1}, "message": ""},
    {"seconds": 2.0, "pods": {"old": 3, "starting": 1}, "message": "pods: 3 old, 1 starting"},
    {"seconds": 6.4, "pods": {"old": 3, "failing": 1}, "message": "[image-not-found] Deployment maestro"},
    {"seconds": 14.2, "pods": {"old": 2, "terminating": 1, "failing": 1}, "message": "pods: 2 old, 1 ending"},
]
RULES = [
    {"id": "posture-network", "demand": "Nothing connects but what a policy names.", "verdict": "passed"},
    {"id": "posture-autoscaling", "demand": "The autoscaler alone decides on replicas.", "verdict": "passed"},
]


def bad() -> dict[str, Result]:
    """One result of each kind."""
    return {
        "prerequisites": passed(duration=0.2, findings=[NOTE]),
        "health": failed(number=12, seconds=14.2, timeline=TIMELINE),
        "posture": passed(number=12, seconds=0.08, findings=[WARNING], rules=RULES),
        "drift": dict(UNREACHABLE),
        "smoke": dict(SKIPPED),
    }


def report(results: dict[str, Result] | None = None, **about: str) -> Report:
    return report_of({**ABOUT, **about}, bad() if results is None else results, SECRETS)
