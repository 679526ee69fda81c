# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what a release would do to each object, and why. Pure: `planner` asks the cluster."""

from __future__ import annotations

import dataclasses
import typing as t

from .manifests import Key, Manifest
from .ownership import comparable, field_changes, without_secret_values

CREATE, CHANGE, KEEP, PRUNE = "create", "change", "keep", "prune"
NEVER_PRUNED = frozenset({"Namespace", "PersistentVolumeClaim", "CustomResourceDefinition"})
TLS_SECRET = "kubernetes.io/tls"


@dataclasses.dataclass(frozen=True)
class Step:
    """What happens to one object.

    `manifest` is what is applied (None for a prune), `live` the object as it is (None when it does not exist),
    `predicted` the object as it will be. `asked` is false when the server could not be asked for the prediction;
    `note` says why. `force` takes fields over that other managers own.
    """

    key: Key
    action: str
    manifest: Manifest | None
    live: Manifest | None
    predicted: Manifest | None
    asked: bool = True
    note: str = ""
    force: bool = False

    @property
    def declared(self) -> Manifest:
        """What the release declares; a prune declares nothing."""
        if self.manifest is None:
            raise ValueError(f"{self.key} is not declared by this release")
        return self.manifest

    @property
    def before(self) -> Manifest:
        return without_secret_values(comparable(self.live))

    @property
    def after(self) -> Manifest:
        if self.predicted is None:
            return {}
        return without_secret_values(comparable(self.predicted), self.live)

    def fields(self) -> list[dict[str, t.Any]]:
        """The fields that change, with their values before and after; never a secret value."""
        if self.action != CHANGE:
            return []
        changes = field_changes(self.before, self.after)
        return [{"field": path, "before": before, "after": after} for path, before, after in changes]

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        shown: dict[str, t.Any] = {"object": str(self.key), "action": self.action, "fields": self.fields()}
        return {**shown, "note": self.note} if self.note else shown


@dataclasses.dataclass(frozen=True)
class Plan:
    """The steps of a release in the order of the stages, prunes last."""

    steps: tuple[Step, ...]

    @property
    def changes(self) -> list[Step]:
        return [step for step in self.steps if step.action != KEEP]

    def doing(self, *actions: str) -> list[Step]:
        return [step for step in self.steps if step.action in actions]

    def counts(self) -> dict[str, int]:
        """Number of steps for each action."""
        return {action: len(self.doing(action)) for action in (CREATE, CHANGE, PRUNE, KEEP)}


def step(manifest: Manifest, key: Key, live: Manifest | None, predicted: Manifest, note: str = "") -> Step:
    """Compare the object with what the server (or, with a note, this process) says it will become."""
    if live is None:
        return Step(key, CREATE, manifest, None, predicted, asked=not note, note=note)
    action = KEEP if comparable(live) == comparable(predicted) else CHANGE
    return Step(key, action, manifest, live, predicted, asked=not note, note=note)


def prune_step(key: Key, live: Manifest) -> Step:
    """An object of a former release that this one has not; what holds data or keys stays."""
    if key.kind in NEVER_PRUNED or live.get("type") == TLS_SECRET:
        return Step(key, KEEP, None, live, live, note="kept: it holds data or keys")
    return Step(key, PRUNE, None, live, None)
