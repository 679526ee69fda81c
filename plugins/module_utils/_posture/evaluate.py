# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the objects of a release to findings: what breaks a rule, and whether the release meant it so."""

from __future__ import annotations

import typing as t

from .._findings import registry
from .._findings.evaluation import Evaluation, apply_rules
from .._findings.finding import Finding
from .._health.facts import Live
from .._objects.manifest import displayed
from . import rules_availability
from .rules import RULES, PostureRule
from .snapshot import PostureSnapshot
from .view import PostureView
from .violation import Violation

AGAIN, TAKEOVER = "Deploy again", "with maestro_takeover (another manager holds the field)"


UNREAD_STEP = "Allow the account to read it, then validate again."


def evaluate(snapshot: PostureSnapshot) -> Evaluation:
    """The verdict on a release's live objects. What could not be read leaves it open where no rule is broken."""
    return apply_rules(snapshot, (_broken, _unread, _unread_access), complete=not snapshot.unavailable)


def _broken(snapshot: PostureSnapshot) -> t.Iterator[Finding]:
    """Each broken rule: an error where the live objects alone break it, a warning where the release declares it so."""
    live = PostureView(
        snapshot.name, snapshot.namespace, snapshot.live, snapshot.pods, snapshot.declared, snapshot.access
    )
    meant = PostureView(snapshot.name, snapshot.namespace, _as_declared(snapshot))
    for rule in RULES:
        intended = {(violation.object, violation.message, violation.container) for violation in rule.violations(meant)}
        for violation in rule.violations(live):
            chosen = (violation.object, violation.message, violation.container) in intended
            yield _finding(rule, violation, snapshot, chosen)


def _unread(snapshot: PostureSnapshot) -> t.Iterator[Finding]:
    for what, unavailable in snapshot.unavailable:
        message = f"It could not be read, so what depends on it was not judged: {unavailable.message}"
        yield registry.FACT_UNKNOWN.found(what, message, severity="warning", next_step=UNREAD_STEP)


def _unread_access(snapshot: PostureSnapshot) -> t.Iterator[Finding]:
    access = snapshot.access
    if access is not None and not access.is_known:
        message = (
            "What it may do is known in part only: the account that runs this may neither impersonate it nor read"
            f" every {' and '.join(access.unread)}"
        )
        about = f"ServiceAccount {access.namespace}/{access.account}"
        yield registry.FACT_UNKNOWN.found(about, message, next_step=UNREAD_STEP)


def _as_declared(snapshot: PostureSnapshot) -> tuple[Live, ...]:
    """The manifests, and the Namespace as it is where it is not the release's: that is its owner's choice."""
    if any(item["kind"] == "Namespace" for item in snapshot.declared):
        return snapshot.declared
    return (*snapshot.declared, *(item for item in snapshot.live if item["kind"] == "Namespace"))


def _finding(rule: PostureRule, violation: Violation, snapshot: PostureSnapshot, chosen: bool) -> Finding:
    when, who = ("", "") if chosen else _last_change(snapshot, violation.object)
    changed = f"{who} changed it last, at {when}" if who else ""
    cause, next_step = _origin(rule, violation, snapshot, chosen, who)
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


def _origin(
    rule: PostureRule, violation: Violation, snapshot: PostureSnapshot, chosen: bool, who: str
) -> tuple[str, str]:
    """Where a breach comes from, and what to do about it."""
    if chosen:
        return f"Release {snapshot.number} declares it so.", rule.finding_type.next_step
    if violation.object not in {displayed(item) for item in snapshot.declared}:
        return f"It is no object of release {snapshot.number}: somebody else made it.", _removal(violation.object)
    step = rule.finding_type.next_step.replace(AGAIN, f"{AGAIN} {TAKEOVER}", 1) if who else rule.finding_type.next_step
    return f"Release {snapshot.number} declares it otherwise: the cluster was changed since.", step


def _removal(name: str) -> str:
    kind, place = name.split(" ", 1)
    *namespace, own = place.split("/")
    command = " ".join(["kubectl delete", kind.lower(), own, *(f"-n {each}" for each in namespace)])
    return f"If nobody needs it: {command}. Else declare in the inventory what it is for."


def _last_change(snapshot: PostureSnapshot, name: str) -> tuple[str, str]:
    """(when, which field manager) changed an object last, of those that are neither the release nor the cluster."""
    live = next((item for item in snapshot.live if displayed(item) == name), None)
    entries = [
        (str(entry["time"]), str(entry["manager"]))
        for entry in ((live or {}).get("metadata") or {}).get("managedFields") or ()
        if "time" in entry
        and not entry.get("subresource")
        and not str(entry.get("manager")).startswith(rules_availability.OURS)
    ]
    return max(entries, default=("", ""))
