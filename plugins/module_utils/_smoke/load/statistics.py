# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of a service from a number of requests: percentiles, and ratios with their bounds.

A ratio is judged by the exact binomial distribution (Clopper and Pearson, 1934), not by its estimate: 2 errors in 3000
requests are less than 0.1 %, and still no proof that the service keeps below 0.1 %. Errors are taken as independent;
where they come in bursts the true bounds are wider.
"""

from __future__ import annotations

import math
import typing as t

BELOW, ABOVE, OPEN = "below", "above", "open"
_NEGLIGIBLE = 1e-18
_BISECTIONS = 60


def percentile(ranked: t.Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of values in rising order: one of them, nothing in between; 0.0 of none."""
    if not ranked:
        return 0.0
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def at_most(count: int, of: int, ratio: float) -> float:
    """The probability of `count` events or fewer among `of`, each with the probability `ratio`."""
    if count >= of or ratio <= 0:
        return 1.0
    if count < 0 or ratio >= 1:
        return 0.0
    if count >= of * ratio:
        return 1.0 - _sum_up(count + 1, of, ratio)
    return _sum_down(count, of, ratio)


def at_least(count: int, of: int, ratio: float) -> float:
    """The probability of `count` events or more."""
    if count <= 0:
        return 1.0
    if count > of or ratio <= 0:
        return 0.0
    if ratio >= 1:
        return 1.0
    if count <= of * ratio:
        return 1.0 - _sum_down(count - 1, of, ratio)
    return _sum_up(count, of, ratio)


def compare(count: int, of: int, limit: float, risk: float = 0.05) -> str:
    """Whether the ratio behind `count` of `of` is surely below the limit, surely above, or open, at this risk of error.

    A limit of 0 means that none may happen, one of 1 or more that all may.
    """
    if limit >= 1:
        return BELOW
    if limit <= 0:
        return ABOVE if count else BELOW
    if at_most(count, of, limit) < risk:
        return BELOW
    return ABOVE if at_least(count, of, limit) < risk else OPEN


def bounds(count: int, of: int, risk: float = 0.05) -> tuple[float, float]:
    """The ratio's lower and upper bound, each of them wrong with this probability at most."""
    if not of:
        return 0.0, 1.0
    lower = 0.0 if count == 0 else _where(lambda ratio: at_least(count, of, ratio) >= risk)
    upper = 1.0 if count == of else _where(lambda ratio: at_most(count, of, ratio) < risk)
    return lower, upper


def requests_needed(limit: float, risk: float = 0.05) -> int:
    """How many requests without any error prove that their ratio is below the limit ("rule of three")."""
    if limit <= 0 or limit >= 1:
        return 1
    return math.floor(math.log(risk) / math.log1p(-limit)) + 1


def _where(true_above: t.Callable[[float], bool]) -> float:
    """The ratio from which on the condition holds."""
    low, high = 0.0, 1.0
    for _step in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if true_above(middle) else (middle, high)
    return high


def _term(count: int, of: int, ratio: float) -> float:
    ways = math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
    return math.exp(ways + count * math.log(ratio) + (of - count) * math.log1p(-ratio))


def _sum_down(count: int, of: int, ratio: float) -> float:
    """Terms `count`, `count`-1, ... 0, which fall where `count` lies below the mean."""
    term = _term(count, of, ratio)
    total, odds = term, (1 - ratio) / ratio
    for number in range(count, 0, -1):
        term *= number / (of - number + 1) * odds
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return min(total, 1.0)


def _sum_up(count: int, of: int, ratio: float) -> float:
    """Terms `count`, `count`+1, ... `of`, which fall where `count` lies above the mean."""
    term = _term(count, of, ratio)
    total, odds = term, ratio / (1 - ratio)
    for number in range(count, of):
        term *= (of - number) / (number + 1) * odds
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return min(total, 1.0)
