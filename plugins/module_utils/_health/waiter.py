# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits by watch until a release has a verdict, or looks once; says what happens meanwhile."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import Cluster
from .._cluster.errors import ApiError, ClusterError
from .._cluster.watch import Source
from .._findings import registry
from .._findings.finding import FAILED, INCONCLUSIVE, PASSED, Finding
from .._objects.group_kind import identity
from .._redaction.live_secrets import LiveSecrets
from . import readiness
from .facts import Facts, HealthEvaluation
from .log_fetcher import Evidence, Mask
from .observer import Observer, Subject
from .progress import Moment, Tell, Teller, silent
from .rules import evaluate, headline, timed_out

BREATH = 0.05
"""Seconds from one judgement to the next at least: news come in bursts."""
SHARE = 4
"""A judgement is followed by a pause of so many times its own length: judging never fills a processor."""
HELP_SECONDS = 2.0
"""How long the first judgement waits for what would only explain it."""
GO_ON_EVERY = 5.0
"""Seconds without news after which it is asked whether to go on."""
HICCUP = 2.0
"""Seconds for which the API server may be away before anybody is told."""
CONFIRMED = 0.5
"""Seconds for which bad news must stand: components lag behind one another, and our watches of the kinds do."""
SILENCE, CONFIRMING = 5.0, 5.0
"""Seconds without a word of a watch after which a verdict is confirmed by a list, and for which its answer is awaited.
A watch of which the peer vanished tells nothing, and does not break off for minutes where a proxy stands between."""
PROOF_SECONDS = 1.2
"""How long bad news are held back for the evidence that proves them."""
CREDENTIALS = 401
REFUSED = {CREDENTIALS: registry.CREDENTIALS_REFUSED, 404: registry.KIND_NOT_SERVED}
OF_THE_API = frozenset(each.id for each in (registry.API_UNREACHABLE, registry.PERMISSION_MISSING, *REFUSED.values()))
"""What keeps from knowing how the release stands: the API server's own words, not those of a container."""


@dataclasses.dataclass(frozen=True)
class Health:
    """What became of a release: `verdict`, why (`findings`), and what is not ready yet (`missing`).

    `sentence` says it in one, for a person. `timeline` is the course of the wait, `seconds` its length.
    """

    verdict: str
    sentence: str = ""
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    timeline: tuple[Moment, ...] = ()
    seconds: float = 0.0


def is_ready(live: t.Iterable[Manifest]) -> bool:
    """Whether these objects say of themselves that they are ready: enough where nothing was changed."""
    return not any(readiness.missing(item) for item in live)


def await_verdict(
    cluster: Cluster,
    subject: Subject,
    timeout: float,
    settle: float = 0.0,
    tell: Tell = silent,
    mask: Mask = lambda text: text,
    go_on: t.Callable[[], object] = bool,
) -> Health:
    """Judge at each news until the release has passed or failed, for at most `timeout` seconds.

    Never passed while a watch is interrupted or something may not be read: that is inconclusive. `mask` takes secrets
    out of everything that is told; the one of a run knows already what the cluster holds, any other is joined with it.
    `go_on` is called before each judgement, and ends the wait by raising.
    """
    return _Wait(cluster, subject, settle, mask, Teller(tell, timeout), timeout, go_on).verdict()


def health_now(cluster: Cluster, subject: Subject, settle: float = 0.0, mask: Mask = lambda text: text) -> Health:
    """Judge what is there now; inconclusive where that is on its way."""
    return _Wait(cluster, subject, settle, mask, Teller(silent), None).verdict()


