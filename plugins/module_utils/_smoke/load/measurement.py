# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load from its start to its judgement: send, judge, and while the figures leave it open send as much again."""

from __future__ import annotations

import dataclasses
import ssl
import typing as t

from .gates import RISK_FIRST, RISK_LATER, LoadEvaluation, Measured, evaluate
from .generator import Address, Load
from .histogram import histogram, series
from .recorder import KINDS, OK, percentiles
from .saturation import Pace, pace_of
from .schedule import LoadPlan


class Measurement(t.NamedTuple):
    """What came of a load: the judgement, and the figures as plain values for a module's result."""

    evaluation: LoadEvaluation
    figures: dict[str, t.Any]


def measure(
    plan: LoadPlan,
    limits: t.Mapping[str, float],
    addresses: t.Sequence[Address],
    context: ssl.SSLContext | None,
    extensions: int = 3,
) -> Measurement:
    """Send the load and judge it; extend it by its own length while it is open, `extensions` times at most."""
    with Load(plan, addresses, context) as load:
        load.run(plan.count, plan.warming)
        throughput = _throughput(load)
        pace = pace_of(load.recording, 0, plan.rate)
        evaluation = evaluate(limits, _measured(load, throughput, pace), RISK_FIRST)
        extended = 0
        while evaluation.undecided and extended < extensions and not load.stopped:
            first = len(load.recording)
            load.run(plan.count)
            extended += 1
            pace = pace.better(pace_of(load.recording, first, plan.rate))
            evaluation = evaluate(limits, _measured(load, throughput, pace), RISK_LATER)
        return Measurement(evaluation, _figures(load, evaluation, throughput, extended))


def _measured(load: Load, throughput: float, pace: Pace) -> Measured:
    share, plan = load.cpu / load.wall if load.wall else 0.0, load.plan
    return Measured(load.recording, load.planned, throughput, share, load.harmful, plan.rate, plan.timeout, pace)


def _throughput(load: Load) -> float:
    """Good answers a second while requests of the first stretch were due, those to the warm-up's last among them."""
    recording = load.recording
    if not len(recording):
        return 0.0
    begin = min(recording.due)
    end = begin + load.planned / load.plan.rate
    if len(load.warming):
        return (recording.completed(begin, end) + load.warming.completed(begin, end)) / (end - begin)
    return recording.count(OK) / (max(end, *recording.ended) - begin)


def _figures(load: Load, evaluation: LoadEvaluation, throughput: float, extended: int) -> dict[str, t.Any]:
    recording, plan = load.recording, load.plan
    latency = recording.ranked(recording.latency)
    return {
        "verdict": evaluation.verdict,
        "plan": {
            "url": str(plan.url),
            "rate": plan.rate,
            "seconds": plan.seconds,
            "warm_up": plan.warm_up,
            "timeout": plan.timeout,
            "connections": plan.connections,
            "requests": {request.name: request.weight for request in plan.requests},
        },
        "gates": [gate.as_dict() for gate in evaluation.gates],
        "self_checks": [dataclasses.asdict(check) for check in evaluation.self_checks],
        "planned": load.planned,
        "sent": recording.sent,
        "warm_up_requests": len(load.warming),
        "results": {kind: recording.by_kind().get(kind, 0) for kind in KINDS},
        "failures": dict(recording.names.most_common(20)),
        "said": dict(recording.said),
        "error_ratio": round(recording.errors / max(1, recording.evaluated), 6),
        "throughput": round(throughput, 3),
        "latency": percentiles(latency),
        "service_time": percentiles(recording.ranked(recording.service)),
        "lateness": percentiles(sorted(recording.lateness)),
        "histogram": histogram(latency),
        "series": series(recording),
        "connections": {
            "opened": load.opened,
            "most": load.most_open,
            "resent": load.resent,
            "requests_each": round((len(recording) + len(load.warming)) / max(1, load.opened), 1),
        },
        "pods": dict(recording.pods),
        "generator_cpu": round(load.cpu / load.wall, 4) if load.wall else 0.0,
        "extensions": extended,
        "stopped": load.stopped,
        "seconds": round(load.wall, 3),
    }
