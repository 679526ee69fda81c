# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a release: plan, record, apply, wait, prune, record what came of it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._health.finding import FAILED, PASSED, Finding
from .._health.waiting import wait_until_ready
from .applying import Applier, before_record, delete
from .assembly import Release
from .history import History, Record, now
from .manifests import Manifest
from .naming import named_by_content
from .outcome import Outcome, Phases, summary
from .ownership import without_secret_values
from .plan import PRUNE, Plan, Step
from .planner import former_of, make_plan


@dataclasses.dataclass(frozen=True)
class Wish:
    """How a release is to be made. `timeout` is in seconds, `about` says who makes it and why."""

    name: str
    namespace: str
    wait: bool = True
    timeout: float = 600.0
    history_limit: int = 10
    takeover: bool = False
    prune_allowed: tuple[str, ...] = ()
    about: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def selector(self) -> str:
        return f"app.kubernetes.io/instance={self.name}"


class ReleaseFailed(ClusterError):
    """A release that was begun and did not pass; `outcome` holds everything known about it."""

    id = "release-failed"
    next_step = "Correct the cause and deploy again; the next release replaces what this one left."

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.message)


def deploy(cluster: Cluster, release: Release, wish: Wish, check: bool = False) -> Outcome:
    """Bring the cluster to what `release` declares; in check mode only say what that would change.

    Raises ReleaseFailed when the release was begun and did not pass, ClusterError when nothing was changed.
    """
    phases = Phases()
    with phases.phase("plan"):
        history = History(cluster, wish.namespace, wish.name).read()
        plan = make_plan(cluster, release.manifests, former_of(history), wish.name, wish.takeover, wish.prune_allowed)
    outcome = Outcome(plan, history.last.number if history.last else 0, seconds=phases.seconds)
    is_recorded = _is_recorded(history.last, release.manifests)
    outcome.changed = bool(plan.changes) or not is_recorded
    if check:
        outcome.number += outcome.changed
        outcome.message = f"Release {outcome.number} of {wish.name} (not made, check mode): {summary(plan)}."
        return outcome
    run = _Run(cluster, history, release, wish, phases, outcome)
    return run.carry_out() if outcome.changed else run.confirm()


class _Run:
    """One release being made."""

    def __init__(
        self, cluster: Cluster, history: History, release: Release, wish: Wish, phases: Phases, outcome: Outcome
    ) -> None:
        self._cluster = cluster
        self._history = history
        self._release = release
        self._wish = wish
        self._phases = phases
        self._outcome = outcome
        self._applier = Applier(cluster, release.replicas)

    def confirm(self) -> Outcome:
        """Nothing has to change: say so once everything is ready."""
        self._applier.live = [step.live for step in self._plan.steps if step.manifest and step.live]
        self._wait()
        if self._outcome.findings:
            raise ReleaseFailed(self._failed("has nothing to change but is not ready"))
        self._outcome.message = f"Release {self._outcome.number} of {self._wish.name} is in place; nothing to change."
        return self._outcome

    def carry_out(self) -> Outcome:
        first, rest = before_record(self._plan.steps)
        with self._phases.phase("apply"):
            self._applier.apply(first)
            record = self._history.begin(self._release.manifests, {**self._wish.about, "begun": now()})
            self._outcome.number = record.number
        try:
            self._finish(rest)
            if not self._outcome.findings:
                self._end(record, PASSED, "")
        except ClusterError as error:
            raise self._failure(record, str(error), f"stopped half-way: {error}") from error
        if self._outcome.findings:
            waited = f"is not ready after {self._phases.seconds['wait']:.0f} s"
            raise self._failure(record, self._outcome.findings[0].sentence(), waited)
        self._outcome.message = (
            f"Release {record.number} of {self._wish.name} is in place: {summary(self._plan, done=True)}."
        )
        return self._outcome

    def _failure(self, record: Record, reason: str, what: str) -> ReleaseFailed:
        """Record that the release failed; that this cannot be done must not hide why it failed."""
        try:
            self._end(record, FAILED, reason)
        except ClusterError as error:
            what = f"{what} (which could not be recorded: {error})"
        return ReleaseFailed(self._failed(what))

    @property
    def _plan(self) -> Plan:
        return self._outcome.plan

    def _finish(self, steps: t.Iterable[Step]) -> None:
        with self._phases.phase("apply"):
            self._applier.apply(steps)
        self._wait()
        if not self._outcome.findings:
            with self._phases.phase("prune"):
                self._applier.prune(self._plan.doing(PRUNE))

    def _wait(self) -> None:
        wish = self._wish
        if not wish.wait:
            return
        with self._phases.phase("wait"):
            self._outcome.findings = wait_until_ready(
                self._cluster, self._applier.live, wish.namespace, wish.selector, wish.timeout
            )

    def _failed(self, what: str) -> Outcome:
        self._outcome.verdict = FAILED
        details = "".join(f"\n- {line}" for finding in self._outcome.findings for line in _told(finding))
        self._outcome.message = f"Release {self._outcome.number} of {self._wish.name} {what}{details or '.'}"
        return self._outcome

    def _end(self, record: Record, state: str, reason: str) -> None:
        """Record how the release ended, and forget what the history no longer has room for."""
        outcome = {
            "ended": now(),
            "seconds": dict(self._phases.seconds),
            "counts": self._plan.counts(),
            "reason": reason,
        }
        self._history.end(record, state, outcome)
        self._forget_old()

    def _forget_old(self) -> None:
        """Keep `history_limit` records, the last one that passed among them.

        What cannot be tidied up is tried again after the next release.
        """
        try:
            while len(self._history.records) > self._wish.history_limit:
                self._forget_oldest()
        except ClusterError as error:
            self._cluster.warnings.append(f"Old releases of {self._wish.name} could not be forgotten: {error}")

    def _forget_oldest(self) -> None:
        """Settings that only the oldest release had go with its record."""
        passed = self._history.last_passed()
        oldest = next(record for record in self._history.records if record is not passed)
        remembered = [record for record in self._history.records if record is not oldest]
        still_used = {key for record in remembered for key in named_by_content(record.manifests)}
        for key in named_by_content(oldest.manifests) - still_used:
            delete(self._cluster, key)
        self._history.forget(oldest)


def _told(finding: Finding) -> list[str]:
    return [finding.sentence(), *(f"  {line}" for line in finding.evidence)]


def _is_recorded(last: Record | None, manifests: t.Iterable[Manifest]) -> bool:
    shown = tuple(without_secret_values(manifest) for manifest in manifests)
    return last is not None and last.state == PASSED and last.manifests == shown
