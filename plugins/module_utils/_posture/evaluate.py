# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the objects of a release to findings: what breaks a rule, and whether the release meant it so."""

from __future__ import annotations

import dataclasses

from .._findings import registry
from .._findings.finding import Finding
from .._health.facts import Live
from . import permissions, rules_availability
from .rules import PERMISSIONS, RULES, Rule
from .view import View, Violation, displayed

AGAIN, TAKEOVER = "Deploy again", "with maestro_takeover (another manager holds the field)"


@dataclasses.dataclass(frozen=True)
class Seen:
    """What was read of a release. `declared` are its manifests, `live` its objects and those that bear on it."""

    name: str
    namespace: str
    number: int
    declared: tuple[Live, ...]
    live: tuple[Live, ...]
    pods: tuple[Live, ...] = ()
    access: permissions.Access | None = None


def evaluate(seen: Seen) -> list[Finding]:
    """Each broken rule, errors first: an error where the live objects alone break it, a warning where the release
    declares it so, which somebody has decided.
    """
    live = View(seen.name, seen.namespace, seen.live, seen.pods)
    meant = View(seen.name, seen.namespace, _as_declared(seen))
    found = []
    for rule in RULES:
        intended = {(violation.object, violation.message, violation.container) for violation in rule.violations(meant)}
        for violation in rule.violations(live):
            chosen = (violation.object, violation.message, violation.container) in intended
            found.append(_finding(rule, violation, seen, chosen))
    if seen.access is not None:
        violations = permissions.violations(seen.declared, seen.access)
        found += [_finding(PERMISSIONS, violation, seen, chosen=False) for violation in violations]
    return registry.by_severity(found)


def _as_declared(seen: Seen) -> tuple[Live, ...]:
    """The manifests, and the Namespace as it is where it is not the release's: that is its owner's choice."""
    if any(item["kind"] == "Namespace" for item in seen.declared):
        return seen.declared
    return (*seen.declared, *(item for item in seen.live if item["kind"] == "Namespace"))


def _finding(rule: Rule, violation: Violation, seen: Seen, chosen: bool) -> Finding:
    when, who = ("", "") if chosen else _last_change(seen, violation.object)
    changed = f"{who} changed it last, at {when}" if who else ""
    cause, next_step = _origin(rule, violation, seen, chosen, who)
    return rule.finding_type.found(
        violation.object,
        f"{violation.message}. {rule.cost}",
        filter(None, (*violation.evidence, changed)),
        severity="warning" if chosen else "error",
        next_step=next_step,
        cause=cause,
        container=violation.container,
        since=when,
    )


def _origin(rule: Rule, violation: Violation, seen: Seen, chosen: bool, who: str) -> tuple[str, str]:
    """Where a breach comes from, and what to do about it."""
    if chosen:
        return f"Release {seen.number} declares it so.", rule.finding_type.next_step
    if violation.object not in {displayed(item) for item in seen.declared}:
        return f"It is no object of release {seen.number}: somebody else made it.", _removal(violation.object)
    step = rule.finding_type.next_step.replace(AGAIN, f"{AGAIN} {TAKEOVER}", 1) if who else rule.finding_type.next_step
    return f"Release {seen.number} declares it otherwise: the cluster was changed since.", step


def _removal(name: str) -> str:
    kind, place = name.split(" ", 1)
    *namespace, own = place.split("/")
    command = " ".join(["kubectl delete", kind.lower(), own, *(f"-n {each}" for each in namespace)])
    return f"If nobody needs it: {command}. Else declare in the inventory what it is for."


def _last_change(seen: Seen, name: str) -> tuple[str, str]:
    """(when, which field manager) changed an object last, of those that are neither the release nor the cluster."""
    live = next((item for item in seen.live if displayed(item) == name), None)
    entries = [
        (str(entry["time"]), str(entry["manager"]))
        for entry in ((live or {}).get("metadata") or {}).get("managedFields") or ()
        if "time" in entry
        and not entry.get("subresource")
        and not str(entry.get("manager")).startswith(rules_availability.OURS)
    ]
    return max(entries, default=("", ""))
