# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves the rate limiter: above the limit the first 429 comes when the burst is used up, and the service stays up.

A token bucket that refills at `limit` and holds `burst` is empty after burst / (rate - limit) seconds. Each replica of
an ingress controller has a bucket of its own, so with `replicas` both count that many times. A limiter that holds
requests back for up to `delay` seconds before it refuses one (Traefik) lends that much of the refill in advance.
"""

from __future__ import annotations

import dataclasses
import math
import ssl
import typing as t

from . import finding as kinds
from .figures import KINDS, LIMITED, OK
from .finding import Finding
from .load import Address, Load
from .plan import Plan

AFTERWARDS = 1.0
"""Seconds to go on after the first 429: the service must still answer what the limiter lets through."""
PATIENCE = 1.5
"""How many times the expected moment to wait for."""

SPARE_DELAY = 0.1
"""Seconds that an answer may take beside being held back: connections are enough for that."""


@dataclasses.dataclass(frozen=True)
class Limiter:
    """The limit as configured (requests a second and burst of one replica), and how far off it may be (a share)."""

    limit: float
    burst: float
    replicas: int = 1
    tolerance: float = 0.1
    delay: float = 0.0

    def expected(self, rate: float) -> float:
        """Seconds until the first 429 at this rate; infinite when the rate is within the limit."""
        above = rate - self.limit * self.replicas
        held = self.burst + self.limit * self.delay
        return held * self.replicas / above if above > 0 else float("inf")

    def plan(self, plan: Plan) -> Plan:
        """The plan of a load, for as long as the proof may take."""
        seconds = self.expected(plan.rate) * PATIENCE + AFTERWARDS
        connections = max(plan.connections, math.ceil(plan.rate * (self.delay + SPARE_DELAY)))
        return dataclasses.replace(plan, seconds=seconds, warm_up=0.0, connections=connections)


class Proof(t.NamedTuple):
    """When the first 429 came (None: never), what else was answered, and what is wrong with it."""

    first: float | None
    expected: float
    results: dict[str, int]
    findings: list[Finding]

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        first = None if self.first is None else round(self.first, 3)
        return {"first_429": first, "expected": round(self.expected, 3), "results": self.results}


def prove(limiter: Limiter, plan: Plan, addresses: t.Sequence[Address], context: ssl.SSLContext | None) -> Proof:
    """Send more than the limit until it bites, and a second longer."""
    first: list[float] = []

    def enough(kind: int, due: float) -> bool:
        if kind == LIMITED and not first:
            first.append(due)
        return bool(first) and due > first[0] + AFTERWARDS

    with Load(limiter.plan(plan), addresses, context, enough=enough) as load:
        load.run(load.plan.count)
        begun = min(load.recording.due, default=0.0)
        results = load.recording.by_kind()
        earliest = min(
            (due for due, kind in zip(load.recording.due, load.recording.kinds, strict=True) if kind == LIMITED),
            default=None,
        )
    moment = None if earliest is None else earliest - begun
    expected = limiter.expected(plan.rate)
    return Proof(moment, expected, results, judge(limiter, plan.rate, moment, results))


def judge(limiter: Limiter, rate: float, first: float | None, results: t.Mapping[str, int]) -> list[Finding]:
    """What is wrong with a limiter that first answered 429 after so many seconds."""
    expected = limiter.expected(rate)
    counted = ", ".join(f"{count} {kind}" for kind, count in results.items())
    setting = f"{limiter.limit:g}/s with a burst of {limiter.burst:g}, {limiter.replicas} times"
    if first is None:
        text = f"{rate:g} requests/s were all let through; at {setting} the first 429 was due after {expected:.2f} s"
        return [kinds.RATE_LIMIT_MISSING.of("limiter", text, counted)]
    found = []
    if abs(first - expected) > limiter.tolerance * expected:
        came = f"at {rate:g} requests/s the first 429 came after {first:.2f} s"
        text = f"{came}; at {setting} it is due after {expected:.2f} s"
        found.append(kinds.RATE_LIMIT_MISPLACED.of("limiter", text, counted))
    broken = {kind: count for kind, count in results.items() if kind not in (KINDS[OK], KINDS[LIMITED])}
    if broken:
        told = ", ".join(f"{count} {kind}" for kind, count in broken.items())
        text = f"beside 429 the service answered otherwise while it was limited: {told}"
        found.append(kinds.RATE_LIMIT_MISPLACED.of("service", text, counted))
    return found
