# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May the account do what the release does?"""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from .. import permissions
from ..permissions import Permission
from ..view import PreflightView


def check_permissions(view: PreflightView) -> t.Iterator[Finding]:
    """One finding for each kind, with all its verbs."""
    grants = set(_role_accesses(view))
    missing: dict[str, list[Permission]] = {}
    for each in view.snapshot.denied:
        if each not in grants:
            missing.setdefault(each.subject, []).append(each)
    for kind, denied in missing.items():
        verbs = ", ".join(dict.fromkeys(each.verb for each in denied))
        yield registry.PERMISSION_MISSING.found(
            f"{kind}{_where(denied[0])}",
            f"The account may not {verbs} {denied[0].resource}{_group(denied[0])}.",
            [_line(each) for each in denied],
        )


def check_escalation(view: PreflightView) -> t.Iterator[Finding]:
    """The API server refuses a Role that grants more than its author holds, unless the author may escalate."""
    denied = set(view.snapshot.denied)
    for each in permissions.escalations(view.needs):
        granted = permissions.granted_by_roles(view.needs)
        held_back = [grant for grant in granted if grant in denied and grant.subject == each.subject]
        if held_back and each in denied:
            yield registry.ROLE_ESCALATION.found(
                each.subject,
                "It grants what the account itself does not hold: "
                + "; ".join(f"{grant.verb} {grant.resource}{_group(grant)}" for grant in held_back)
                + ".",
                [_line(grant) for grant in held_back],
            )


def _role_accesses(view: PreflightView) -> list[Permission]:
    return [*permissions.granted_by_roles(view.needs), *permissions.escalations(view.needs)]


def _where(each: Permission) -> str:
    return f" in {each.namespace}" if each.namespace else ""


def _group(each: Permission) -> str:
    return f" of {each.group}" if each.group else ""


def _line(each: Permission) -> str:
    name = f" {each.name}" if each.name else ""
    return f"denied: {each.verb} {each.resource}{name}{_group(each)}{_where(each)}"


CHECKS = (check_permissions, check_escalation)
