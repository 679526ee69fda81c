# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report holds: checks with their verdicts and findings, and how the pods came up. Plain values, no API."""

from __future__ import annotations

import dataclasses
import typing as t

from .._findings.finding import FAILED, INCONCLUSIVE, PASSED, SEVERITIES, Finding
from .._health.progress import Moment
from .._redaction.mask import Mask
from .._text.printable import one_line, printable_values
from .timeline import moments_of

SCHEMA = 1
"""Grows when a key of the JSON report changes its meaning or goes."""
SKIPPED = "skipped"
GRAVITY = (FAILED, INCONCLUSIVE, PASSED, SKIPPED)
"""Verdicts, the gravest first."""
TITLES = {
    "prerequisites": "Prerequisites",
    "health": "Health",
    "posture": "Posture",
    "drift": "Drift",
    "smoke": "Smoke test",
    "release": "Release",
    "rollback": "Automatic rollback",
}
FIELDS = tuple(field.name for field in dataclasses.fields(Finding))
Values = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """One check: its verdict, its sentence for a person, the seconds that it took, the rules that it went through."""

    name: str
    verdict: str
    msg: str
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    rules: tuple[tuple[str, str, str], ...] = ()
    """(id, what is demanded, verdict) of each rule, for a check that has some."""
    load: Values = dataclasses.field(default_factory=dict)
    """The figures of the load that the smoke test sent, as the module smoke returns them; empty without one."""

    @property
    def title(self) -> str:
        return TITLES.get(self.name, self.name.replace("_", " ").capitalize())

    @property
    def headline(self) -> str:
        """The sentence on one line: of several, the first, with the first error unless it tells that already."""
        first, *others = self.msg.strip().split("\n")
        if not others:
            return first
        reported = self.of("error") or self.of("warning")
        if not reported or reported[0].sentence() in first:
            return first.rstrip(":")
        return f"{first.rstrip(':')}: {reported[0].sentence()}"

    def of(self, severity: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == severity]

    def counts(self) -> str:
        """`2 errors, 1 note`; an empty string without any finding."""
        numbers = [(len(self.of(severity)), severity) for severity in SEVERITIES]
        return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in numbers if number)


@dataclasses.dataclass(frozen=True)
class Report:
    """All checks of one release on one cluster. `made` is UTC, ISO 8601; `number` is 0 where no release is known."""

    release: str
    namespace: str
    host: str
    made: str
    checks: tuple[CheckResult, ...]
    number: int = 0
    timeline: tuple[Moment, ...] = ()

    @property
    def verdict(self) -> str:
        """The gravest of the checks; inconclusive when none ran."""
        ran = [check.verdict for check in self.checks if check.verdict != SKIPPED]
        return min(ran, key=GRAVITY.index, default=INCONCLUSIVE)

    @property
    def worst(self) -> CheckResult | None:
        """The first of the gravest checks, None where all is well."""
        grave = [check for check in self.checks if check.verdict in (FAILED, INCONCLUSIVE)]
        return min(grave, key=lambda check: GRAVITY.index(check.verdict), default=None)

    @property
    def seconds(self) -> float:
        return round(sum(check.seconds for check in self.checks), 3)

    def subject(self) -> str:
        """`Release 12 of maestro in maestro-system on eks-prod`."""
        number = f"Release {self.number} of " if self.number else ""
        return f"{number}{self.release} in {self.namespace} on {self.host}"

    def sentence(self) -> str:
        """The verdict in one sentence, with what the worst check says."""
        if self.worst is None:
            if not any(check.verdict == PASSED for check in self.checks):
                return f"{self.subject()}: nothing was checked."
            warnings = sum(len(check.of("warning")) for check in self.checks)
            reported = f" with {warnings} warning{'' if warnings == 1 else 's'}" if warnings else ""
            return f"{self.subject()} passed every check{reported}."
        worst = f"{self.worst.title.lower()} {self.worst.verdict}. {self.worst.headline.rstrip('.')}"
        others = sum(check.verdict in (FAILED, INCONCLUSIVE) for check in self.checks) - 1
        more = f" {others} more check{'' if others == 1 else 's'} did not pass." if others else ""
        return f"{self.subject()}: {worst}.{more}"

    def as_dict(self) -> dict[str, t.Any]:
        """The JSON report."""
        return {
            "schema": SCHEMA,
            "release": {"name": self.release, "namespace": self.namespace, "number": self.number, "host": self.host},
            "made": self.made,
            "verdict": self.verdict,
            "msg": self.sentence(),
            "seconds": self.seconds,
            "checks": [_check_as_dict(check) for check in self.checks],
            "timeline": [moment.as_dict() for moment in self.timeline],
        }


