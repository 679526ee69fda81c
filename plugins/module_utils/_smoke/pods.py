# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods answer, and of which revision: asked until every expected pod has been heard."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import json
import time
import typing as t

from . import finding as kinds
from .asking import Asker, Reply
from .finding import Finding
from .request import Url

AT_ONCE = 4
ENOUGH = 50
"""Answers in a row without a pod that was not heard before, after which no other is waited for when none is named."""
SHOWN = 10


@dataclasses.dataclass(frozen=True)
class Expected:
    """The pods that should answer (none: whichever do), and their revision (empty: the same for all)."""

    pods: tuple[str, ...] = ()
    revision: str = ""


@dataclasses.dataclass
class Seen:
    """The revisions that each pod told, and how many answers there were."""

    revisions: dict[str, set[str]] = dataclasses.field(default_factory=lambda: collections.defaultdict(set))
    answers: int = 0
    requests: int = 0
    seconds: float = 0.0

    def take(self, reply: Reply) -> bool:
        """Note an answer; True when it came from a pod not heard before."""
        self.requests += 1
        try:
            content = json.loads(reply.body) if reply.status == 200 else {}
        except ValueError:
            content = {}
        pod = content.get("pod") if isinstance(content, dict) else None
        if not isinstance(pod, str) or not pod:
            return False
        self.answers += 1
        is_new = pod not in self.revisions
        self.revisions[pod].add(str(content.get("revision", "")))
        return is_new

    def as_dict(self, expected: Expected) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        return {
            "expected": sorted(expected.pods),
            "revision": expected.revision,
            "seen": {pod: ", ".join(sorted(revisions)) for pod, revisions in sorted(self.revisions.items())},
            "answers": self.answers,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }


def listen(ask: Asker, url: Url, request: bytes, expected: Expected, deadline: float) -> Seen:
    """Ask on new connections, four at once, until all expected pods have answered, for `deadline` seconds at most."""
    seen = Seen()
    begun = time.monotonic()
    without_new = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pods") as pool:
        while not _is_enough(seen, expected, without_new) and time.monotonic() - begun < deadline:
            replies = list(pool.map(lambda _number: ask(url, request), range(AT_ONCE)))
            news = [seen.take(reply) for reply in replies]
            without_new = 0 if any(news) else without_new + AT_ONCE
            if not any(reply.status for reply in replies):
                time.sleep(0.2)
    seen.seconds = time.monotonic() - begun
    return seen


def judge(seen: Seen, expected: Expected, url: Url) -> list[Finding]:
    """What is wrong with who answered."""
    return [*_stale(seen, expected, url), *_unheard(seen, expected, url)]


def _is_enough(seen: Seen, expected: Expected, without_new: int) -> bool:
    if expected.pods:
        return set(expected.pods) <= set(seen.revisions)
    return without_new >= ENOUGH


def _stale(seen: Seen, expected: Expected, url: Url) -> t.Iterator[Finding]:
    told = [f"{pod}: {revision}" for pod, all_of in sorted(seen.revisions.items()) for revision in sorted(all_of)]
    every = {revision for revisions in seen.revisions.values() for revision in revisions}
    if not expected.revision:
        if len(every) > 1:
            text = f"{url} is answered by {len(every)} revisions in turn: {', '.join(sorted(every))}"
            yield kinds.REVISION_STALE.of("revision", text, *told[:SHOWN])
        return
    wrong = sorted(pod for pod, revisions in seen.revisions.items() if revisions != {expected.revision})
    if wrong:
        which = f"{', '.join(wrong[:SHOWN])} answer{'s' if len(wrong) == 1 else ''} with another revision"
        text = f"{which} than {expected.revision}, which is deployed: {', '.join(sorted(every - {expected.revision}))}"
        yield kinds.REVISION_STALE.of("revision", text, *told[:SHOWN])


def _unheard(seen: Seen, expected: Expected, url: Url) -> t.Iterator[Finding]:
    missing = sorted(set(expected.pods) - set(seen.revisions))
    if missing or not seen.revisions:
        which = ", ".join(missing[:SHOWN]) or "no pod"
        text = f"{len(missing)} of {len(expected.pods)} pods never answered at {url} in {seen.seconds:.0f} s: {which}"
        heard = f"{seen.answers} answers, of {', '.join(sorted(seen.revisions)) or 'no pod'}"
        yield kinds.PODS_UNSEEN.of("pods", text if expected.pods else f"{url} never told a pod's name", heard)
