# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the cluster what each manifest would become (server-side dry run, in parallel) and makes the plan of it."""

from __future__ import annotations

import copy
import dataclasses
import functools
import typing as t

from ..._cluster.client import ApiError, Cluster
from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Key, Manifest, key_of
from ..objects.content_hash import named_by_content, plain_name
from ..objects.ownership import (
    MANAGER,
    ReleaseName,
    are_replicas_of_autoscaler,
    hands_over_replicas,
    is_ours,
    managers_of,
    other_release,
)
from ..record.history import History
from . import plan
from .admission_errors import is_of_server, of_other, refusal
from .leftovers import leftovers, meant, own_entries, told, without
from .managed_fields import is_settled
from .selector_change import labels_to_add

FORBIDDEN, NOT_FOUND, INVALID = 403, 404, 422


class Refused(ClusterError):
    """The API server would refuse some of the manifests; `str()` names each with the server's words.

    `findings` are the refusals, one for each object, and `plan` holds the steps of all the others.
    """

    finding_type = registry.REFUSED_BY_SERVER

    def __init__(self, made: plan.Plan, findings: t.Sequence[Finding]) -> None:
        self.plan = made
        self.findings = list(findings)
        self.own_next_step = " ".join(
            ["Nothing was changed.", *dict.fromkeys(finding.next_step for finding in findings)]
        )
        lines = [f"- {finding.object}: {finding.message}" for finding in findings]
        super().__init__("The API server would refuse this release:\n" + "\n".join(lines))


@dataclasses.dataclass(frozen=True)
class Former:
    """What earlier releases left: `prunable` objects go when they are declared no more, `settings` are named by
    content and compared with what comes in their place.
    """

    prunable: frozenset[Key] = frozenset()
    settings: frozenset[Key] = frozenset()


def former_of(history: History) -> Former:
    """What the remembered releases had, so that what could or should not go then can go later.

    Settings stay as long as their release is known.
    """
    settings = {key for record in history.records for key in named_by_content(record.manifests)}
    prunable = {key for record in history.records for key in record.keys} - settings
    latest = named_by_content(history.last.manifests) if history.last else set()
    return Former(frozenset(prunable), frozenset(latest))


class Asked(t.NamedTuple):
    """What came of one manifest: a step, unless the server refuses it; a finding, when it does."""

    step: plan.Step | None
    finding: Finding | None = None


def make_plan(
    cluster: Cluster,
    manifests: t.Sequence[Manifest],
    previous: Former,
    release: ReleaseName,
    takeover: bool = False,
    prune_allowed: t.Collection[str] = (),
) -> plan.Plan:
    """The plan for a release: its `manifests` in their order, then pruning what `former` ones had beyond them.

    `takeover` forces fields away from other field managers. `prune_allowed` names what may be pruned although it holds
    data, as `<kind>/<name>` or `<kind>`. Raises Refused with everything the server would refuse.
    """
    asker = _Asker(cluster, manifests, previous, release, takeover)
    wanted = {key_of(manifest).of_any_version for manifest in manifests}
    answers = cluster.parallel(asker.ask, manifests)
    left = [key for key in previous.prunable if key.of_any_version not in wanted]
    prunes = _prunes(cluster, left, release, prune_allowed)
    made = plan.Plan((*(answer.step for answer in answers if answer.step), *prunes))
    findings = [answer.finding for answer in answers if answer.finding]
    if findings:
        raise Refused(made, findings)
    return made


