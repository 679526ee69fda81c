# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding: one thing wrong or worth knowing, its kinds, and the verdict that findings make."""

from __future__ import annotations

import dataclasses
import typing as t

from .._text.printable import lines_of, one_line

SEVERITIES = ("error", "warning", "note")
PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"


@dataclasses.dataclass(frozen=True)
class Finding:
    """`id` is stable and has a page docs/findings/<id>.md; `object` is `Kind namespace/name` or a setting's name.

    `message` says what is wrong, in the server's words where it has some; `cause` what it most likely comes from;
    `evidence` are the lines that prove it; `next_step` is what a person does about it. `container` is the container
    concerned, and `since` (UTC, ISO 8601) when it began, both empty where that means nothing.
    """

    id: str
    severity: str
    object: str
    message: str
    evidence: tuple[str, ...] = ()
    next_step: str = ""
    container: str = ""
    since: str = ""
    cause: str = ""

    def __post_init__(self) -> None:
        """What is found may quote a pod or a server: it is text to be read, each field and each line on its own."""
        for field in ("object", "message", "next_step", "container", "cause"):
            object.__setattr__(self, field, one_line(str(getattr(self, field))))
        object.__setattr__(self, "evidence", tuple(line for entry in self.evidence for line in lines_of(str(entry))))

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        return {**dataclasses.asdict(self), "evidence": list(self.evidence)}

    def sentence(self) -> str:
        """One line for a person: id, object, what, next step."""
        what = f"[{self.id}] {self.object}: {self.message.rstrip('.')}."
        return f"{what} {self.next_step}".rstrip()


class Check(t.NamedTuple):
    """One kind of finding, declared once: its stable id, its severity, what to do, what it most likely comes from."""

    id: str
    severity: str
    next_step: str
    cause: str = ""

    def found(
        self, subject: object, message: str, evidence: t.Iterable[str] = (), *, severity: str = "", next_step: str = ""
    ) -> Finding:
        """A finding of this kind; `severity` and `next_step` replace the declared ones."""
        return Finding(
            id=self.id,
            severity=severity or self.severity,
            object=str(subject),
            message=message,
            evidence=tuple(evidence),
            next_step=next_step or self.next_step,
            cause=self.cause,
        )


def verdict(findings: t.Iterable[Finding], complete: bool = True) -> str:
    """`failed` by any error; else `inconclusive` when not everything could be asked; else `passed`."""
    if any(finding.severity == "error" for finding in findings):
        return FAILED
    return PASSED if complete else INCONCLUSIVE


def by_severity(findings: t.Iterable[Finding]) -> list[Finding]:
    """Errors first; the same order for the same findings whatever order they came in."""
    return sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.id, finding.object))
