# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeats checks until each has succeeded often enough in a row, or the one deadline of all of them has come."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import time
import typing as t

from ..._findings import registry
from ..._findings.finding import PASSED, Finding, verdict
from ..._findings.registry import by_severity
from ..http.probe import Asker, Reply
from .assertions import Check, evaluate

AT_ONCE = 32
WAITED = 0.2
"""Seconds that a check waits for others to end before the deadline is theirs and not its own."""
SHORTEST = 0.1
"""Seconds that an attempt has at least, however near the deadline is."""


class CheckOutcome(t.NamedTuple):
    """What came of one check: whether it passed, the findings of its last failure, and the attempts it took."""

    check: Check
    passed: bool
    findings: tuple[Finding, ...]
    reply: Reply
    attempts: int
    failures: int
    seconds: float

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        displayed = self.reply.certificate
        days = (
            {"certificate_days": round((displayed.ends - time.time()) / 86_400, 1), "tls": displayed.version}
            if displayed
            else {}
        )
        return {
            "name": self.check.name,
            "url": str(self.check.url),
            "method": self.check.method,
            "verdict": PASSED if self.passed else verdict(self.findings, complete=False),
            "status": self.reply.status,
            "address": self.reply.address,
            "phases": dict(self.reply.phases),
            "error": self.reply.error,
            **days,
            "attempts": self.attempts,
            "failures": self.failures,
            "seconds": round(self.seconds, 3),
        }


def repeat_all(ask: Asker, checks: t.Sequence[Check], deadline: float, interval: float) -> list[CheckOutcome]:
    """Every check, several at once, with `deadline` seconds for all and `interval` between the attempts of one."""
    start = time.monotonic()
    end = start + deadline
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check") as pool:
        return list(pool.map(lambda check: _repeat(ask, check, start, end, interval), checks))


def findings_of(outcomes: t.Iterable[CheckOutcome]) -> list[Finding]:
    """The findings of the checks that did not pass."""
    return by_severity(finding for outcome in outcomes if not outcome.passed for finding in outcome.findings)


def _repeat(ask: Asker, check: Check, start: float, end: float, interval: float) -> CheckOutcome:
    begun = time.monotonic()
    attempts = failures = in_a_row = 0
    wrong: list[Finding] = []
    first_failure = ""
    while True:
        left = max(SHORTEST, end - time.monotonic())
        came, found = _attempt(ask, check, min(left, ask.timeout))
        if _is_cut_off(came, left < ask.timeout, end):
            if attempts:
                break
            if begun - start > WAITED:
                return CheckOutcome(check, False, (_not_asked(check),), came, 0, 0, time.monotonic() - begun)
        reply = came
        attempts += 1
        if found:
            wrong, in_a_row, failures = found, 0, failures + 1
            first_failure = first_failure or dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        else:
            in_a_row += 1
        if in_a_row >= check.successes or time.monotonic() + interval >= end:
            break
        time.sleep(interval)
    passed = in_a_row >= check.successes
    if not passed and not wrong:
        wrong = [_too_few(check, in_a_row)]
    reported = tuple(_with_count(finding, attempts, failures, first_failure) for finding in wrong)
    return CheckOutcome(check, passed, reported, reply, attempts, failures, time.monotonic() - begun)


def _attempt(ask: Asker, check: Check, timeout: float) -> tuple[Reply, list[Finding]]:
    """Send a check's request, after the one before it; the answer that decides, and what is wrong with it."""
    for each in (check.before, check):
        if each is not None:
            reply = ask(each.url, each.request, each.method, timeout)
            found = evaluate(each, reply, time.time())
            if found:
                break
    return reply, found


def _is_cut_off(reply: Reply, is_last: bool, end: float) -> bool:
    """Whether the deadline, and not the service, ended an attempt: what was found before says more."""
    return is_last and not reply.answered and time.monotonic() >= end


def _not_asked(check: Check) -> Finding:
    words = f"was not asked before the deadline: more than {AT_ONCE} checks at once took all the time"
    return dataclasses.replace(registry.RESPONSE_SLOW.found(check.name, words), severity="warning")


def _too_few(check: Check, good: int) -> Finding:
    words = f"answered as it should, but only {good} of {check.successes} times before the deadline"
    return registry.RESPONSE_SLOW.found(check.name, words)


def _with_count(finding: Finding, attempts: int, failures: int, since: str) -> Finding:
    counted = f"{failures} of {attempts} attempts failed"
    return dataclasses.replace(finding, evidence=(*finding.evidence, counted), since=since)
