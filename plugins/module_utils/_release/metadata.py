# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes a release, from where, and what is remembered of it besides its manifests."""

from __future__ import annotations

import getpass
import json
import os
import socket
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ApiError
from .._findings.finding import Finding
from .._health.progress import Moment
from .._objects.manifest import malformed
from .planning.plan import Plan

FINDINGS = 20
MOMENTS = 40
LONGEST = 200
"""Characters of what was told at one moment."""
OUTCOME_LIMIT = 200_000
"""Bytes of an outcome; it is an annotation, of which the API server takes 256 KiB with all others of an object."""
PICTURED = ("histogram", "series")
"""What a smoke test tells of its load for pictures: too much to be kept with every release."""
Values = dict[str, t.Any]


def about(params: t.Mapping[str, t.Any]) -> Values:
    """What a record says of the run that made it, from the module's parameters."""
    origin = params["origin"]
    reported: Values = {"by": str(origin.get("user") or user_and_host()), "reason": params["reason"]}
    if origin.get("job"):
        reported["job"] = str(origin["job"])
    if origin:
        reported["origin"] = {key: str(value) for key, value in origin.items()}
    if params["components"]:
        reported["components"] = {name: _plain(objects) for name, objects in params["components"].items()}
    return reported


def user_and_host() -> str:
    return f"{_user()}@{socket.gethostname()}"


def plan_in_short(plan: Plan) -> Values:
    """What a record says of the plan: objects and the names of their fields, without values."""
    changes = [
        {
            "object": str(step.key),
            "action": step.action,
            "fields": [change["field"] for change in step.fields()],
            **({"note": step.note} if step.keeps_pods else {}),
        }
        for step in plan.changes
    ]
    return {"counts": plan.counts(), "changes": changes}


def findings_in_short(findings: t.Iterable[Finding]) -> list[Values]:
    """What a record says of findings: the first of them, without their evidence."""
    return [
        {"id": finding.id, "object": finding.object, "message": finding.message[:500]}
        for finding in list(findings)[:FINDINGS]
    ]


def proof_in_short(smoke_result: Values) -> Values:
    """What a record says of a smoke test: its figures, without what only pictures are drawn from."""
    load = {name: value for name, value in (smoke_result.get("load") or {}).items() if name not in PICTURED}
    return {**smoke_result, "load": load} if smoke_result else {}


def timeline_in_short(timeline: t.Sequence[Moment]) -> list[Values]:
    """What a record says of the wait: of a long one its first and its last moments, since a record has limits."""
    half = MOMENTS // 2
    kept = timeline if len(timeline) <= MOMENTS else [*timeline[:half], *timeline[-half:]]
    return [{**moment.as_dict(), "message": moment.message[:LONGEST]} for moment in kept]


def within_limits(outcome: Values) -> Values:
    """The outcome as far as a record can hold it: what explains a release most stays, and it says what was left out.

    Otherwise one huge answer would keep a release from being recorded at all.
    """
    smoke = {key: str(outcome.get("smoke", {}).get(key, ""))[:LONGEST] for key in ("verdict", "msg")}
    less: tuple[Values, ...] = (
        {"smoke": smoke},
        {"timeline": []},
        {"running": {}},
        {"findings": []},
        {"reason": outcome["reason"][:5000]},
    )
    kept = outcome
    for instead in less:
        if len(json.dumps(kept)) <= OUTCOME_LIMIT:
            return kept
        kept = {**kept, **instead, "left_out": [*kept.get("left_out", ()), *instead]}
    return kept


def running_images(cluster: Cluster, namespace: str, selector: str) -> dict[str, list[str]]:
    """For each image of the release's pods the digests that run, as the nodes report them; empty when they may not
    be read.
    """
    try:
        pods = cluster.list_objects("v1", "Pod", namespace, labelSelector=selector)["items"]
    except ApiError:
        return {}
    digests: dict[str, set[str]] = {}
    for pod in pods:
        images = {container["name"]: container["image"] for container in pod["spec"].get("containers") or ()}
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            if status.get("imageID") and status["name"] in images and "deletionTimestamp" not in pod["metadata"]:
                digests.setdefault(images[status["name"]], set()).add(status["imageID"].rpartition("@")[2])
    return {image: sorted(found) for image, found in sorted(digests.items())}


def _plain(component: t.Any) -> list[str]:
    """Kind and name of each object; what is none is refused elsewhere."""
    objects = component if isinstance(component, (list, tuple)) else ()
    return [f"{each['kind']}/{each['metadata']['name']}" for each in objects if not malformed(each)]


def _user() -> str:
    """The name of the person or, in a container that gives them none, their number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
