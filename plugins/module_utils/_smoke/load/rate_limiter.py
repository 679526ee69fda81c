# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves the rate limiter: above the limit the first 429 comes when the burst is used up, and the service stays up.

A token bucket that refills at `limit` and holds `burst` is empty after burst / (rate - limit) seconds. Each replica of
an ingress controller has a bucket of its own, so with `replicas` both count that many times. A limiter that holds
requests back for up to `delay` seconds before it refuses one (Traefik) lends that much of the refill in advance.

A bucket fills by when requests are sent, and the moment is told by when they were due. So being late moves the first
429 by no more than the refill meanwhile, and what goes beyond that stands however slow this machine was.
"""

from __future__ import annotations

import dataclasses
import math
import ssl
import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from .gates import SENT_LEAST
from .generator import Address, Load
from .recorder import KINDS, LIMITED, NEVER_SENT, OK, Recording
from .schedule import LoadPlan

AFTERWARDS = 1.0
"""Seconds to go on after the first 429: the service must still answer what the limiter lets through."""
PATIENCE = 1.5
"""How many times the expected moment to wait for."""

SPARE_DELAY = 0.1
"""Seconds that an answer may take beside being held back: connections are enough for that."""
NO_WORD = tuple(KINDS[kind] for kind in (OK, LIMITED, *NEVER_SENT))
"""Ends of requests that are no fault of the service."""


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

    def moved(self, rate: float, late: float) -> float:
        """Seconds by which the first 429 may come sooner or later when requests are sent so late."""
        above = rate - self.limit * self.replicas
        return late * self.limit * self.replicas / above if above > 0 else float("inf")

    def plan(self, plan: LoadPlan) -> LoadPlan:
        """The plan of a load, for as long as the proof may take."""
        seconds = self.expected(plan.rate) * PATIENCE + AFTERWARDS
        connections = max(plan.connections, math.ceil(plan.rate * (self.delay + SPARE_DELAY)))
        return dataclasses.replace(plan, seconds=seconds, warm_up=0.0, connections=connections)


@dataclasses.dataclass(frozen=True)
class Sent:
    """How the requests were sent: when the last was due, how late one was until the first 429, and the share of all."""

    last: float = float("inf")
    late: float = 0.0
    share: float = 1.0


class LimiterResult(t.NamedTuple):
    """When the first 429 came (None: never), what else was answered, and what is wrong with it."""

    first: float | None
    expected: float
    results: dict[str, int]
    findings: list[Finding]

    @property
    def undecided(self) -> bool:
        """Whether this machine was not fit for it."""
        return any(finding.id == registry.GENERATOR_OVERLOADED.id for finding in self.findings)

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        first = None if self.first is None else round(self.first, 3)
        return {"first_429": first, "expected": round(self.expected, 3), "results": self.results}


def measure_limit(
    limiter: Limiter, plan: LoadPlan, addresses: t.Sequence[Address], context: ssl.SSLContext | None
) -> LimiterResult:
    """Send more than the limit until it bites, and a second longer."""
    first: list[float] = []

    def enough(kind: int, due: float) -> bool:
        if kind == LIMITED and not first:
            first.append(due)
        return bool(first) and due > first[0] + AFTERWARDS

    with Load(limiter.plan(plan), addresses, context, enough=enough) as load:
        load.run(load.plan.count)
        recording, planned = load.recording, load.planned
    moment = first_limited(recording)
    results = recording.by_kind()
    findings = evaluate(limiter, plan.rate, moment, results, sent_of(recording, planned, moment))
    return LimiterResult(moment, limiter.expected(plan.rate), results, findings)


def first_limited(recording: Recording) -> float | None:
    """Seconds from the first request to the first that was answered 429, by when they were due."""
    begun = min(recording.due, default=0.0)
    limited = (due for due, kind in zip(recording.due, recording.kinds, strict=True) if kind == LIMITED)
    earliest = min(limited, default=None)
    return None if earliest is None else earliest - begun


def sent_of(recording: Recording, planned: int, first: float | None) -> Sent:
    """How the requests of a recording were sent."""
    begun, last = min(recording.due, default=0.0), max(recording.due, default=0.0)
    until = last if first is None else begun + first
    each = zip(recording.due, recording.begun, recording.kinds, strict=True)
    late = max((sent - due for due, sent, kind in each if due <= until and kind not in NEVER_SENT), default=0.0)
    return Sent(last - begun, late, recording.sent / max(1, planned))


def evaluate(
    limiter: Limiter, rate: float, first: float | None, results: t.Mapping[str, int], sent: Sent = Sent()
) -> list[Finding]:
    """What is wrong with a limiter that first answered 429 after so many seconds."""
    expected, moved = limiter.expected(rate), limiter.moved(rate, sent.late)
    counted = ", ".join(f"{count} {kind}" for kind, count in results.items())
    found = [*_misplaced(limiter, rate, first, counted)]
    off = sent.last - expected if first is None else abs(first - expected) - limiter.tolerance * expected
    doubts = [*_doubts(limiter, moved, sent, expected)] if off <= moved or sent.share < SENT_LEAST else []
    if doubts:
        found = [dataclasses.replace(finding, severity="warning") for finding in found]
    broken = {kind: count for kind, count in results.items() if kind not in NO_WORD}
    if broken and first is not None:
        reported = ", ".join(f"{count} {kind}" for kind, count in broken.items())
        text = f"beside 429 the service answered otherwise while it was limited: {reported}"
        found.append(registry.RATE_LIMIT_MISPLACED.found("service", text, (counted,)))
    return [*found, *doubts]


def _misplaced(limiter: Limiter, rate: float, first: float | None, counted: str) -> t.Iterator[Finding]:
    expected = limiter.expected(rate)
    setting = f"{limiter.limit:g}/s with a burst of {limiter.burst:g}, {limiter.replicas} times"
    if first is None:
        text = f"{rate:g} requests/s were all let through; at {setting} the first 429 was due after {expected:.2f} s"
        yield registry.RATE_LIMIT_MISSING.found("limiter", text, (counted,))
    elif abs(first - expected) > limiter.tolerance * expected:
        came = f"at {rate:g} requests/s the first 429 came after {first:.2f} s"
        text = f"{came}; at {setting} it is due after {expected:.2f} s"
        yield registry.RATE_LIMIT_MISPLACED.found("limiter", text, (counted,))


def _doubts(limiter: Limiter, moved: float, sent: Sent, expected: float) -> t.Iterator[Finding]:
    """Why the moment of the first 429 says nothing of the limiter."""
    if sent.share < SENT_LEAST:
        text = f"only {sent.share:.2%} of the planned requests were sent; {SENT_LEAST:.0%} is the least"
        yield registry.GENERATOR_OVERLOADED.found("limiter", text)
    elif moved > limiter.tolerance * expected:
        late = f"requests were sent up to {sent.late * 1000:.0f} ms late"
        text = f"{late}, which may have moved the first 429 by {moved:.2f} s"
        yield registry.GENERATOR_OVERLOADED.found("limiter", text)
