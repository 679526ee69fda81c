# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a plan out: stage after stage, in parallel inside a stage, by server-side apply."""

from __future__ import annotations

import typing as t

from .._cluster.client import Cluster
from .._cluster.kinds import Manifest
from . import plan
from .manifests import Key
from .ownership import INITIAL_MANAGER, MANAGER, hands_over_replicas, initial_replicas
from .stages import by_stage

BEFORE_RECORD = "namespace"
"""The stage that must be applied before the history has a place."""


class Applier:
    """Writes to one cluster and keeps the live objects that came back."""

    def __init__(self, cluster: Cluster, replicas: t.Mapping[Key, int]) -> None:
        self._cluster = cluster
        self._replicas = replicas
        self.live: list[Manifest] = []

    def apply(self, steps: t.Iterable[plan.Step]) -> None:
        """Apply creations and changes; a kept object is not written, its live state is taken over."""
        wanted = [step for step in steps if step.manifest is not None]
        for stage in by_stage(wanted, lambda step: step.key.kind):
            self.live += self._cluster.parallel(self._one, stage[1])

    def prune(self, steps: t.Iterable[plan.Step]) -> None:
        """Delete in the opposite order of the stages."""
        for stage in reversed(by_stage(steps, lambda step: step.key.kind)):
            self._cluster.parallel(lambda step: delete(self._cluster, step.key), stage[1])

    def _one(self, step: plan.Step) -> Manifest:
        if step.action == plan.KEEP and step.live is not None:
            return step.live
        if step.action == plan.REPLACE:
            delete(self._cluster, step.key)
        if step.live is not None and hands_over_replicas(step.declared, step.live):
            self._give_replicas(step.key, step.live["spec"]["replicas"])
        live = self._cluster.apply(step.declared, MANAGER, force=step.force)
        if step.action == plan.CREATE and step.key in self._replicas:
            live = self._give_replicas(step.key, self._replicas[step.key])
        return live

    def _give_replicas(self, key: Key, replicas: int) -> Manifest:
        return self._cluster.apply(initial_replicas(key, replicas), INITIAL_MANAGER, force=True)


def delete(cluster: Cluster, key: Key) -> None:
    """Delete one object and, in the background, what it owns; nothing happens when it is gone."""
    body: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    cluster.delete(cluster.path(*key), body)


def before_record(steps: t.Iterable[plan.Step]) -> tuple[list[plan.Step], list[plan.Step]]:
    """The steps that make a place for the history, and the others."""
    stages = by_stage(steps, lambda step: step.key.kind)
    first = [step for name, staged in stages if name == BEFORE_RECORD for step in staged]
    return first, [step for name, staged in stages if name != BEFORE_RECORD for step in staged]
