# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a plan out: stage after stage, in parallel inside a stage, by server-side apply."""

from __future__ import annotations

import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import ApiError, Cluster
from .._findings import registry
from .._findings.finding import Finding
from .._objects.manifest import Key, key_of
from .deletion import await_gone
from .fenced_writer import Writer
from .interruption import is_out_of_reach
from .objects.apply_order import by_stage
from .objects.ownership import INITIAL_MANAGER, hands_over_replicas, initial_replicas
from .planning import plan
from .planning.leftovers import handed_over
from .pod_adoption import PodAdoption, orphaned_replicas

Result = t.TypeVar("Result")
SOON = 3.0
"""Seconds that a deletion may take when a finalizer only has to look at it, such as that of a claim."""
ANOTHERS = "somebody took it over or made it anew while this run was at work"


class Applier:
    """Writes to one cluster; keeps the live objects that came back, and what was not pruned with the reason."""

    def __init__(self, cluster: Cluster, writer: Writer, replicas: t.Mapping[Key, int]) -> None:
        self._cluster = cluster
        self._writer = writer
        self._replicas = dict(replicas)
        self._adoption = PodAdoption(cluster, writer)
        self.live: list[Manifest] = []
        self.left: dict[Key, str] = {}

    def prepare(self, steps: t.Sequence[plan.Step]) -> None:
        """What has to be before anything of the plan is applied: pods get the labels of their selector to come."""
        self._adoption.prepare(steps)

    def apply(self, steps: t.Iterable[plan.Step]) -> None:
        """Apply creations and changes; a kept object is not written, its live state is taken over."""
        wanted = [step for step in steps if step.manifest is not None]
        for stage in by_stage(wanted, lambda step: step.object):
            self.live += self._cluster.parallel(self._one, stage[1])

    def prune(self, steps: t.Iterable[plan.Step]) -> None:
        """Delete in the opposite order of the stages."""
        self._in_opposite_order(self._delete, steps)

    def prune_what_can_be(self, steps: t.Iterable[plan.Step]) -> list[Finding]:
        """The same, but what the server refuses to delete stays, and is found."""
        return [finding for finding in self._in_opposite_order(self._delete_if_allowed, steps) if finding]

    def _in_opposite_order(self, delete: t.Callable[[plan.Step], Result], steps: t.Iterable[plan.Step]) -> list[Result]:
        stages = reversed(by_stage(steps, lambda step: step.object))
        return [result for stage in stages for result in self._cluster.parallel(delete, stage[1])]

    def _delete_if_allowed(self, step: plan.Step) -> Finding | None:
        try:
            self._delete(step)
        except ApiError as error:
            if is_out_of_reach(error):
                raise
            self.left[step.key] = str(error)
            return registry.PRUNE_FAILED.found(step.key, error.message, error.causes)
        return self._held(step)

    def _held(self, step: plan.Step) -> Finding | None:
        """A finalizer holds what was deleted for as long as its owner likes."""
        live = self._cluster.find(*step.key)
        why = plan.being_deleted(live) if live else ""
        if live is None or not (why and plan.finalizers(live)) or not await_gone(self._cluster, [step], SOON):
            return None
        self.left[step.key] = why
        return registry.DELETION_STUCK.found(step.key, why, severity="warning", next_step=plan.NEXT_LOOK)

    def _delete(self, step: plan.Step) -> None:
        if step.live is not None and not self._writer.delete(step.key, step.live):
            self.left[step.key] = ANOTHERS
            self._cluster.warnings.append(f"{step.key} was not deleted: {ANOTHERS}.")

    def _one(self, step: plan.Step) -> Manifest:
        live = step.live
        hands_over = live is not None and step.manifest is not None and hands_over_replicas(step.manifest, live)
        if step.action == plan.KEEP and live is not None and not hands_over:
            return live
        if step.keeps_pods:
            self._grow(step.key, self._adoption.let_go(step))
            live = None
        elif step.action == plan.REPLACE:
            self._delete(step)
            live = None
        elif live is None and step.key in self._replicas:
            self._grow(step.key, orphaned_replicas(self._cluster, step.declared))
        if live is not None and hands_over:
            live = self._give_replicas(step.key, live["spec"]["replicas"], live)
        elif live is None and step.key in self._replicas:
            live = self._made_with_replicas(step.declared, self._replicas[step.key])
        if live is not None and step.dropped:
            live = self._writer.hand_over(step.key, live, lambda seen: handed_over(seen, step.dropped))
        return self._writer.apply(step.declared, live, force=step.force)

    def _grow(self, key: Key, replicas: int | None) -> None:
        """A workload that adopts pods is made at their number where an autoscaler decides on it."""
        if key in self._replicas:
            self._replicas[key] = max(self._replicas[key], replicas or 0)

    def _made_with_replicas(self, manifest: Manifest, replicas: int) -> Manifest:
        """Create the workload at its size at once, and hand that over; the next apply lets go of it."""
        whole = {**manifest, "spec": {**manifest["spec"], "replicas": replicas}}
        return self._give_replicas(key_of(manifest), replicas, self._writer.apply(whole, None))

    def _give_replicas(self, key: Key, replicas: int, live: Manifest) -> Manifest:
        return self._writer.apply(initial_replicas(key, replicas), live, INITIAL_MANAGER, force=True)
