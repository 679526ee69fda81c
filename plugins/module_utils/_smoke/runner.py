# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One smoke run: checks, pods, the load, the rate limiter, availability; then one verdict over all of it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import ssl
import time
import typing as t

from .._findings import registry
from .._findings.finding import FAILED, INCONCLUSIVE, PASSED, Finding, verdict
from .._findings.registry import by_severity
from . import past_ingress
from .checks import addresses, availability, pod_coverage
from .checks.retry import CheckOutcome, findings_of, repeat_all
from .http.probe import Addresses, Asker, lookup
from .http.request import address_of, parse_url, wire
from .load import rate_limiter
from .load.measurement import measure
from .options import Prometheus, SmokePlan

Result = dict[str, t.Any]
DOWN = frozenset({registry.SERVICE_UNREACHABLE.id, registry.CERTIFICATE_UNTRUSTED.id})
"""What leaves nothing to ask further."""


@dataclasses.dataclass(frozen=True)
class Transport:
    """How to ask: trust, stand-in addresses, seconds for one answer and for all checks, and the pause between.

    Past the public way `told` names what is asked instead, `notes` say what that leaves open, and `signs` what became
    of the tunnel so far.
    """

    context: ssl.SSLContext
    resolve: t.Mapping[str, str]
    timeout: float = 10.0
    deadline: float = 20.0
    interval: float = 0.5
    only_checks: bool = False
    in_release: bool = False
    reported: str = ""
    notes: tuple[Finding, ...] = ()
    signs: t.Callable[[], past_ingress.Signs] = past_ingress.Signs


def run(
    smoke_plan: SmokePlan, expected: pod_coverage.Expected | None, transport: Transport, prometheus: Prometheus
) -> Result:
    """Everything that is wanted, in order; a load is only sent to a service that passed its checks."""
    begun = time.monotonic()
    ask = Asker(transport.context, transport.resolve, transport.timeout)
    found: list[Finding] = []
    result: Result = {"pods": {}, "load": {}, "limiter": {}, "availability": {}}
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="addresses") as pool:
        known = pool.submit(_known, smoke_plan, transport)
        outcomes = repeat_all(ask, smoke_plan.checks, transport.deadline, transport.interval)
        reached = known.result()
    found += [*findings_of(outcomes), *reached.findings]
    if not _is_down(found):
        each = _at_each(smoke_plan, transport, reached)
        found += findings_of(each)
        outcomes += each
    requests = sum(outcome.attempts for outcome in outcomes)
    undecided = not all(outcome.passed for outcome in outcomes)
    if expected is not None and smoke_plan.status and not _is_down(found):
        seen = pod_coverage.listen(ask, smoke_plan.status, wire(smoke_plan.status), expected, transport.deadline)
        found += pod_coverage.evaluate(seen, expected, smoke_plan.status)
        undecided = undecided or any(finding.id == registry.PODS_NOT_SEEN.id for finding in found)
        result["pods"] = seen.as_dict(expected)
        requests += seen.requests
    if not transport.only_checks and verdict(found) != FAILED:
        sent, is_open = _loads(smoke_plan, transport, reached.addresses, found, result)
        requests, undecided = requests + sent, undecided or is_open
    if not transport.only_checks:
        found += _availability(ask, prometheus, result)
    found, is_doubted = past_ingress.weighed([*found, *transport.notes], result["load"], transport.signs())
    word = verdict(found, not (undecided or is_doubted))
    return {
        "verdict": word,
        "findings": [finding.as_dict() for finding in by_severity(found)],
        "checks": [outcome.as_dict() for outcome in outcomes],
        **result,
        "requests": requests,
        "seconds": round(time.monotonic() - begun, 3),
        "msg": message(transport.reported or smoke_plan.url.origin, word, by_severity(found), result, len(outcomes)),
    }


def message(asked: str, word: str, found: t.Sequence[Finding], result: Result, checks: int) -> str:
    """One sentence that says it all, or all that is wrong."""
    reported = [finding.sentence() for finding in found if finding.severity != "note"]
    figures = f"{checks} checks passed{_load_in_words(result['load']) if result['load'] else ''}"
    if word == PASSED:
        return " ".join([f"{asked} serves: {figures}.", *reported])
    return " ".join([f"The smoke test of {asked} {'failed' if word == FAILED else 'is inconclusive'}.", *reported])


def _load_in_words(load: Result) -> str:
    latency = ", ".join(f"{name} {load['latency'][name] * 1000:.0f} ms" for name in ("p50", "p95", "p99"))
    return f"; {load['sent']} requests at {load['plan']['rate']:g}/s: {load['error_ratio']:.3%} errors, {latency}"


def _is_down(found: t.Iterable[Finding]) -> bool:
    return any(finding.id in DOWN for finding in found)


def _known(smoke_plan: SmokePlan, transport: Transport) -> addresses.Known:
    """The addresses of the service; through the API server there is but the one of the tunnel."""
    checks = () if transport.reported else smoke_plan.checks
    return addresses.known(smoke_plan.url, checks, transport.resolve, transport.timeout, lookup)


def _at_each(smoke_plan: SmokePlan, transport: Transport, reached: addresses.Known) -> list[CheckOutcome]:
    url = smoke_plan.url

    def asker(place: str) -> Asker:
        text = f"[{place}]" if ":" in place else place
        resolve = {**transport.resolve, f"{url.host}:{url.port}": f"{text}:{address_of(url, transport.resolve)[1]}"}
        return Asker(transport.context, resolve, transport.timeout)

    return addresses.at_each(reached, smoke_plan.checks, url, asker, transport.deadline, transport.interval)


def _loads(
    smoke_plan: SmokePlan, transport: Transport, targets: Addresses, found: list[Finding], result: Result
) -> tuple[int, bool]:
    """Send the load, then the proof of the limiter; return the number of requests, and whether it is left open."""
    if not smoke_plan.load and not smoke_plan.limiter:
        return 0, False
    if not targets:
        found.append(registry.SERVICE_UNREACHABLE.found("load", f"{smoke_plan.url.host} has no address"))
        return 0, False
    context = transport.context if smoke_plan.url.scheme == "https" else None
    sent, is_open = 0, False
    if smoke_plan.load:
        measured = measure(smoke_plan.load, smoke_plan.gates, targets, context, smoke_plan.extensions)
        found += measured.evaluation.findings
        result["load"] = measured.figures
        sent += measured.figures["sent"] + measured.figures["warm_up_requests"]
        is_excused = transport.in_release and measured.evaluation.is_generator_to_blame
        is_open = measured.evaluation.verdict == INCONCLUSIVE and not is_excused
    if smoke_plan.limiter and smoke_plan.limiter_plan:
        smoke_result = rate_limiter.measure_limit(smoke_plan.limiter, smoke_plan.limiter_plan, targets, context)
        found += smoke_result.findings
        result["limiter"] = smoke_result.as_dict()
        sent += sum(smoke_result.results.values())
        is_open = is_open or smoke_result.undecided
    return sent, is_open


def _availability(ask: Asker, prometheus: Prometheus, result: Result) -> list[Finding]:
    value, why = None, ""
    if prometheus.url:
        reply = availability.ask_prometheus(ask, prometheus.url, prometheus.query, prometheus.headers)
        value = availability.value_of(reply)
        result["availability"] = {"query": prometheus.query, "ratio": value, "target": prometheus.target}
        where = str(parse_url(prometheus.url)).rstrip("/")
        why = "" if value is not None else f"{where}: {reply.error or f'{reply.status}, no value'}"
    found = availability.evaluate(value, prometheus.target, prometheus.days, why)
    return [found] if found else []