class _Wait:
    """One wait; without a `timeout` it ends with its first judgement."""

    def __init__(
        self,
        cluster: Cluster,
        subject: Subject,
        settle: float,
        mask: Mask,
        teller: Teller,
        timeout: float | None,
        go_on: t.Callable[[], object] = bool,
    ) -> None:
        self._go_on = go_on
        self._cluster = cluster
        self._subject = subject
        self._settle = settle
        self._mask = mask
        self._teller = teller
        self._looks_once = timeout is None
        self._begun = time.monotonic()
        self._deadline = self._begun + (timeout or 0.0)
        self._away_since: float | None = None
        self._away_for = ""
        self._failed_since: float | None = None
        self._observer = Observer(cluster, subject)
        public = {subject.name, subject.namespace}
        self._held = mask if isinstance(mask, LiveSecrets) else LiveSecrets(cluster, subject.namespace, public, mask)
        self._held.expect(subject.manifests)
        self._evidence = Evidence(cluster, self._held, self._observer.informer.wake)

    def verdict(self) -> Health:
        with self._observer, self._evidence:
            first = self._deadline - self._begun or self._cluster.limits.read
            if self._observer.informer.have_synced(self._observer.essential, first):
                self._observer.informer.have_synced(self._observer.helpful, HELP_SECONDS)
            while True:
                self._go_on()
                began, generation = time.monotonic(), self._observer.informer.generation
                facts = self._observer.facts(self._evidence.answers, self._settle)
                evaluation = evaluate(facts)
                ended = self._ended(facts, evaluation)
                if ended:
                    return ended
                self._evidence.ask(evaluation.log_requests, facts.objects.get("Pod", ()))
                self._sleep(generation, began, [self._reported(facts, evaluation), self._moment_of(evaluation)])

    def _ended(self, facts: Facts, evaluation: HealthEvaluation) -> Health | None:
        """The end of the wait, if this judgement is it."""
        lost = self._lost()
        if lost:
            return self._end_unknown(facts, lost, evaluation)
        is_over = self._looks_once or time.monotonic() >= self._deadline
        interrupted = self._observer.interrupted()
        self._take_interruption(interrupted)
        is_decided = not interrupted and (self._stands(evaluation) or evaluation.verdict == PASSED)
        if not interrupted and (is_over or is_decided):
            unconfirmed = self._unconfirmed()
            if unconfirmed is None:
                return None
            interrupted = unconfirmed
        if interrupted:
            return (
                self._end_unknown(facts, (_unreachable(interrupted, self._seconds),), evaluation) if is_over else None
            )
        if evaluation.verdict == PASSED:
            return self._end_passed(facts, evaluation, is_over)
        return self._with_proof(facts, evaluation) if is_over or is_decided else None

    def _end_passed(self, facts: Facts, evaluation: HealthEvaluation, is_over: bool) -> Health | None:
        """The good verdict, unless an object that nobody watches has gone or is going."""
        try:
            whole = self._observer.with_static(facts)
        except ClusterError as error:
            interrupted = dict.fromkeys(self._observer.essential[:1], error)
            self._take_interruption(interrupted)
            found = (_unreachable(interrupted, self._seconds),) if interrupted else ()
            return self._end_unknown(facts, found, evaluation) if is_over and found else None
        if _is_diminished(whole):
            facts, evaluation = whole, self._final(whole, evaluate(whole))
        return self._end(facts, self._unless_unread(evaluation))

    def _unconfirmed(self) -> dict[Source, ClusterError] | None:
        """Why the cluster itself does not confirm what its watches told, if so; None when it tells otherwise."""
        try:
            return {} if self._observer.confirm(SILENCE, CONFIRMING) else None
        except ClusterError as error:
            interrupted = {self._observer.essential[0]: error}
            self._take_interruption(interrupted)
            return interrupted

    def _stands(self, evaluation: HealthEvaluation) -> bool:
        """Whether every judgement has been bad for long enough."""
        if evaluation.verdict != FAILED:
            self._failed_since = None
            return False
        self._failed_since = self._seconds if self._failed_since is None else self._failed_since
        return self._seconds >= self._failed_since + CONFIRMED

    def _with_proof(self, facts: Facts, evaluation: HealthEvaluation) -> Health:
        """Bad news, with fresh answers to what they ask."""
        log_requests = self._final(facts, evaluation).log_requests
        self._evidence.ask_again(log_requests, facts.objects.get("Pod", ()), PROOF_SECONDS)
        proven = dataclasses.replace(facts, answers=self._evidence.answers)
        return self._end(proven, self._unless_unread(self._final(proven, evaluate(proven))))

    def _final(self, facts: Facts, evaluation: HealthEvaluation) -> HealthEvaluation:
        """What a judgement comes to when there is no more time."""
        if evaluation.verdict or not self._looks_once:
            return timed_out(facts, evaluation)
        return dataclasses.replace(evaluation, verdict=INCONCLUSIVE)

    def _unless_unread(self, evaluation: HealthEvaluation) -> HealthEvaluation:
        """What may not be read is never passed over in silence."""
        missing = [
            _refused(source, error) for source, error in self._observer.refused(self._observer.essential).items()
        ]
        noted = [
            _refused(source, error, "note")
            for source, error in self._observer.refused(self._observer.helpful).items()
            if source.kind == "Event"
        ]
        verdict = INCONCLUSIVE if missing and evaluation.verdict == PASSED else evaluation.verdict
        return dataclasses.replace(evaluation, verdict=verdict, findings=(*evaluation.findings, *missing, *noted))

    def _lost(self) -> tuple[Finding, ...]:
        """What cannot be read any more although it could be before, or for want of valid credentials."""
        return tuple(
            _refused(source, error)
            for source, error in self._observer.refused(self._observer.essential).items()
            if self._observer.informer.is_listed(source) or getattr(error, "status", 0) == CREDENTIALS
        )

    def _take_interruption(self, interrupted: t.Mapping[Source, ClusterError]) -> None:
        self._away_since = (self._away_since or self._seconds) if interrupted else None
        self._away_for = self._mask(str(next(iter(interrupted.values())))) if interrupted else ""
        self._failed_since = None if interrupted else self._failed_since

    def _reported(self, facts: Facts, evaluation: HealthEvaluation) -> float | None:
        """Tell what is new; when there will be something to tell although nothing happens, in seconds.

        Bad news are told when they have stood for long enough.
        """
        if self._failed_since is not None:
            return self._failed_since + CONFIRMED
        if self._away_since is None:
            return self._teller.see(facts, self._masked(evaluation), self._seconds)
        if self._seconds < self._away_since + HICCUP:
            return self._away_since + HICCUP
        self._teller.say(self._seconds, "the API server does not answer; what is known may be old", self._away_for)
        return None

    def _end_unknown(self, facts: Facts, findings: tuple[Finding, ...], evaluation: HealthEvaluation) -> Health:
        """It cannot be known how things stand: what the last judgement found is told as well, and proves nothing."""
        open_ = dataclasses.replace(evaluation, verdict=INCONCLUSIVE, findings=(*findings, *evaluation.findings))
        return dataclasses.replace(self._end(facts, open_), sentence=self._mask(findings[0].sentence()))

    def _end(self, facts: Facts, evaluation: HealthEvaluation) -> Health:
        displayed = self._masked(evaluation)
        self._teller.see(facts, displayed, self._seconds, is_last=True)
        return Health(
            displayed.verdict,
            headline(facts, displayed),
            (*displayed.findings, *self._held.warning),
            displayed.missing,
            tuple(self._teller.timeline),
            round(self._seconds, 3),
        )

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    def _masked(self, evaluation: HealthEvaluation) -> HealthEvaluation:
        """Without secrets: a container may write them into its last words, and an event may repeat those."""
        return dataclasses.replace(
            evaluation,
            findings=tuple(self._displayed(finding) for finding in evaluation.findings),
            missing=tuple(self._mask(line) for line in evaluation.missing),
        )

    def _displayed(self, finding: Finding) -> Finding:
        """What the judge found may repeat a container's words; what keeps us from knowing is the API server's own."""
        if finding.id not in OF_THE_API:
            return self._held.finding(finding)
        return dataclasses.replace(finding, message=self._mask(finding.message))

    def _moment_of(self, evaluation: HealthEvaluation) -> float | None:
        """When to judge again although nothing has happened, in seconds since the wait began."""
        if evaluation.again_at is None:
            return None
        return self._seconds + evaluation.again_at - self._cluster.clock.now()

    def _sleep(self, generation: int, began: float, moments: t.Sequence[float | None]) -> None:
        """Until there is news, one of the moments has come (seconds since the beginning), or the time is over."""
        ask = time.monotonic() + GO_ON_EVERY
        wake = min([self._deadline, ask, *(self._begun + moment for moment in moments if moment is not None)])
        now = time.monotonic()
        self._observer.informer.wait(generation, max(wake - now, 0.0))
        pause = max(BREATH, SHARE * (now - began)) - (time.monotonic() - began)
        time.sleep(max(0.0, min(pause, self._deadline - time.monotonic())))


