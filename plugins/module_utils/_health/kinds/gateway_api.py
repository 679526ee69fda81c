# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gateway API: conditions for each listener, parent and ancestor, each of the newest generation. Pure."""

from __future__ import annotations

import typing as t

from .state import READY, Live, Rule, State, condition, generation_of, older, spec_of, status_of, words_of

GROUP = "gateway.networking.k8s.io"
SOURCE = "https://gateway-api.sigs.k8s.io/geps/gep-1364/"


def _gateway(live: Live) -> State:
    listeners = {entry.get("name"): entry for entry in status_of(live).get("listeners") or ()}
    own = unmet(live, live, ("Accepted", "Programmed"))
    declared = (listener.get("name") for listener in spec_of(live).get("listeners") or ())
    parts = (
        f"listener {name}: {what}"
        for name in declared
        if name in listeners and (what := unmet({"status": listeners[name]}, live, ("Accepted", "ResolvedRefs")))
    )
    return State(own or next(parts, ""))


def unmet(holder: Live, live: Live, kinds: t.Iterable[str], is_needed: bool = False) -> str:
    """What is missing of these conditions, each told of the newest generation.

    `holder` is a part of the status; without `is_needed` a listener's condition may be absent.
    """
    is_whole = holder is live or is_needed
    for kind in kinds:
        found = condition(holder, kind)
        if found.get("status") != "True" and (found or is_whole):
            return words_of(found, f"its condition {kind} is not reported yet")
        outdated = older(found.get("observedGeneration", generation_of(live)), live)
        if outdated:
            return outdated
    return ""


def parents_of(route: Live) -> list[tuple[Live, list[Live]]]:
    """Each parent that a route names, with what the controllers say of it; what is said of others is outdated."""
    told = status_of(route).get("parents") or ()
    namespace = route["metadata"].get("namespace", "")
    return [
        (parent, [entry for entry in told if _same(parent, entry.get("parentRef") or {}, namespace)])
        for parent in spec_of(route).get("parentRefs") or ()
    ]


def _same(one: Live, other: Live, namespace: str) -> bool:
    return _identity(one, namespace) == _identity(other, namespace)


def _identity(parent: Live, namespace: str) -> tuple[t.Any, ...]:
    return (
        parent.get("group", GROUP),
        parent.get("kind", "Gateway"),
        parent.get("namespace") or namespace,
        parent.get("name"),
        parent.get("sectionName") or "",
        parent.get("port") or 0,
    )


def _route(live: Live) -> State:
    """Each parent that the route names tells of it separately."""
    for _parent, told in parents_of(live):
        if not told:
            return State("not every gateway has taken it yet")
        for entry in told:
            what = unmet({"status": entry}, live, ("Accepted", "ResolvedRefs"), is_needed=True)
            if what:
                return State(what)
    return READY


def _class(live: Live) -> State:
    return State(unmet(live, live, ("Accepted",)))


def policy(live: Live) -> State:
    """A policy is accepted for each target by whoever serves that; nobody has to tell of it before."""
    for ancestor in status_of(live).get("ancestors") or ():
        what = unmet({"status": ancestor}, live, ("Accepted",))
        if what:
            return State(what)
    return READY


ROUTE = Rule(
    _route,
    "For every parent that it names (parentRefs), Accepted and ResolvedRefs are True of its newest generation; what is "
    "said of parents that it names no more does not count",
    "A parent does not accept it or does not find its backends for a minute",
    "A parent has not told of it yet",
    SOURCE,
)
POLICY = Rule(
    policy,
    "Every ancestor that tells of it has Accepted True of its newest generation",
    waited="An ancestor does not accept it",
    source="https://gateway-api.sigs.k8s.io/geps/gep-713/",
)
RULES: dict[str, Rule] = {
    f"Gateway.{GROUP}": Rule(
        _gateway,
        "Accepted and Programmed are True, and so are Accepted and ResolvedRefs of each listener, all of its newest "
        "generation",
        "A listener or the gateway is refused for a minute",
        "Its controller has not told of it, or has no address yet",
        SOURCE,
    ),
    f"GatewayClass.{GROUP}": Rule(
        _class,
        "Accepted is True of its newest generation",
        waited="Its controller has not taken it",
        source=SOURCE,
    ),
    **{f"{kind}.{GROUP}": ROUTE for kind in ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute")},
    f"BackendTLSPolicy.{GROUP}": POLICY,
    f"ReferenceGrant.{GROUP}": Rule(
        lambda _live: READY, "As soon as the API server has it", source=SOURCE, static=True
    ),
}
