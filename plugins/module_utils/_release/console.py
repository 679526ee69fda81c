# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of releases: a plan, the table of a history, one release, the difference of two. Pure."""

from __future__ import annotations

import typing as t

from .._findings.finding import Finding
from .outcome import WORDS, Outcome
from .planning.plan import KEEP, Step

SIGNS = {"create": "+", "change": "~", "adopt": "=", "replace": "±", "prune": "-", "added": "+", "removed": "-"}
WIDTH = 100
LINES = 12
"""Of a value: so many characters of a line, so many lines of a text."""


def plan_lines(outcome: Outcome, with_steps: bool = True) -> list[str]:
    """A plan, object by object with its fields, what is refused, what is worth knowing; nothing to do is silent."""
    plan = outcome.plan
    if not plan.changes and not outcome.findings:
        return []
    kept = plan.counts()[KEEP]
    lines = [
        outcome.message.partition("\n")[0],
        *(line for step in plan.changes if with_steps for line in _of_step(step)),
    ]
    lines += [f"    {kept} object{' stays' if kept == 1 else 's stay'} as {'it is' if kept == 1 else 'they are'}"]
    lines += finding_lines("  Refused:", outcome.findings)
    return lines + finding_lines("  Worth knowing:", outcome.all_risks())


def finding_lines(title: str, findings: t.Sequence[Finding]) -> list[str]:
    """Findings under a title, each with its evidence; no line when there are none."""
    lines = [title] if findings else []
    for finding in findings:
        lines.append(f"    ! {finding.sentence()}")
        lines += [f"        {line}" for line in finding.evidence]
    return lines


def review_lines(result: t.Mapping[str, t.Any], asked: t.Mapping[str, t.Any]) -> list[str]:
    """The result of release_info: what was asked for, and nothing else."""
    if asked["drift"]:
        return _drift_lines(result)
    if asked["compare_with"]:
        return difference_lines(result["msg"], result["differences"])
    if asked["revision"]:
        return [line for release in result["releases"] for line in release_lines(release)]
    return history_lines(result["msg"], result["releases"])


def _drift_lines(result: t.Mapping[str, t.Any]) -> list[str]:
    lines = [str(result["msg"]).partition("\n")[0]]
    for finding in result["findings"]:
        lines.append(f"  ! {_of_finding(finding)}")
        lines += [f"        {line}" for line in finding["evidence"]]
    return lines


def history_lines(title: str, releases: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """A table, the newest release first."""
    if not releases:
        return [title]
    rows: list[tuple[str, ...]] = [("release", "state", "begun", "took", "by", "image", "why")]
    rows += [_row(release) for release in reversed(releases)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    table = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [title, *table]


def release_lines(release: t.Mapping[str, t.Any]) -> list[str]:
    """One release with all that is remembered of it but its manifests."""
    facts = {
        "state": release["state"],
        "begun": release["begun"],
        "ended": release["ended"],
        "by": release["by"],
        "why": release["reason"],
        "rollback to": f"release {release['rollback_to']}" if release["rollback_to"] else "",
        **{key.replace("_", " "): value for key, value in release["origin"].items()},
        "image": ", ".join(release["images"]),
        "running": ", ".join(digest for digests in release["running"].values() for digest in digests),
        "took": _phases(release["seconds"]),
        "plan": _counted(release["plan"].get("counts") or release["counts"]),
        "failure": release["failure"],
        "smoke": _smoke(release["smoke"]),
        "objects": str(len(release["objects"])),
    }
    reported = {name: value for name, value in facts.items() if value}
    width = max(map(len, reported))
    lines = [f"Release {release['number']}"]
    lines += [f"  {name.ljust(width)}  {value}" for name, value in reported.items()]
    lines += [f"  ! {_of_finding(finding)}" for finding in release["findings"]]
    lines += [f"  {moment['seconds']:6.1f} s  {moment['message']}" for moment in release["timeline"]]
    for change in release["plan"].get("changes", ()):
        fields = f": {', '.join(change['fields'])}" if change["fields"] else ""
        lines.append(f"    {SIGNS.get(change['action'], ' ')} {change['action']:<8}{change['object']}{fields}")
    return lines


def _phases(seconds: t.Mapping[str, float]) -> str:
    """`61.2 s: plan 0.2 s, wait 61.0 s`; empty when nothing was measured."""
    parts = ", ".join(f"{phase} {spent:.1f} s" for phase, spent in seconds.items())
    return f"{sum(seconds.values()):.1f} s: {parts}" if parts else ""


def _smoke(smoke: t.Mapping[str, t.Any]) -> str:
    """The verdict and what proves it, with the figures of the load when one was sent."""
    first = str(smoke.get("msg") or "").partition("\n")[0]
    return ": ".join(part for part in (smoke.get("verdict", ""), first) if part)


def difference_lines(title: str, differences: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """The difference of two releases, object by object with its fields."""
    lines = [title]
    for each in differences:
        lines.append(f"    {SIGNS.get(each['change'], '~')} {each['change']:<8}{each['object']}")
        lines += [line for field in each["fields"] for line in field_lines(**field)]
    return lines


def field_lines(field: str, before: t.Any, after: t.Any) -> list[str]:
    """A field on one line; of a text with several lines those that differ."""
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        return [f"          {field}:", *(f"            {line}" for line in _text_lines(before, after))]
    return [f"          {field}: {_brief(before)} -> {_brief(after)}"]


def _of_step(step: Step) -> list[str]:
    words = WORDS[step.action][0].removeprefix("to ")
    lines = [f"    {SIGNS[step.action]} {words:<8}{step.key}"]
    if step.note:
        lines.append(f"          {step.note}")
    return [*lines, *(line for field in step.fields() for line in field_lines(**field))]


def _text_lines(before: str, after: str) -> list[str]:
    """The lines that only one of two texts has, in their order."""
    old, new = before.splitlines(), after.splitlines()
    changed = [f"- {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]
    displayed = [line[:WIDTH] for line in changed[:LINES]] or ["(the same lines in another order)"]
    return displayed + ([f"... and {len(changed) - LINES} lines more"] if len(changed) > LINES else [])


def _row(release: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    took = f"{sum(release['seconds'].values()):.0f} s" if release["seconds"] else ""
    image = next((image.rpartition("/")[2] for image in release["images"]), "")
    begun = release["begun"].replace("T", " ").removesuffix("+00:00")
    rollback_to = f"rollback to {release['rollback_to']}" if release["rollback_to"] else ""
    why = "; ".join(part for part in (rollback_to, release["reason"]) if part)
    return (str(release["number"]), release["state"], begun, took, release["by"], image, why)


def _counted(counts: t.Mapping[str, int]) -> str:
    return ", ".join(f"{number} {action}" for action, number in counts.items() if number)


def _of_finding(finding: t.Mapping[str, t.Any]) -> str:
    return f"[{finding['id']}] {finding['object']}: {finding['message']}"


def _brief(value: t.Any) -> str:
    text = "(none)" if value is None else str(value).replace("\n", "\\n")
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
