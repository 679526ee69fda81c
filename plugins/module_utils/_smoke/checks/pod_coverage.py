# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods answer, and of which revision: asked until every expected pod has been heard.

An ingress that keeps its connections to the pods answers from those few, however often it is asked. So more is asked at
once the longer nobody new is heard, which makes it open others; and whom chance alone cannot explain to be silent is
asked directly, where there is a way to do so.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import json
import math
import time
import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..http.probe import Asker, Reply
from ..http.request import Url
from ..load import statistics

AT_ONCE, MOST_AT_ONCE = 4, 32
ENOUGH = 50
"""Answers in a row without a pod that was not heard before, after which no other is waited for when none is named."""
MISSED = 0.001
"""The chance with which a pod may stay unheard though every answer comes from any pod alike."""
TRIES = 3
FAILURES, MOST_ASKED = 0.01, 1000
"""The share of requests that may fail, and after how many nothing more is asked of a service that fails more."""
SHOWN = 10
KEPT = "no deploy replaces it and no rollback takes it away; delete it"
Directly = t.Callable[[str], "Reply | None"]
"""Asks the named pod itself, past the public way. The reply's `error` says why it could not be asked; there is none of
a pod that has ended since."""


@dataclasses.dataclass(frozen=True)
class Expected:
    """The pods that should answer (none: whichever do), and their revision (empty: the same for all).

    `leaving` are pods that end: they may answer until they have, whatever their revision. `unowned` are pods that no
    release replaces. `directly` asks a pod that
    the public way does not lead to; without it the public way is asked for as long as may be.
    """

    pods: tuple[str, ...] = ()
    revision: str = ""
    leaving: tuple[str, ...] = ()
    directly: Directly | None = None
    unowned: tuple[str, ...] = ()


@dataclasses.dataclass
class Seen:
    """The revisions that each pod told, and how many answers there were; those asked directly apart from the others.

    `silent` says of the pods that did not tell theirs directly either, why; `ended` are pods that went meanwhile, as
    an autoscaler makes them. `errors` are answers 5xx, and `lost` what got no answer, in words.
    """

    revisions: dict[str, set[str]] = dataclasses.field(default_factory=lambda: collections.defaultdict(set))
    directly: dict[str, set[str]] = dataclasses.field(default_factory=lambda: collections.defaultdict(set))
    silent: dict[str, str] = dataclasses.field(default_factory=dict)
    ended: set[str] = dataclasses.field(default_factory=set)
    errors: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    lost: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    answers: int = 0
    requests: int = 0
    seconds: float = 0.0

    def take(self, reply: Reply) -> bool:
        """Note an answer; True when it came from a pod not heard before."""
        self.requests += 1
        if reply.status >= 500:
            self.errors[str(reply.status)] += 1
        elif not reply.answered and not reply.ours:
            self.lost[reply.error] += 1
        pod, revision = _reported(reply)
        if not pod:
            return False
        self.answers += 1
        is_new = pod not in self.revisions
        self.revisions[pod].add(revision)
        return is_new

    def take_directly(self, pod: str, reply: Reply | None) -> bool:
        """Note what a pod that was asked itself answered; False when it did not tell its revision."""
        if reply is None:
            self.ended.add(pod)
            self.silent.pop(pod, None)
            return False
        self.requests += 1
        name, revision = _reported(reply)
        if name == pod:
            self.directly[pod].add(revision)
            self.silent.pop(pod, None)
            return True
        came = f"it calls itself {name}" if name else f"it answers {reply.status} without a revision"
        self.silent[pod] = reply.error or came
        return False

    @property
    def is_failing(self) -> bool:
        """Whether more requests failed than chance explains of a service that answers nearly all."""
        return _is_too_much(self.errors.total() + self.lost.total(), self.requests)

    def missing(self, expected: Expected) -> list[str]:
        """The expected pods that the public way has not led to."""
        return sorted(set(expected.pods) - set(self.revisions) - self.ended)

    def as_dict(self, expected: Expected) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        return {
            "expected": sorted(expected.pods),
            "revision": expected.revision,
            "seen": _displayed(self.revisions),
            "directly": _displayed(self.directly),
            "answers": self.answers,
            "failures": dict((self.errors + self.lost).most_common(SHOWN)),
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }


def listen(ask: Asker, url: Url, request: bytes, expected: Expected, deadline: float) -> Seen:
    """Ask until all expected pods have answered, for `deadline` seconds at most.

    Each question has a connection of its own, several go out at once, and twice as many after each round in which
    nobody new was heard. Then those that chance does not explain are asked directly.
    """
    seen = Seen()
    begun = time.monotonic()
    without_new, at_once = 0, AT_ONCE
    with concurrent.futures.ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="pods") as pool:
        while not _is_enough(seen, expected, without_new) and time.monotonic() - begun < deadline:
            replies = list(pool.map(lambda _number: ask(url, request), range(at_once)))
            answers = seen.answers
            news = [seen.take(reply) for reply in replies]
            is_widest = at_once == MOST_AT_ONCE
            without_new = 0 if any(news) else without_new + (seen.answers - answers) * (is_widest or not expected.pods)
            at_once = at_once if any(news) else min(2 * at_once, MOST_AT_ONCE)
            if not any(reply.answered for reply in replies):
                time.sleep(0.2)
        _ask_directly(seen, expected, pool)
    seen.seconds = time.monotonic() - begun
    return seen