def report_of(about: Values, results: t.Mapping[str, Values], secrets: t.Mapping[str, str] | None = None) -> Report:
    """From what modules returned. `about` has release, namespace, host, made; `results` a result for each check.

    A value of `secrets` is replaced by its name wherever it stands, in any usual form. What only looks like a secret
    was taken out of log lines by who fetched them; here it would hide what a finding is about. Text is printable in
    every form of the report.
    """
    mask = Mask(secrets or {})
    displayed = {name: printable_values(mask.without_known(result)) for name, result in results.items()}
    checks = tuple(check_of(name, result) for name, result in displayed.items())
    numbers = [result.get("number") for result in results.values()]
    return Report(
        **{field: one_line(str(about[field])) for field in ("release", "namespace", "host", "made")},
        checks=checks,
        number=max((number for number in numbers if isinstance(number, int)), default=0),
        timeline=moments_of(displayed.values()),
    )


def check_of(name: str, result: Values) -> CheckResult:
    """From one module's result; a task that ended without a verdict is inconclusive, whatever the reason."""
    msg = str(result.get("msg") or "")
    if result.get("skipped"):
        return CheckResult(name, SKIPPED, str(result.get("skip_reason") or "It was not asked for."))
    seconds = seconds_of(result)
    if result.get("verdict") not in GRAVITY:
        return CheckResult(name, INCONCLUSIVE, msg or "It gave no verdict.", _of_error(name, result, msg), seconds)
    return CheckResult(
        name,
        str(result["verdict"]),
        msg,
        tuple(finding_of(each) for each in result.get("findings") or ()) or _of_error(name, result, msg),
        seconds,
        tuple((str(rule["id"]), str(rule["demand"]), str(rule["verdict"])) for rule in result.get("rules") or ()),
        load_of(result),
    )


def seconds_of(result: Values) -> float:
    """How long it took; of a release that is the sum of its phases."""
    spent = result.get("seconds") or result.get("duration") or 0.0
    return float(sum(spent.values()) if isinstance(spent, t.Mapping) else spent)


def load_of(result: Values) -> Values:
    """The figures of a load in the result of a smoke test, or of a release that ended with one."""
    smoked = result.get("smoke")
    held = result.get("load") or (smoked.get("load") if isinstance(smoked, t.Mapping) else None)
    return held if isinstance(held, t.Mapping) else {}


def finding_of(values: Values) -> Finding:
    """A finding from plain values, whatever else they hold."""
    known = {name: values[name] for name in FIELDS if name in values}
    return Finding(**{**known, "evidence": tuple(map(str, known.get("evidence") or ()))})


def _of_error(name: str, result: Values, msg: str) -> tuple[Finding, ...]:
    """What kept a module from judging is a finding, too."""
    if not result.get("error_id"):
        return ()
    return (Finding(str(result["error_id"]), "error", TITLES.get(name, name), msg),)


def _check_as_dict(check: CheckResult) -> dict[str, t.Any]:
    values = {
        "name": check.name,
        "title": check.title,
        "verdict": check.verdict,
        "msg": check.msg,
        "seconds": check.seconds,
        "findings": [finding.as_dict() for finding in check.findings],
    }
    rules = [{"id": rule, "demand": demand, "verdict": verdict} for rule, demand, verdict in check.rules]
    extra = {"rules": rules, "load": dict(check.load)}
    return {**values, **{name: value for name, value in extra.items() if value}}