def _is_diminished(facts: Facts) -> bool:
    """Whether a declared object is missing or being deleted."""
    there = {identity(item): item for items in facts.objects.values() for item in items}
    declared = [(key, there.get(key)) for key in facts.wanted if key[0] in facts.objects]
    return any(live is None or live["metadata"].get("deletionTimestamp") for _key, live in declared)


def _unreachable(interrupted: t.Mapping[Source, ClusterError], seconds: float) -> Finding:
    """Time is over and nobody knows how things stand."""
    kinds = ", ".join(sorted({source.kind for source in interrupted}))
    error = next(iter(interrupted.values()))
    message = f"after {seconds:.0f} s it is not known how the release stands ({kinds}): {error}"
    return registry.API_UNREACHABLE.found("API server", message)


def _refused(source: Source, error: ClusterError, severity: str = "error") -> Finding:
    status = error.status if isinstance(error, ApiError) else 0
    where = f" in namespace {source.namespace}" if source.namespace else ""
    return REFUSED.get(status, registry.PERMISSION_MISSING).found(
        f"{source.kind}{where}",
        str(error),
        severity=severity,
        cause="The account that runs the play may not list and watch these objects." if status == 403 else "",
        next_step=f"Let it list and watch {source.kind}{where}, then run again." if status == 403 else error.next_step,
    )
