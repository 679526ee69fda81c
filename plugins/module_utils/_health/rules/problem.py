# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing wrong, with the moment from which it is beyond hope. Pure."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ..._findings.finding import Finding, FindingType
from ..facts import Live, LogRequest
from .view import Event, View, Workload

LINES = 10
"""Lines of an answer that a finding shows."""
POD_IN_BRACKETS = re.compile(r' ?\(pod: "[^"]*"(?:, container: [^)]*)?\)')
LONG_IDENTITY = re.compile(r"\"?(?<!sha256:)\b[0-9a-f]{64}\b\"?")
LONGEST = 600
"""Characters of a server's sentence that are shown."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """`since` is when it began (0: unknown). From `fatal_at` on waiting cannot help; None leaves it to the time-out.

    A trouble that is not `told` yet becomes a finding only when it is fatal or the time is over: everything that
    starts is unready for a while. One that `stands` (a warning, a note) never fails a release and is told beside
    `passed`. `latest` is when it was last shown (0: unknown).
    """

    check: FindingType
    object: str
    message: str
    since: float = 0.0
    fatal_at: float | None = None
    container: str = ""
    evidence: tuple[str, ...] = ()
    log_requests: tuple[LogRequest, ...] = ()
    reported: bool = True
    cause: str = ""
    next_step: str = ""
    latest: float = 0.0

    @property
    def stands(self) -> bool:
        return self.check.severity != "error"

    def is_fatal(self, now: float) -> bool:
        return not self.stands and self.fatal_at is not None and self.fatal_at <= now

    def finding(self, severity: str, view: View) -> Finding:
        """As a finding, with what came back for its questions."""
        answers = [line for log_request in self.log_requests for line in answered(log_request, view)]
        return self.check.found(
            self.object,
            self.message,
            dict.fromkeys([*self.evidence, *answers]),
            severity=severity,
            next_step=self.next_step,
            cause=self.cause,
            container=self.container,
            since=_iso(self.since),
        )


@dataclasses.dataclass(frozen=True)
class Occurrence:
    """A fault as one pod shows it. `words` name neither the pod nor the time, so that pods with one fault are one."""

    check: FindingType
    pod: Live
    words: str
    since: float
    grace: float | None = 0.0
    container: str = ""
    evidence: tuple[str, ...] = ()
    log_requests: tuple[LogRequest, ...] = ()
    reported: bool = True
    latest: float = 0.0


def merged(workload: Workload, occurrences: t.Iterable[Occurrence]) -> t.Iterator[Problem]:
    """One trouble for each fault: its words, on how many pods and nodes, since the first of them.

    Waiting is over when it is for the first pod; the questions are asked of that pod.
    """
    alike: dict[tuple[str, str, str], list[Occurrence]] = {}
    for occurrence in occurrences:
        alike.setdefault((occurrence.check.id, occurrence.container, occurrence.words), []).append(occurrence)
    for group in alike.values():
        first = min(group, key=lambda occurrence: (_fatal_at(occurrence), occurrence.since, _pod_name(occurrence)))
        ends = [occurrence.since + occurrence.grace for occurrence in group if occurrence.grace is not None]
        yield Problem(
            check=first.check,
            object=workload.name,
            message=f"{first.words} ({spread([occurrence.pod for occurrence in group])})",
            since=min(occurrence.since for occurrence in group),
            fatal_at=min(ends, default=None),
            container=first.container,
            evidence=first.evidence,
            log_requests=first.log_requests,
            reported=any(occurrence.reported for occurrence in group),
            latest=max(occurrence.latest for occurrence in group),
        )


def spread(pods: t.Sequence[Live]) -> str:
    """`pod maestro-1 on node-1`, or `3 pods on 2 nodes`."""
    nodes = {node for pod in pods if (node := (pod.get("spec") or {}).get("nodeName"))}
    if len(pods) == 1:
        return f"pod {pods[0]['metadata']['name']}" + "".join(f" on {node}" for node in nodes)
    where = f" on {len(nodes)} node{'' if len(nodes) == 1 else 's'}" if nodes else ""
    return f"{len(pods)} pods{where}"


def own_words(text: t.Any, pod: Live) -> str:
    """The server's words without what differs from pod to pod."""
    address = str((pod.get("status") or {}).get("podIP") or pod["metadata"]["name"])
    words = LONG_IDENTITY.sub("...", POD_IN_BRACKETS.sub("", str(text or "")))
    return one_line(words.replace(str(pod["metadata"]["name"]), "POD").replace(address, "POD"))


def one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def reported(events: t.Iterable[Event]) -> tuple[str, ...]:
    """Each event as a line of evidence."""
    return tuple(f"{event.reason} ({times(event.count)}): {one_line(event.message)}" for event in events)


def times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def answered(log_request: LogRequest, view: View) -> list[str]:
    """What came back for a question, each line with what it is."""
    lines = view.facts.answers.get(log_request, ())[-LINES:]
    return [f"{log_request.what.replace('-', ' ')}: {line}" for line in lines]


def asks(what: str, pod: Live, container: str) -> tuple[LogRequest, ...]:
    metadata = pod["metadata"]
    return (LogRequest(what, str(metadata.get("namespace", "")), str(metadata["name"]), container),)


def _fatal_at(occurrence: Occurrence) -> float:
    return float("inf") if occurrence.grace is None else occurrence.since + occurrence.grace


def _pod_name(occurrence: Occurrence) -> str:
    return str(occurrence.pod["metadata"]["name"])


def _iso(seconds: float) -> str:
    if not seconds:
        return ""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
