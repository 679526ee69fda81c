# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components that the former release had and this one lacks. Pure.

A run that brings fewer components (`--tags`, `--start-at-task`, a role that was skipped) does not ask for their
removal. So they have to be named before the release does without them.
"""

from __future__ import annotations

import typing as t

from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Manifest
from ..objects.assembly import Release, plainly
from ..objects.content_hash import is_named_by_content, plain_name
from ..record.history import Record
from .plan import PRUNE, Plan

COMPONENTS = "components"
"""Where a record says which objects each component brought, in what it holds about its run."""
ALLOWED = "Be sure; a rollback to a release that had it brings it back."


class ComponentsMissing(ClusterError):
    """The release lacks components that the former one had, and nobody said that they shall go."""

    finding_type = registry.COMPONENTS_MISSING

    def __init__(self, findings: t.Sequence[Finding]) -> None:
        lines = [f"- {finding.object}: {finding.message}" for finding in findings]
        super().__init__("The release lacks components that the former one had:\n" + "\n".join(lines))


class Omission(t.NamedTuple):
    """A component that is missing, with the objects that the plan removes and those that only stay behind."""

    component: str
    removed: tuple[str, ...]
    left: tuple[str, ...]

    def finding(self, is_allowed: bool) -> Finding:
        parts = [f"{_listed(objects)} {what}" for objects, what in self._fates() if objects]
        return registry.COMPONENT_REMOVED.found(
            f"component {self.component}",
            f"this release does not have it, so {', and '.join(parts)}",
            (*self.removed, *self.left),
            next_step=ALLOWED if is_allowed else "",
        )

    def _fates(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        be, stay = ("is" if len(self.removed) == 1 else "are"), ("stays" if len(self.left) == 1 else "stay")
        return (self.removed, f"{be} removed"), (self.left, f"{stay} without being declared any more")


def components_of(record: Record) -> dict[str, list[str]]:
    """Which objects each component of a recorded release brought; empty for a record that does not say it."""
    return dict(record.about.get(COMPONENTS) or {})


def omissions(former: t.Iterable[Record], release: Release, plan: Plan) -> list[Omission]:
    """The components of the `former` releases that this one lacks, unless their objects came into other components."""
    declared = {_plain(manifest) for manifest in release.manifests}
    pruned = {_plain(step.live) for step in plan.doing(PRUNE) if step.live}
    missing: dict[str, dict[str, None]] = {}
    for record in former:
        for component, objects in components_of(record).items():
            gone = [name for name in objects if name not in declared]
            if component not in release.components and gone:
                missing.setdefault(component, {}).update(dict.fromkeys(gone))
    return [
        Omission(
            component,
            tuple(name for name in objects if name in pruned),
            tuple(name for name in objects if name not in pruned),
        )
        for component, objects in sorted(missing.items())
    ]


def removals(
    former: t.Iterable[Record], release: Release, plan: Plan, allowed: t.Collection[str], check: bool
) -> list[Finding]:
    """What goes with components that this release lacks. Raises ComponentsMissing for those not `allowed`, unless
    it is only a `check`.
    """
    findings = {each.component: each.finding(each.component in allowed) for each in omissions(former, release, plan)}
    refused = [finding for component, finding in findings.items() if component not in allowed]
    if refused and not check:
        raise ComponentsMissing(refused)
    return list(findings.values())


def _plain(manifest: Manifest) -> str:
    """The object as its component names it, without what tells the content."""
    name = plainly(manifest)
    return plain_name(name) if is_named_by_content(manifest) else name


def _listed(objects: t.Sequence[str], most: int = 5) -> str:
    more = f" and {len(objects) - most} more" if len(objects) > most else ""
    return ", ".join(objects[:most]) + more
