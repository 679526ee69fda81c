# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what a release would do to each object, and why. Pure: `planner` asks the cluster."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._objects.manifest import Key, Manifest, is_secret
from ..objects.content_hash import is_named_by_content
from ..objects.ownership import comparable, field_changes, is_managed, managers_of, without_secret_values

CREATE, CHANGE, ADOPT, REPLACE, PRUNE, KEEP = "create", "change", "adopt", "replace", "prune", "keep"
ACTIONS = (CREATE, CHANGE, ADOPT, REPLACE, PRUNE, KEEP)
NEVER_PRUNED = frozenset({"Namespace", "PersistentVolumeClaim", "CustomResourceDefinition"})
"""Kinds that a release leaves behind when it has them no more."""
PRUNED_WHEN_NAMED = frozenset({"PersistentVolumeClaim", "Secret"})
"""Kinds that hold what no release can bring back: they go only when they are named."""
REPLACEABLE = frozenset({"ClusterRoleBinding", "Job", "PriorityClass", "RoleBinding", "StorageClass"})
"""Kinds whose deletion takes nothing else with it: what refers to them finds the new object of the same name."""
REVISION = "deployment.kubernetes.io/revision"
SELECTOR_NOTE = "deleted without its pods and created anew around them"
HOLDS_DATA = "kept: it holds data or keys"

NEXT_LOOK = "The release is in place without it. See what its finalizers wait for; the next deploy looks again."


@dataclasses.dataclass(frozen=True)
class Step:
    """What happens to one object.

    `manifest` is what is applied (None for a prune), `live` the object as it is (None when it does not exist),
    `predicted` the object as it will be. `asked` is false when the server could not be asked for the prediction;
    `note` says why that is, or why the action is what it is. `force` takes fields over that other managers own;
    `taken` names them in the server's words. `left` are fields that only previous tools declared, in words, and
    `dropped` the same as keys when they go with this step. `previous` is the live object of an earlier release that a
    new one, named by its content, comes in place of. `keeps_pods` is true for a workload that is replaced without its
    pods: they get the labels `pod_labels`, and the new one adopts them.
    """

    key: Key
    action: str
    manifest: Manifest | None
    live: Manifest | None
    predicted: Manifest | None
    asked: bool = True
    note: str = ""
    force: bool = False
    taken: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    dropped: tuple[tuple[str, ...], ...] = ()
    previous: Manifest | None = None
    keeps_pods: bool = False
    pod_labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def declared(self) -> Manifest:
        """What the release declares; a prune declares nothing."""
        if self.manifest is None:
            raise ValueError(f"{self.key} is not declared by this release")
        return self.manifest

    @property
    def object(self) -> Manifest:
        """The object as it is declared, else as it is."""
        return self.manifest or self.live or {}

    @property
    def before(self) -> Manifest:
        return without_secret_values(comparable(self.live or self.previous))

    @property
    def after(self) -> Manifest:
        if self.predicted is None:
            return {}
        return without_secret_values(comparable(self.predicted), self.live or self.previous)

    def fields(self) -> list[dict[str, t.Any]]:
        """The fields that change, with their values before and after; never a secret value."""
        if not self.before or not self.after or self.action == KEEP:
            return []
        changes = field_changes(self.before, self.after)
        return [
            {"field": path, "before": before, "after": after}
            for path, before, after in changes
            if self.previous is None or path != "metadata.name"
        ]

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        displayed: dict[str, t.Any] = {"object": str(self.key), "action": self.action, "fields": self.fields()}
        return {**displayed, "note": self.note} if self.note else displayed