class _Asker:
    """Asks the server about one manifest after the other."""

    def __init__(
        self, cluster: Cluster, manifests: t.Sequence[Manifest], previous: Former, release: ReleaseName, takeover: bool
    ) -> None:
        self._cluster = cluster
        self._release = release
        self._takeover = takeover
        self._absent = _absent_namespaces(cluster, manifests)
        self._coming = {_defined(manifest) for manifest in manifests if manifest["kind"] == "CustomResourceDefinition"}
        self._predecessors = {(key.kind, key.namespace, plain_name(key.name)): key for key in previous.settings}
        self._settings = named_by_content(manifests)
        self._listed = listed(cluster, [m for m in manifests if key_of(m).namespace not in self._absent], release.name)

    def ask(self, manifest: Manifest) -> Asked:
        key = key_of(manifest)
        problem = self._misplaced(key)
        if problem:
            return Asked(None, registry.MANIFEST_INVALID.found(key, problem))
        if key.namespace in self._absent:
            return Asked(_unasked(manifest, key, f"namespace {key.namespace} does not exist yet"))
        try:
            step = self._asked(manifest, key)
            return self._checked(self._asked(manifest, key) if _is_overtaken(step) else step)
        except ApiError as error:
            if is_of_server(error):
                raise
            return self._refused(manifest, key, error)

    def _misplaced(self, key: Key) -> str:
        """What is wrong with the namespace that an object names, or does not name; empty for a kind that is unknown."""
        try:
            is_namespaced = self._cluster.kind(key.api_version, key.kind).namespaced
        except ApiError as error:
            if not error.not_found:
                raise
            return ""
        if is_namespaced and not key.namespace:
            return "it has no metadata.namespace, and objects of its kind lie in one"
        if key.namespace and not is_namespaced:
            return f"it has the metadata.namespace {key.namespace}, and objects of its kind lie in none"
        return ""

    def _checked(self, step: plan.Step) -> Asked:
        """All releases have one field manager, so that the server sees no conflict between two of them."""
        other = other_release(step.live, self._release) if step.live else None
        if other is None or self._takeover or step.key.kind == "Namespace":
            return Asked(step)
        return Asked(None, of_other(str(step.key), str(other)))

    def _asked(self, manifest: Manifest, key: Key) -> plan.Step:
        live = self._listed.pop(key, None)
        if (
            live is not None
            and is_settled(manifest, live)
            and not (self._takeover and leftovers(live, own_entries(live)))
        ):
            return plan.Step(key, plan.KEEP, manifest, live, live)
        predicted, taken = self._predicted(manifest)
        if live is None and "resourceVersion" in predicted["metadata"]:
            live = self._cluster.find(*key)
        if live is not None and hands_over_replicas(manifest, live):
            predicted["spec"]["replicas"] = live["spec"]["replicas"]
        left, dropped, predicted = self._left(manifest, live, predicted)
        step = dataclasses.replace(plan.step(manifest, key, live, predicted), left=left, dropped=dropped)
        previous = self._predecessor(key) if live is None and key in self._settings else None
        return dataclasses.replace(step, force=bool(taken), taken=taken, previous=previous)

    def _left(
        self, manifest: Manifest, live: Manifest | None, predicted: Manifest
    ) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], Manifest]:
        """What only previous tools declared of an object: in words, as keys when it goes, and the object without it."""
        found = leftovers(live, own_entries(predicted)) if live is not None else []
        if live is None or not found:
            return (), (), predicted
        fresh = self._as_new(manifest)
        left = meant(found, live, fresh)
        if not self._takeover:
            return told(left), (), predicted
        return told(left), tuple(left), without(predicted, left, fresh)

    def _predicted(self, manifest: Manifest) -> tuple[Manifest, tuple[str, ...]]:
        """What the server says the object will become, and what that takes from other managers."""
        try:
            return self._cluster.apply(manifest, MANAGER, dry_run=True), ()
        except ApiError as error:
            if not error.conflict or not (self._takeover or are_replicas_of_autoscaler(error.causes)):
                raise
            taken = error.causes or (error.message,)
        return self._cluster.apply(manifest, MANAGER, force=True, dry_run=True), taken

    def _predecessor(self, key: Key) -> Manifest | None:
        previous = self._predecessors.get((key.kind, key.namespace, plain_name(key.name)))
        return self._cluster.find(*previous) if previous else None

    def _refused(self, manifest: Manifest, key: Key, error: ApiError) -> Asked:
        if error.not_found:
            return self._not_served(manifest, key)
        live = self._cluster.find(*key) if error.status == INVALID else None
        renewed = self._as_new(manifest) if live else None
        if live is None or renewed is None:
            return Asked(None, refusal(error, str(key)))
        if key.kind in plan.REPLACEABLE and is_ours(live, self._release):
            return Asked(plan.replace_step(manifest, live, renewed, key, error.message))
        labels = labels_to_add(manifest, live)
        if labels is not None and is_ours(live, self._release):
            return Asked(plan.selector_step(manifest, live, renewed, key, labels))
        return Asked(None, _fixed(key, live, error))

    def _as_new(self, manifest: Manifest) -> Manifest | None:
        """What the object would be if it were created, None when that would be refused as well.

        If not, then only the object that is there stands in the way.
        """
        trial = copy.deepcopy(manifest)
        trial["metadata"]["name"] = f"{manifest['metadata']['name']}-new"
        try:
            predicted = self._cluster.apply(trial, MANAGER, dry_run=True)
        except ApiError:
            return None
        predicted["metadata"]["name"] = manifest["metadata"]["name"]
        return predicted

    def _not_served(self, manifest: Manifest, key: Key) -> Asked:
        what = f"serve kind {key.kind} in {key.api_version}"
        if (key.api_version.partition("/")[0], key.kind) in self._coming:
            return Asked(_unasked(manifest, key, f"it does not {what} yet; this release brings the definition"))
        finding = registry.KIND_NOT_SERVED.found(key, f"the cluster does not {what}")
        return Asked(_unasked(manifest, key, f"it does not {what}"), finding)


