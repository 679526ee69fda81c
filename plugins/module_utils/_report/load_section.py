# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load measured, as a part of the page: its figures beside their limits, its pictures, and these in figures."""

from __future__ import annotations

import typing as t

from .._findings.finding import INCONCLUSIVE, PASSED
from .html import Html, tag
from .latency_chart import RANKS, digits, latencies, spoken
from .rate_chart import TRACES, failures, rates, slots_of

Values = t.Mapping[str, t.Any]
Badge = t.Callable[[str], Html]
WORDS: dict[str, tuple[str, t.Callable[[float], str]]] = {
    "error_ratio": ("errors", lambda value: f"{digits(value * 100)} %"),
    **{rank: (f"answered, {rank}", spoken) for rank in RANKS},
    "throughput": ("good answers", lambda value: f"{digits(value)}/s"),
    "sent": ("sent of what was planned", lambda value: f"{value * 100:.4g} %"),
    "lateness_p99": ("sent late, p99", spoken),
    "cpu": ("processor core taken", lambda value: f"{digits(value * 100)} %"),
    "limited": ("answered 429", lambda value: f"{digits(value * 100)} %"),
}
"""What each gate and each self-check is called, and how its value is written."""
LEAST = ("throughput", "sent")
"""Those of which the limit is the least, not the most."""


class Row(t.NamedTuple):
    """A figure with its limit and what came of it, where it has one."""

    name: str
    value: str
    limit: str = ""
    verdict: str = ""


def loading(name: str, title: str, load: Values, badge: Badge) -> Html | None:
    """The section of one load; None without one. `name` is its own on the page, `badge` writes a verdict."""
    if not load.get("plan"):
        return None
    slots = slots_of(load.get("series") or {})
    pictures = {
        "How long answers took": latencies(f"{name}-latency", load),
        "Requests a second": rates(f"{name}-rate", slots),
        "Failed requests a second": failures(f"{name}-failed", slots),
    }
    return tag(
        "section",
        tag("h2", f"{title}: what the load measured"),
        tag("p", summary(load), class_="quiet"),
        _table(rows(load), badge),
        *(tag("figure", tag("figcaption", head), displayed) for head, displayed in pictures.items() if displayed),
        _in_figures(load, slots),
        class_="load",
    )


def summary(load: Values) -> str:
    """What was sent where, in a sentence."""
    plan = load["plan"]
    seconds = f"{plan['seconds']:g} s" + (f", extended {load['extensions']} times" if load.get("extensions") else "")
    mix = ", ".join(plan["requests"])
    return (
        f"{load['sent']:,} requests ({mix}) to {plan['url']} at {plan['rate']:,g}/s for {seconds}, after a warm-up of "
        f"{load['warm_up_requests']:,} that do not count."
        f"{' It stopped by itself, because it did harm.' if load.get('stopped') else ''}"
    )


def rows(load: Values) -> list[Row]:
    """The figures: each gate, the other percentiles, and under which conditions they were taken."""
    gates = {gate["gate"]: gate for gate in load.get("gates") or []}
    latency = load.get("latency") or {}
    values = {"error_ratio": load.get("error_ratio", 0.0), **{rank: latency.get(rank, 0.0) for rank in RANKS}}
    values["throughput"] = load.get("throughput", 0.0)
    reported = [
        _evaluated(name, gates[name]["value"], gates[name]["limit"], gates[name]["verdict"])
        if name in gates
        else Row(WORDS[name][0], WORDS[name][1](value))
        for name, value in values.items()
    ]
    reported.append(Row("longest answer", spoken(latency.get("max", 0.0))))
    return reported + [
        _evaluated(check["check"], check["value"], check["limit"], PASSED if check["passed"] else INCONCLUSIVE)
        for check in load.get("self_checks") or []
    ]


def _evaluated(name: str, value: float, limit: float, verdict: str) -> Row:
    word, written = WORDS[name]
    return Row(word, written(value), f"{'least' if name in LEAST else 'most'} {written(limit)}", verdict)


def _table(figures: t.Sequence[Row], badge: Badge) -> Html:
    body = (
        tag(
            "tr",
            tag("th", row.name, scope="row"),
            tag("td", row.value, class_="number value"),
            tag("td", row.limit, class_="number bound"),
            tag("td", badge(row.verdict) if row.verdict else None, class_="outcome"),
        )
        for row in figures
    )
    names = (("Figure", None), ("Measured", "number"), ("Limit", "number"), ("Verdict", "outcome"))
    heads = (tag("th", name, scope="col", class_=kind) for name, kind in names)
    return tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="figures")


def _in_figures(load: Values, slots: t.Sequence[Values]) -> Html | None:
    """What the pictures are drawn from, without what is 0."""
    buckets = load.get("histogram") or []
    if not buckets and not slots:
        return None
    taken = [(f"up to {spoken(bucket['le'])}", f"{bucket['count']:,}") for bucket in buckets if bucket["count"]]
    over_time = [
        (
            f"{slot['second']:g} s",
            *(f"{slot[trace]:,}" for trace in TRACES),
            digits(slot["p95"] * 1000) if slot["p95"] else "",
            ", ".join(f"{count:,} {kind}" for kind, count in slot["failed"].items()),
        )
        for slot in slots
        if slot["failed"] or any(slot[trace] for trace in TRACES)
    ]
    names = ("from", "planned", "sent", "answered", "p95 ms", "failed")
    return tag(
        "details",
        tag("summary", "The same in figures"),
        tag("div", _plain(("took", "requests"), taken), _plain(names, over_time), class_="sheets"),
    )


def _plain(names: t.Sequence[str], lines: t.Sequence[t.Sequence[str]]) -> Html:
    heads = (tag("th", name, scope="col") for name in names)
    body = (tag("tr", *(tag("td", cell) for cell in line)) for line in lines)
    return tag("div", tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body)), class_="sheet")