def answers_needed(pods: int) -> int:
    """After how many answers, each from any of so many pods alike, hardly one of them is unheard (coupon collector).

    The chance that one of n is missing after k answers is below n (1 - 1/n)^k; MISSED is the most that it may be.
    """
    if pods < 2:
        return 1
    return math.ceil(math.log(pods / MISSED) / -math.log1p(-1 / pods))


def evaluate(seen: Seen, expected: Expected, url: Url) -> list[Finding]:
    """What is wrong with who answered."""
    return [*_stale(seen, expected, url), *_unheard(seen, expected, url), *_failing(seen, url)]


def _is_enough(seen: Seen, expected: Expected, without_new: int) -> bool:
    """Whoever fails is asked on: a few failures of one moment are few of many requests then."""
    if seen.is_failing and seen.requests < MOST_ASKED:
        return False
    if not expected.pods:
        return without_new >= ENOUGH
    missing = seen.missing(expected)
    return not missing or (expected.directly is not None and without_new >= answers_needed(len(expected.pods)))


def _ask_directly(seen: Seen, expected: Expected, pool: concurrent.futures.Executor) -> None:
    ask = expected.directly
    if ask is None:
        return
    for _try in range(TRIES):
        left = [pod for pod in seen.missing(expected) if pod not in seen.directly]
        for pod, reply in zip(left, pool.map(ask, left), strict=True):
            seen.take_directly(pod, reply)


def _reported(reply: Reply) -> tuple[str, str]:
    """The pod and the revision that an answer tells of; nothing where it tells of no pod."""
    try:
        content = json.loads(reply.body) if reply.status == 200 and reply.answered else {}
    except (ValueError, RecursionError):
        content = {}
    pod = content.get("pod") if isinstance(content, dict) else None
    return (pod, str(content.get("revision", ""))) if isinstance(pod, str) else ("", "")


def _is_too_much(failures: int, requests: int) -> bool:
    return failures > 1 and statistics.compare(failures, requests, FAILURES) == statistics.ABOVE


def _failing(seen: Seen, url: Url) -> t.Iterator[Finding]:
    """Failures among the requests: those that the service put in words, else all of them."""
    reported = [f"{count} x {words}" for words, count in (seen.errors + seen.lost).most_common(SHOWN)]
    errors, failures = seen.errors.total(), seen.errors.total() + seen.lost.total()
    if _is_too_much(errors, seen.requests):
        text = f"{url} answered {errors} of {seen.requests} requests with an error"
        yield registry.RESPONSE_UNEXPECTED.found("pods", text, reported)
    elif _is_too_much(failures, seen.requests):
        yield registry.SERVICE_UNREACHABLE.found(
            "pods", f"{url} failed {failures} of {seen.requests} requests", reported
        )


def _displayed(reported: t.Mapping[str, set[str]]) -> dict[str, str]:
    return {pod: ", ".join(sorted(revisions)) for pod, revisions in sorted(reported.items())}


def _stale(seen: Seen, expected: Expected, url: Url) -> t.Iterator[Finding]:
    pods = {*seen.revisions, *seen.directly} - {*expected.leaving}
    staying = {pod: seen.revisions.get(pod, set()) | seen.directly.get(pod, set()) for pod in pods}
    reported = [f"{pod}: {revision}" for pod, all_of in sorted(staying.items()) for revision in sorted(all_of)]
    every = {revision for revisions in staying.values() for revision in revisions}
    if not expected.revision:
        if len(every) > 1:
            text = f"{url} is answered by {len(every)} revisions in turn: {', '.join(sorted(every))}"
            yield registry.REVISION_STALE.found("revision", text, reported[:SHOWN])
        return
    wrong = sorted(pod for pod, revisions in staying.items() if revisions != {expected.revision})
    if wrong:
        which = f"{', '.join(wrong[:SHOWN])} answer{'s' if len(wrong) == 1 else ''} with another revision"
        text = f"{which} than {expected.revision}, which is deployed: {', '.join(sorted(every - {expected.revision}))}"
        kept = [f"{pod} is of no controller of the release: {KEPT}" for pod in wrong if pod in expected.unowned]
        yield registry.REVISION_STALE.found("revision", text, (*kept[:SHOWN], *reported[:SHOWN]))


def _unheard(seen: Seen, expected: Expected, url: Url) -> t.Iterator[Finding]:
    """Pods that nothing is known of; and those of which only they themselves told, beside others that were heard."""
    missing = seen.missing(expected)
    is_ours = any(pod in seen.revisions for pod in expected.pods)
    unknown = [pod for pod in missing if pod not in seen.directly or not is_ours]
    last_heard = f"{seen.answers} answers, of {', '.join(sorted(seen.revisions)[:SHOWN]) or 'no pod'}"
    if unknown or not seen.revisions:
        which = ", ".join(unknown[:SHOWN]) or "no pod"
        text = f"{len(unknown)} of {len(expected.pods)} pods never answered at {url} in {seen.seconds:.0f} s: {which}"
        why = [f"{pod}, asked directly: {said}" for pod, said in sorted(seen.silent.items())]
        yield registry.PODS_NOT_SEEN.found(
            "pods", text if expected.pods else f"{url} never told a pod's name", (last_heard, *why)
        )
    asked = [pod for pod in missing if pod not in unknown]
    if asked:
        text = (
            f"{url} led to {len(expected.pods) - len(missing)} of {len(expected.pods)} pods in {seen.answers} answers"
        )
        reported = f"{', '.join(asked[:SHOWN])} told the revision when asked directly"
        yield registry.PODS_TESTED_DIRECTLY.found("pods", f"{text}; {reported}", (last_heard,))