def listed(cluster: Cluster, manifests: t.Iterable[Manifest], name: str) -> dict[Key, Manifest]:
    """The live objects of the release among these, each kind of a namespace in one request; Secrets one by one.

    What is not found here may be there nevertheless, without the labels of the release.
    """
    places: dict[tuple[str, str, str], list[Key]] = {}
    for key in map(key_of, manifests):
        places.setdefault(key[:3], []).append(key)
    questions: list[t.Callable[[], list[Manifest | None]]] = []
    for (api_version, kind, namespace), keys in places.items():
        if len(keys) > 1 and namespace and kind != "Secret":
            questions.append(functools.partial(_list, cluster, api_version, kind, namespace, name))
        else:
            questions += [functools.partial(_find, cluster, key) for key in keys]
    found = cluster.parallel(lambda ask: ask(), questions)
    return {key_of(live): live for lives in found for live in lives if live is not None}


def _list(cluster: Cluster, api_version: str, kind: str, namespace: str, name: str) -> list[Manifest | None]:
    try:
        found = cluster.list_objects(api_version, kind, namespace, labelSelector=f"app.kubernetes.io/instance={name}")
    except ApiError as error:
        if error.status not in (FORBIDDEN, NOT_FOUND):
            raise
        return []
    return [{**item, "apiVersion": api_version, "kind": kind} for item in found["items"]]


def _find(cluster: Cluster, key: Key) -> list[Manifest | None]:
    return [cluster.find(*key)]


def _unasked(manifest: Manifest, key: Key, why: str) -> plan.Step:
    return plan.step(manifest, key, None, copy.deepcopy(manifest), f"the server was not asked: {why}")


def _defined(definition: Manifest) -> tuple[str, str]:
    """The API group and the kind that a CustomResourceDefinition brings."""
    spec = definition.get("spec") or {}
    return str(spec.get("group", "")), str((spec.get("names") or {}).get("kind", ""))


def _is_overtaken(step: plan.Step) -> bool:
    """Whether a controller wrote to the object between the two questions, which looks like a change of ours."""
    if step.live is None or step.predicted is None or step.action not in (plan.CHANGE, plan.ADOPT):
        return False
    return bool(step.live["metadata"]["resourceVersion"] != step.predicted["metadata"]["resourceVersion"])


def _absent_namespaces(cluster: Cluster, manifests: t.Iterable[Manifest]) -> set[str]:
    names = {manifest["metadata"].get("namespace", "") for manifest in manifests} - {""}
    return {name for name in names if cluster.find("v1", "Namespace", "", name) is None}


def _prunes(
    cluster: Cluster, keys: t.Iterable[Key], release: ReleaseName, allowed: t.Collection[str]
) -> list[plan.Step]:
    """Steps for objects that are still there and still ours; one that was had in two versions is one object."""
    ordered = sorted(keys)
    found = zip(ordered, cluster.parallel(lambda key: cluster.find(*key), ordered), strict=True)
    ours = {key.of_any_version: (key, live) for key, live in found if live is not None and is_ours(live, release)}
    return [plan.prune_step(key, live, allowed) for key, live in ours.values()]


def _fixed(key: Key, live: Manifest, error: ApiError) -> Finding:
    """A change of the object is impossible, and so is its replacement."""
    reason = f"deleting a {key.kind} would lose what it holds or runs"
    if key.kind in plan.REPLACEABLE:
        reason = f"the object belongs to {', '.join(managers_of(live)) or 'somebody else'}"
    message = f"{error.message.rstrip('.')}. It is not replaced, because {reason}"
    return registry.FIELD_IMMUTABLE.found(key, message, error.causes)
