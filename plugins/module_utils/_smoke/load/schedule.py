# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load before it starts: which requests, how many, when each of them is due. Pure."""

from __future__ import annotations

import dataclasses
import itertools
import math
import typing as t

from ..http.request import NotAllowed, Url

MAX_REQUESTS = 600_000
"""Requests of one run, extensions included: what is kept of each (35 bytes) stays below 25 MiB."""


@dataclasses.dataclass(frozen=True)
class Request:
    """One kind of request of the mix: its bytes, the answers that are right, and how often it comes."""

    name: str
    method: str
    wire: bytes
    statuses: frozenset[int] = frozenset({200})
    weight: int = 1


@dataclasses.dataclass(frozen=True)
class LoadPlan:
    """`rate` requests a second for `seconds`, after `warm_up` seconds of the same that do not count.

    `timeout` is for each request, from when it was due; `connections` is how many may be open at once, and `least` how
    many are before one of them is used again.
    """

    url: Url
    requests: tuple[Request, ...]
    rate: float
    seconds: float
    warm_up: float = 2.0
    timeout: float = 10.0
    connections: int = 256
    least: int = 1

    @property
    def count(self) -> int:
        """Requests that count."""
        return max(1, round(self.rate * self.seconds))

    @property
    def warming(self) -> int:
        """Requests before those."""
        return round(self.rate * self.warm_up)


def refuse_excess(plan: LoadPlan, max_rate: float, extensions: int = 0) -> None:
    """Raises NotAllowed for a rate above the limit, and for a run that is longer than one may be."""
    if plan.rate > max_rate:
        raise NotAllowed(f"{plan.rate:g} requests/s are more than the {max_rate:g} that are allowed (max_rate)")
    if not (plan.rate > 0 and plan.seconds > 0 and plan.timeout > 0 and plan.warm_up >= 0 and plan.connections > 0):
        raise NotAllowed("a load needs a rate, seconds, a timeout and connections above 0")
    if extensions < 0:
        raise NotAllowed(f"a load cannot go on {extensions} times (extensions)")
    total = plan.warming + plan.count * (1 + extensions)
    if total > MAX_REQUESTS:
        raise NotAllowed(f"{total} requests with the extensions are more than the {MAX_REQUESTS} of one run")


def mixed(requests: t.Sequence[Request]) -> t.Iterator[Request]:
    """The requests for ever, each as often as its weight says and spread as evenly as can be (smooth round robin)."""
    weights = [request.weight for request in requests]
    divisor = math.gcd(*weights)
    total = sum(weights)
    credit = [0] * len(requests)
    order = []
    for _turn in range(total // divisor):
        credit = [have + weight for have, weight in zip(credit, weights, strict=True)]
        chosen = max(range(len(requests)), key=credit.__getitem__)
        credit[chosen] -= total
        order.append(requests[chosen])
    return itertools.cycle(order)
