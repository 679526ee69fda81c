# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind that is known and how it is judged, by its API group and name. Pure."""

from __future__ import annotations

import typing as t

from ..._objects.group_kind import kind_of, plain
from . import cluster, conventions, gateway_api, operators, traffic, workloads
from .state import Live, Rule, State, deleting

BUILT_IN: dict[str, Rule] = {**workloads.RULES, **traffic.RULES, **cluster.RULES}
GATEWAY_API: dict[str, Rule] = gateway_api.RULES
OPERATORS: dict[str, Rule] = operators.RULES
EVERY_OTHER = conventions.EVERY_OTHER._replace(assess=operators.by_fields)
RULES: dict[str, Rule] = {**BUILT_IN, **GATEWAY_API, **OPERATORS}
PLAIN: dict[str, str] = {plain(kind): kind for kind in reversed(RULES)}
"""Which kind is meant where a name stands without its group: the first that has it."""


def rule_of(kind: str) -> Rule:
    """The rule of a kind; the conventions for one that nothing is known of."""
    return RULES.get(kind, EVERY_OTHER)


def state_of(live: Live) -> State:
    """What an object says of itself; one that is being deleted is never ready, whatever else it says."""
    gone = deleting(live)
    return State(failed=gone) if gone else rule_of(kind_of(live)).assess(live)


def is_static(manifest: Live) -> bool:
    """Whether there is nothing to watch: it is what it declares. A token that is to come is waited for."""
    return rule_of(kind_of(manifest)).static and not cluster.is_token(manifest)


def may_make_pods(manifest: Live) -> bool:
    """Whether its controller may make pods of which its status tells nothing: any kind of which nothing is known."""
    return kind_of(manifest) not in RULES


def name_of(kind: str) -> str:
    """The kind as a person is told of it: without its group where that leaves no doubt."""
    return plain(kind) if PLAIN.get(plain(kind), kind) == kind else kind


def every() -> t.Iterator[tuple[str, Rule]]:
    """Every kind that is known, in the order of the families."""
    yield from RULES.items()
