# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the figures of a load to a verdict. Pure.

A gate is passed or failed only when the number of requests can bear it; between the two it is open. The load judges
itself as well: figures of a generator that was itself too slow prove nothing about the service.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._findings import registry
from ..._findings.evaluation import Evaluation
from ..._findings.finding import FAILED, INCONCLUSIVE, PASSED, Finding
from . import statistics
from .recorder import LIMITED, UNABLE, UNSENT, WRONG, Recording
from .saturation import Pace

GATES = ("error_ratio", "p50", "p95", "p99", "throughput")
RISK_FIRST, RISK_LATER = 0.05, 0.01
"""The risk of a wrong word at the first look, and at each look after an extension (looking again and again at 5 %
would add up)."""
SENT_LEAST, CPU_MOST, LIMITED_MOST = 0.99, 0.80, 0.001
LATENESS_FLOOR, LATENESS_SHARE = 0.005, 0.02
_VERDICTS = {statistics.BELOW: PASSED, statistics.ABOVE: FAILED, statistics.OPEN: INCONCLUSIVE}


@dataclasses.dataclass(frozen=True)
class Gate:
    """One limit and what came of it. `lower` and `upper` are the bounds of the ratio behind it."""

    gate: str
    limit: float
    value: float
    verdict: str
    lower: float | None = None
    upper: float | None = None
    requests_needed: int | None = None

    def as_dict(self) -> dict[str, t.Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


@dataclasses.dataclass(frozen=True)
class SelfCheck:
    """One condition under which the figures mean anything."""

    check: str
    limit: float
    value: float
    passed: bool


@dataclasses.dataclass(frozen=True)
class Measured:
    """A finished load: what was planned and recorded, answers a second, and what the generator itself used.

    `pace` is what the service can keep up, where that is known: the answers counted are no more than that.
    """

    recording: Recording
    planned: int
    throughput: float
    cpu_share: float
    harmful: bool = False
    rate: float = 0.0
    timeout: float = 10.0
    pace: Pace | None = None


@dataclasses.dataclass(frozen=True)
class LoadEvaluation(Evaluation):
    """The verdict of a load, its findings, every gate and every self-check."""

    gates: tuple[Gate, ...] = ()
    self_checks: tuple[SelfCheck, ...] = ()

    @property
    def is_generator_to_blame(self) -> bool:
        """Whether nothing was decided because this machine was too busy to send as planned."""
        unfit = {check.check for check in self.self_checks if not check.passed}
        return self.verdict == INCONCLUSIVE and bool(unfit) and "limited" not in unfit

    @property
    def undecided(self) -> bool:
        """Whether more requests could decide it."""
        fit = all(check.passed for check in self.self_checks)
        return fit and self.verdict == INCONCLUSIVE and any(gate.verdict == INCONCLUSIVE for gate in self.gates)


def evaluate(limits: t.Mapping[str, float], measured: Measured, risk: float = RISK_FIRST) -> LoadEvaluation:
    """Judge a load by its limits: error_ratio, p50, p95, p99 (seconds), throughput (good answers a second)."""
    gates = tuple(_gate(name, limits[name], measured, risk) for name in GATES if name in limits)
    checks = self_checks(limits, measured)
    doubts = [_doubt(check, measured) for check in checks if not check.passed]
    stands = _Stands(limits, measured, risk, doubts)
    findings = [_weighed(_gate_finding(gate, measured), stands.gate(gate)) for gate in gates if gate.verdict != PASSED]
    if measured.harmful:
        findings.append(_weighed(_stopped(measured), stands.stop()))
    if any(finding.severity == "error" for finding in findings):
        word = FAILED
    else:
        word = INCONCLUSIVE if doubts or findings else PASSED
    return LoadEvaluation(word, tuple(registry.by_severity([*doubts, *findings])), gates, checks)


def _weighed(finding: Finding, stands: bool) -> Finding:
    """A finding that may be the load's own doing, or chance, is a warning."""
    return finding if stands else dataclasses.replace(finding, severity="warning")


class _Stands(t.NamedTuple):
    """Which failures stand in spite of the doubts about the load itself: all of them where there are none.

    A wrong or broken answer is one however late its request was sent. A load that was fit but ran out of connections
    (which this machine could open) met a service that was too slow. Being late explains no more slowness than it is.
    """

    limits: t.Mapping[str, float]
    measured: Measured
    risk: float
    doubts: t.Sequence[Finding]

    def gate(self, gate: Gate) -> bool:
        if gate.verdict != FAILED:
            return False
        if not self.doubts or self._ran_out_of_connections:
            return True
        if gate.gate == "error_ratio":
            return self._is_wrong
        return (
            gate.gate != "throughput"
            and self._is_late
            and _slow_without_being_late(self.limits, self.measured, self.risk)
        )

    def stop(self) -> bool:
        """Whether the load stopped itself because of the service."""
        return not self.doubts or self._ran_out_of_connections or self._is_wrong

    @property
    def _is_late(self) -> bool:
        return [finding.object for finding in self.doubts] == ["lateness_p99"]

    @property
    def _is_wrong(self) -> bool:
        recording, limit = self.measured.recording, self.limits.get("error_ratio", 1.0)
        return statistics.compare(recording.count(*WRONG), recording.evaluated, limit, self.risk) == statistics.ABOVE

    @property
    def _ran_out_of_connections(self) -> bool:
        recording, doubted = self.measured.recording, [finding.object for finding in self.doubts]
        return doubted == ["sent"] and recording.count(UNSENT) > 0 and not recording.count(UNABLE)


def self_checks(limits: t.Mapping[str, float], measured: Measured) -> tuple[SelfCheck, ...]:
    """The conditions of belief: sent as planned, sent in time, a processor to do it, and no limiter in between.

    In time is relative: to the lowest limit of latency, and without any to the timeout, which then alone can be missed
    by being late.
    """
    recording = measured.recording
    total = max(1, len(recording))
    slowest = min((limits[name] for name in ("p50", "p95", "p99") if name in limits), default=measured.timeout)
    allowed = max(LATENESS_FLOOR, LATENESS_SHARE * slowest)
    sent = recording.sent / max(1, measured.planned)
    late = statistics.percentile(sorted(recording.lateness), 99)
    limited = recording.count(LIMITED) / total
    return (
        SelfCheck("sent", SENT_LEAST, round(sent, 6), sent >= SENT_LEAST),
        SelfCheck("lateness_p99", round(allowed, 6), round(late, 6), late <= allowed),
        SelfCheck("cpu", CPU_MOST, round(measured.cpu_share, 4), measured.cpu_share <= CPU_MOST),
        SelfCheck("limited", LIMITED_MOST, round(limited, 6), limited <= LIMITED_MOST),
    )


def _gate(name: str, limit: float, measured: Measured, risk: float) -> Gate:
    recording = measured.recording
    of = recording.evaluated
    if name == "throughput":
        return _throughput_gate(limit, measured)
    if name == "error_ratio":
        return _ratio_gate(name, limit, recording.errors, of, limit, recording.errors / max(1, of), risk)
    share = 1 - float(name[1:]) / 100
    value = statistics.percentile(recording.ranked(recording.latency), float(name[1:]))
    return _ratio_gate(name, limit, recording.slower(limit), of, share, value, risk)


def _throughput_gate(limit: float, measured: Measured) -> Gate:
    """Passed when enough answers were counted, or kept up; failed when even the least rise of a queue shows too few."""
    counted = measured.throughput
    pace = measured.pace or Pace(counted, counted)
    value = max(counted, pace.likely)
    word = PASSED if value >= limit else INCONCLUSIVE if pace.at_most >= limit else FAILED
    return Gate("throughput", limit, round(value, 3), word)


def _ratio_gate(name: str, limit: float, count: int, of: int, allowed: float, value: float, risk: float) -> Gate:
    """A gate that allows `allowed` of the requests to be wrong, of which `count` are."""
    lower, upper = statistics.bounds(count, of, risk)
    word = _VERDICTS[statistics.compare(count, of, allowed, risk)] if of else INCONCLUSIVE
    needed = statistics.requests_needed(allowed, risk)
    return Gate(name, limit, round(value, 6), word, round(lower, 6), round(upper, 6), needed)


def _slow_without_being_late(limits: t.Mapping[str, float], measured: Measured, risk: float) -> bool:
    """Whether a limit of latency is missed even without all that the load's own lateness may have added.

    How late a request was sent is known. Its answer can have been read as late as any request was sent, which shows
    when the next one is due.
    """
    recording = measured.recording
    added = max(recording.lateness) + (1 / measured.rate if measured.rate else 0.0)
    shares = {limits[name] + added: 1 - float(name[1:]) / 100 for name in ("p50", "p95", "p99") if name in limits}
    return any(
        statistics.compare(recording.busy(limit), recording.evaluated, share, risk) == statistics.ABOVE
        for limit, share in shares.items()
    )


def _gate_finding(gate: Gate, measured: Measured) -> Finding:
    recording = measured.recording
    figures = f"{gate.gate} {gate.value:g}, limit {gate.limit:g}, of {recording.evaluated} requests"
    if gate.verdict == INCONCLUSIVE and gate.gate == "throughput":
        most = measured.pace.at_most if measured.pace else gate.value
        text = f"{gate.value:g} good answers/s were kept up, or {most:g}; at least {gate.limit:g} are wanted"
        return registry.SAMPLE_TOO_SMALL.found(gate.gate, text, (figures,))
    if gate.verdict == INCONCLUSIVE:
        text = (
            f"between {gate.lower:.3%} and {gate.upper:.3%} of the requests miss the limit, as far as "
            f"{recording.evaluated} requests can tell. Without any miss {gate.requests_needed} would be enough"
        )
        return registry.SAMPLE_TOO_SMALL.found(gate.gate, text, (figures,))
    said = [f"{kind}: {text}" for kind, text in sorted(recording.said.items())]
    if gate.gate == "error_ratio":
        counts = ", ".join(
            f"{count} {kind}" for kind, count in recording.by_kind().items() if kind not in ("ok", "429", "unable")
        )
        text = f"{gate.value:.3%} of {recording.evaluated} requests failed ({counts}); {gate.limit:.3%} may"
        return registry.ERROR_RATIO_HIGH.found(gate.gate, text, (figures, *said))
    if gate.gate == "throughput":
        text = f"{gate.value:g} good answers/s of {measured.rate:g} requests/s; at least {gate.limit:g} are wanted"
        return registry.THROUGHPUT_LOW.found(gate.gate, text, (figures, *said))
    lost = f"; {recording.unanswered} that got no answer count as slower" if recording.unanswered else ""
    text = (
        f"{gate.gate} is {gate.value:.3f} s, counted from when requests were due{lost}; {gate.limit:g} s is the limit"
    )
    return registry.LATENCY_HIGH.found(gate.gate, text, (figures,))


def _doubt(check: SelfCheck, measured: Measured) -> Finding:
    if check.check == "limited":
        text = f"{check.value:.2%} of the requests were answered 429: the rate limiter was measured, not the service"
        return registry.LOAD_RATE_LIMITED.found("limited", text)
    value, limit = check.value, check.limit
    meaning = {
        "sent": f"only {value:.2%} of {measured.planned} planned requests were sent; {limit:.0%} is the least",
        "lateness_p99": f"requests were sent {value * 1000:.1f} ms late (p99); {limit * 1000:.1f} ms is the most",
        "cpu": f"sending took {value:.0%} of a processor core; {limit:.0%} is the most",
    }[check.check]
    said = [text for kind, text in measured.recording.said.items() if kind in ("unsent", "unable")]
    return registry.GENERATOR_OVERLOADED.found(check.check, meaning, said)


def _stopped(measured: Measured) -> Finding:
    recording = measured.recording
    said = [f"{kind}: {text}" for kind, text in sorted(recording.said.items())]
    text = f"more than half of two seconds' requests failed, so the load stopped after {len(recording)} requests"
    return registry.LOAD_STOPPED.found("load", text, said)