@dataclasses.dataclass(frozen=True)
class Plan:
    """The steps of a release in the order of the stages, prunes last.

    `replicas` is the size at which workloads are created.
    """

    steps: tuple[Step, ...]
    replicas: t.Mapping[Key, int] = dataclasses.field(default_factory=dict)

    @property
    def changes(self) -> list[Step]:
        return [step for step in self.steps if step.action != KEEP]

    def doing(self, *actions: str) -> list[Step]:
        return [step for step in self.steps if step.action in actions]

    def leaving(self, left: t.Mapping[Key, str]) -> Plan:
        """The plan as it came about when these objects were not pruned after all, each with the reason."""
        steps = tuple(
            dataclasses.replace(step, action=KEEP, predicted=step.live, note=left[step.key])
            if step.action == PRUNE and step.key in left
            else step
            for step in self.steps
        )
        return dataclasses.replace(self, steps=steps)

    def counts(self) -> dict[str, int]:
        """Number of steps for each action."""
        return {action: len(self.doing(action)) for action in ACTIONS}


def step(manifest: Manifest, key: Key, live: Manifest | None, predicted: Manifest, note: str = "") -> Step:
    """Compare the object with what the server (or, with a note, this process) says it will become."""
    if live is None:
        return Step(key, CREATE, manifest, None, predicted, asked=not note, note=note)
    if is_managed(predicted) and not is_managed(live):
        return Step(key, ADOPT, manifest, live, predicted, note=note or _unknown_to_releases(live))
    action = KEEP if comparable(live) == comparable(predicted) else CHANGE
    return Step(key, action, manifest, live, predicted, asked=not note, note=note)


def _unknown_to_releases(live: Manifest) -> str:
    names = ", ".join(managers_of(live))
    return "no release has declared it so far" + (f"; its fields are managed by {names}" if names else "")


def replace_step(manifest: Manifest, live: Manifest, predicted: Manifest, key: Key, why: str) -> Step:
    """An object that can only be had by deleting the one that is there."""
    return Step(key, REPLACE, manifest, live, predicted, note=f"deleted and created anew: {why}")


def selector_step(
    manifest: Manifest, live: Manifest, predicted: Manifest, key: Key, labels: t.Mapping[str, str]
) -> Step:
    """A workload that gets another selector, which cannot be changed: its pods stay, and the new one adopts them."""
    note = f"{SELECTOR_NOTE}: a selector cannot be changed"
    revision = (live["metadata"].get("annotations") or {}).get(REVISION)
    if revision is not None:  # of its controller, which goes on counting
        annotations = {**(predicted["metadata"].get("annotations") or {}), REVISION: revision}
        predicted = {**predicted, "metadata": {**predicted["metadata"], "annotations": annotations}}
    step = Step(key, REPLACE, manifest, live, predicted, note=note)
    return dataclasses.replace(step, keeps_pods=True, pod_labels=labels)


def prune_step(key: Key, live: Manifest, named: t.Collection[str] = ()) -> Step:
    """An object of a former release that this one has not.

    What holds data or keys stays, unless `named` has it as `<kind>/<name>` (or has all of its kind as `<kind>`).
    """
    if being_deleted(live):
        return Step(key, KEEP, None, live, live, note=being_deleted(live))
    if not holds_data(live) or (key.kind in PRUNED_WHEN_NAMED and {key.kind, f"{key.kind}/{key.name}"} & {*named}):
        return Step(key, PRUNE, None, live, None)
    return Step(key, KEEP, None, live, live, note=HOLDS_DATA)


def being_deleted(live: Manifest) -> str:
    """Since when the object is being deleted and what holds it, or an empty string."""
    since = live["metadata"].get("deletionTimestamp")
    held = f", held by {', '.join(finalizers(live))}" if finalizers(live) else ""
    return f"it is being deleted since {since}{held}" if since else ""


def finalizers(live: Manifest) -> list[str]:
    """What has to be done before the object goes; a Namespace has it in its spec."""
    inner = live.get("spec") or {}
    return [str(each) for holder in (live["metadata"], inner) for each in holder.get("finalizers") or ()]


def holds_data(live: Manifest) -> bool:
    """Whether the object's deletion loses what no release brings back; settings are remembered with their release."""
    return live["kind"] in NEVER_PRUNED or (is_secret(live) and not is_named_by_content(live))
