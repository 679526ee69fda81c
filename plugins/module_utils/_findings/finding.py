# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding: one thing wrong or worth knowing, its type, and the verdict that findings make."""

from __future__ import annotations

import dataclasses
import typing as t

from .._text.printable import lines_of, one_line

SEVERITIES = ("error", "warning", "note")
PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"


class FindingValues(t.TypedDict):
    """A finding as plain values, with the keys of `Finding`: what modules return and records keep."""

    id: str
    severity: str
    object: str
    message: str
    evidence: list[str]
    next_step: str
    container: str
    since: str
    cause: str


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

    def as_dict(self) -> FindingValues:
        """Plain values, for a module's result."""
        return t.cast("FindingValues", {**dataclasses.asdict(self), "evidence": list(self.evidence)})

    @classmethod
    def from_values(cls, values: FindingValues) -> t.Self:
        """The finding that `as_dict` made these values of."""
        fields: dict[str, t.Any] = {**values, "evidence": tuple(values["evidence"])}
        return cls(**fields)

    def sentence(self) -> str:
        """One line for a person: id, object, what, next step."""
        what = f"[{self.id}] {self.object}: {self.message.rstrip('.')}."
        return f"{what} {self.next_step}".rstrip()


@dataclasses.dataclass(frozen=True)
class FindingType:
    """One type of finding, as the registry declares it.

    `rank` orders causes before their symptoms: of two findings of one severity the lower rank is reported first.
    `next_step` is what to do, `cause` what it most likely comes from. `severity_text` says when a finding of this type
    has another severity than the usual one, for its page.
    """

    id: str
    severity: str
    rank: int
    next_step: str
    cause: str
    severity_text: str = ""

    @property
    def page(self) -> str:
        """The path of its page in the repository."""
        return page_of(self.id)

    def found(
        self,
        subject: object,
        message: str,
        evidence: t.Iterable[str] = (),
        *,
        severity: str = "",
        next_step: str = "",
        cause: str = "",
        container: str = "",
        since: str = "",
    ) -> Finding:
        """A finding of this type; `severity`, `next_step` and `cause` replace the declared ones."""
        return Finding(
            id=self.id,
            severity=severity or self.severity,
            object=str(subject),
            message=message,
            evidence=tuple(evidence),
            next_step=next_step or self.next_step,
            container=container,
            since=since,
            cause=cause or self.cause,
        )


def page_of(finding_id: str) -> str:
    """The path of the page about findings of this id in the repository."""
    return f"docs/findings/{finding_id}.md"


def verdict(findings: t.Iterable[Finding], complete: bool = True) -> str:
    """`failed` by any error; else `inconclusive` when not everything could be read or tested; else `passed`."""
    if any(finding.severity == "error" for finding in findings):
        return FAILED
    return PASSED if complete else INCONCLUSIVE
