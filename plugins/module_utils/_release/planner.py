# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the cluster what each manifest would become (server-side dry run, in parallel) and makes the plan of it."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from .._cluster.client import ApiError, Cluster
from .._cluster.errors import ClusterError
from . import plan
from .manifests import Key, Manifest, key_of
from .ownership import MANAGER, are_replicas_of_autoscaler, hands_over_replicas, is_ours


class Refused(ClusterError):
    """The API server would refuse some of the manifests; `str()` names each with the server's words."""

    id = "refused-by-server"
    next_step = "Nothing was changed. Correct the variables behind the objects named, or the cluster's policy."


def make_plan(
    cluster: Cluster, manifests: t.Sequence[Manifest], former: t.Iterable[Key], name: str, takeover: bool = False
) -> plan.Plan:
    """The plan for the release `name`: its `manifests` in their order, then pruning what `former` ones had beyond them.

    `takeover` forces fields away from other field managers. Raises Refused with everything the server would refuse.
    """
    absent = _absent_namespaces(cluster, manifests)
    wanted = {key_of(manifest) for manifest in manifests}
    steps, refusals = [], []
    for manifest, outcome in zip(
        manifests, cluster.parallel(lambda m: _ask(cluster, m, absent, takeover), manifests), strict=True
    ):
        if isinstance(outcome, plan.Step):
            steps.append(outcome)
        else:
            refusals.append(_refusal(manifest, outcome))
    if refusals:
        raise Refused("The API server would refuse this release:\n" + "\n".join(refusals))
    return plan.Plan((*steps, *_prunes(cluster, set(former) - wanted, name)))


def _ask(cluster: Cluster, manifest: Manifest, absent: set[str], takeover: bool) -> plan.Step | ApiError:
    key = key_of(manifest)
    if key.namespace in absent:
        note = f"the server was not asked: namespace {key.namespace} does not exist yet"
        return plan.step(manifest, key, None, copy.deepcopy(manifest), note)
    try:
        step = _asked(cluster, manifest, key, takeover)
        return _asked(cluster, manifest, key, takeover) if _is_overtaken(step) else step
    except ApiError as error:
        return error


def _asked(cluster: Cluster, manifest: Manifest, key: Key, takeover: bool) -> plan.Step:
    live = cluster.find(*key)
    predicted, force = _predicted(cluster, manifest, takeover)
    if live is not None and hands_over_replicas(manifest, live):
        predicted["spec"]["replicas"] = live["spec"]["replicas"]
    return dataclasses.replace(plan.step(manifest, key, live, predicted), force=force)


def _predicted(cluster: Cluster, manifest: Manifest, takeover: bool) -> tuple[Manifest, bool]:
    """What the server says the object will become, and whether that takes fields over from other managers."""
    try:
        return cluster.apply(manifest, MANAGER, force=takeover, dry_run=True), takeover
    except ApiError as error:
        if not error.conflict or not are_replicas_of_autoscaler(error.causes):
            raise
    return cluster.apply(manifest, MANAGER, force=True, dry_run=True), True


def _is_overtaken(step: plan.Step) -> bool:
    """Whether a controller wrote to the object between the two questions, which looks like a change of ours."""
    if step.live is None or step.predicted is None or step.action != plan.CHANGE:
        return False
    return bool(step.live["metadata"]["resourceVersion"] != step.predicted["metadata"]["resourceVersion"])


def _absent_namespaces(cluster: Cluster, manifests: t.Iterable[Manifest]) -> set[str]:
    names = {manifest["metadata"].get("namespace", "") for manifest in manifests} - {""}
    return {name for name in names if cluster.find("v1", "Namespace", "", name) is None}


def _prunes(cluster: Cluster, keys: t.Iterable[Key], name: str) -> list[plan.Step]:
    """Steps for objects that are still there and still ours."""
    ordered = sorted(keys)
    found = cluster.parallel(lambda key: cluster.find(*key), ordered)
    return [
        plan.prune_step(key, live)
        for key, live in zip(ordered, found, strict=True)
        if live is not None and is_ours(live, name)
    ]


def _refusal(manifest: Manifest, error: ApiError) -> str:
    causes = "; ".join(error.causes)
    hint = " Set takeover to take these fields over." if error.conflict else ""
    return f"- {key_of(manifest)}: {error.message}{f' [{causes}]' if causes and error.conflict else ''}{hint}"
