# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a release: plan, lock, record, apply, wait, prune, record what came of it."""

from __future__ import annotations

import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._findings import registry
from .._findings.finding import FAILED, PASSED, Finding
from .._findings.registry import by_severity
from .._health.observer import Subject
from .._health.rules import not_judged
from .._health.waiter import await_verdict, is_ready
from .._objects.manifest import Key, Manifest, key_of
from .._redaction.mask import masked
from .apply import Applier
from .blocked_updates import MOST, blocking, unblock
from .definitions import await_served
from .interruption import stopped_by, stopped_by_defect, unrecorded
from .metadata import findings_in_short, plan_in_short, proof_in_short, running_images, timeline_in_short, within_limits
from .newer_release import require_none
from .objects.apply_order import AFTER_WORKLOAD, BEFORE_WORKLOAD, DEFINITIONS, NAMES, SETTINGS, TRAFFIC, stage_of
from .objects.assembly import Release
from .objects.ownership import without_secret_values
from .orphans import orphans
from .outcome import Outcome, Phases, summary
from .planning.escalation import require_no_escalation
from .planning.external_secret_values import renewed, with_digests
from .planning.finished_jobs import finished_jobs
from .planning.omissions import COMPONENTS, removals
from .planning.plan import KEEP, PRUNE, Plan, Step
from .planning.planner import Former, former_of, make_plan
from .planning.preserved import kept_steps
from .record.history import History, Record
from .record.lease_lock import Superseded
from .record.retention import forgettable
from .session import SMOKE_RESULT, ReleaseOptions, Session, session

SOURCES = frozenset({"ClusterSecretStore", "ExternalSecret", "SecretStore"})
"""Kinds by which values come from outside of the cluster."""


class ReleaseFailed(ClusterError):
    """A release that was begun and did not pass; `outcome` holds everything known about it."""

    finding_type = registry.RELEASE_FAILED

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.message)


IF_INTERRUPTED = "if this run is interrupted, run it again to finish it (rollback undoes it)"
"""What a play that is killed can say no more, so it says it before."""
AfterFailure = t.Callable[[Session, ReleaseFailed], ReleaseFailed]
"""What to do after a release failed, while its lock is still held; returns the failure with all there is to say."""


def deploy(
    cluster: Cluster,
    release: Release,
    options: ReleaseOptions,
    check: bool = False,
    auto_rollback: AfterFailure | None = None,
) -> Outcome:
    """Bring the cluster to what `release` declares; in check mode only say what that would change.

    Raises ReleaseFailed when the release was begun and did not pass, InProgress when another run is at work,
    Superseded when this one was stopped and taken over, any other ClusterError when nothing was changed.
    """
    phases = Phases()
    history = options.history(cluster)
    with phases.phase("plan"):
        history.read().require_trusted()
        outcome = _planned(cluster, history, release, options, phases, check)
    if check:
        outcome.number += outcome.changed
        outcome.message = f"Release {outcome.number} of {options.name} (not made, check mode): {summary(outcome.plan)}."
        return outcome
    if not (outcome.changed or options.takes_lock or history.is_adopting):
        return _Run(cluster, release, options, phases, outcome).confirm()
    keys = {key_of(manifest) for manifest in release.manifests}
    makes_namespace = Key("v1", "Namespace", "", options.namespace) in keys
    with session(cluster, options, phases, keys, makes_namespace) as held:
        require_none(cluster, options, history.records, held.history.records)
        if held.took_over or held.history.states() != history.states():
            with phases.phase("plan"):
                outcome = _planned(cluster, held.history, release, options, phases)
        outcome.run = held.lock.token
        run = _Run(cluster, release, options, phases, outcome)
        try:
            return run.carry_out(held) if outcome.changed else run.confirm()
        except ReleaseFailed as failure:
            if auto_rollback is None or not (failure.outcome.changed and failure.outcome.recorded):
                raise
            raise _after(auto_rollback, held, failure) from None


def _after(auto_rollback: AfterFailure, held: Session, failure: ReleaseFailed) -> ReleaseFailed:
    """What is done after a failure must not hide it, whatever goes wrong there."""
    try:
        return auto_rollback(held, failure)
    except ClusterError:
        raise
    except Exception as error:
        said = stopped_by_defect(error).sentence()
        failure.outcome.message += f"\n- What follows a failure broke off, so nothing was undone: {said}"
        return failure


def make_under_lock(held: Session, release: Release, options: ReleaseOptions) -> Outcome:
    """Plan and make a release as a part of another run's work; it is recorded though nothing may have to change."""
    phases = Phases()
    with phases.phase("plan"):
        outcome = _planned(held.cluster, held.history, release, options, phases)
    outcome.changed = True
    return _Run(held.cluster, release, options, phases, outcome).carry_out(held)


def _planned(
    cluster: Cluster, history: History, release: Release, options: ReleaseOptions, phases: Phases, check: bool = False
) -> Outcome:
    previous = former_of(history)
    kept = kept_steps(cluster, release)
    left = previous.prunable | orphans(cluster, history, options.release, release.manifests)
    passed = history.last.manifests if history.last and history.last.state == PASSED else ()
    finished = finished_jobs(passed, release.manifests, lambda key: cluster.find(*key) is not None)
    unwritten = release.kept.keys() | finished
    plan = make_plan(
        cluster,
        [each for each in with_digests(cluster, release.manifests) if key_of(each) not in unwritten],
        Former(left - release.kept.keys(), previous.settings),
        options.release,
        options.takeover,
        options.prune_allowed,
    )
    plan = Plan((*plan.steps, *kept), release.replicas)
    removed = (
        []
        if options.rollback_to
        else removals(history.since_last_passed(), release, plan, options.remove_components, check)
    )
    base = history.last.number if history.last else 0
    if options.rollback_to and not options.rollback_rbac and not options.trust.is_signed:
        require_no_escalation(plan, options.namespace, options.before, options.rollback_to)
    if options.approve and not options.rollback_to:
        options.approve(plan, base)
    outcome = Outcome(
        plan, base, seconds=phases.seconds, rollback_to=options.rollback_to, finished=finished, risks=removed
    )
    outcome.changed = bool(plan.changes) or not _is_recorded(history.last, release.manifests)
    return outcome


class _Run:
    """One release being made."""

    def __init__(
        self, cluster: Cluster, release: Release, options: ReleaseOptions, phases: Phases, outcome: Outcome
    ) -> None:
        self._cluster = cluster
        self._release = release
        self._options = options
        options.expect(release.manifests)
        self._phases = phases
        self._outcome = outcome
        self._begun = cluster.clock.now()

    def confirm(self) -> Outcome:
        """Nothing has to change: say so once everything is ready."""
        live = [step.live for step in self._plan.steps if step.manifest and step.live]
        if not is_ready(live):
            self._wait(self._release.manifests)
        if self._outcome.verdict != PASSED:
            raise ReleaseFailed(self._failed("has nothing to change but is not ready"))
        said = not_judged(self._outcome.findings)
        self._outcome.message = f"{self._name} is in place; nothing to change.{said}"
        return self._outcome

    def carry_out(self, held: Session) -> Outcome:
        with self._phases.phase("apply"):
            about = {
                **self._options.about,
                **self._origin(),
                COMPONENTS: dict(self._release.components),
                "plan": plan_in_short(self._plan),
                "begun": self._cluster.clock.stamp(),
            }
            record = held.begin(self._release.manifests, about)
            self._outcome.number = record.number
        self._options.tell(f"release {record.number} begun: {IF_INTERRUPTED}")
        try:
            self._finish(held)
            if self._outcome.verdict == PASSED:
                self._end(held, record, "")
        except Superseded:
            raise
        except ClusterError as error:
            self._outcome.verdict = FAILED
            self._outcome.findings = [stopped_by(error), *self._outcome.findings]
            raise self._failure(held, record, str(error), "stopped half-way") from error
        except Exception as error:
            self._outcome.verdict = FAILED
            self._outcome.findings = [stopped_by_defect(error), *self._outcome.findings]
            reason = f"{type(error).__name__}: {error}"
            raise self._failure(held, record, reason, "stopped half-way") from error
        if self._outcome.verdict != PASSED:
            raise self._failure(held, record, self._outcome.findings[0].sentence(), self._shortcoming())
        said = not_judged(self._outcome.findings)
        self._outcome.message = f"{self._name} is in place: {summary(self._plan, done=True)}.{said}"
        return self._outcome

    def _shortcoming(self) -> str:
        seconds = self._phases.seconds
        if "smoke" in seconds:
            failed = "does not serve as it should"
            return f"is ready but {failed if self._outcome.verdict == FAILED else 'could not prove that it serves'}"
        return f"is not ready after {seconds.get('wait', 0.0):.0f} s"

    def _origin(self) -> dict[str, int]:
        return {"rollback_to": self._options.rollback_to} if self._options.rollback_to else {}

    def _failure(self, held: Session, record: Record, reason: str, what: str) -> ReleaseFailed:
        """Record that the release failed; that this cannot be done must not hide why it failed."""
        said = ""
        try:
            self._end(held, record, reason)
        except Superseded:
            raise
        except Exception as error:
            self._outcome.recorded, said = False, f" {unrecorded(error)}"
        return ReleaseFailed(self._failed(what, said))

    @property
    def _plan(self) -> Plan:
        return self._outcome.plan

    @property
    def _name(self) -> str:
        rollback_to = self._options.rollback_to
        origin = f" (release {rollback_to} restored)" if rollback_to not in (0, self._outcome.number) else ""
        return f"Release {self._outcome.number} of {self._options.name}{origin}"

    def _finish(self, held: Session) -> None:
        applier = Applier(held.cluster, held.writer, self._release.replicas)
        with self._phases.phase("apply"):
            applier.prepare(self._plan.steps)
        for stage in NAMES:
            with self._phases.phase("apply"):
                applier.apply(self._steps(stage))
            self._await_stage(stage, held)
            if self._outcome.verdict != PASSED:
                return
        self._verify()
        if self._outcome.verdict == PASSED:
            with self._phases.phase("prune"):
                self._leave(applier.prune_what_can_be(self._plan.doing(PRUNE)))
            self._outcome.plan = self._plan.leaving(applier.left)

    def _steps(self, stage: str) -> list[Step]:
        return [step for step in self._plan.steps if step.manifest and NAMES[stage_of(step.manifest)] == stage]

    def _await_stage(self, stage: str, held: Session) -> None:
        """What the next stage needs; before the last one all that is not ordered after the workload."""
        steps = self._steps(stage)
        if stage == DEFINITIONS:
            self._await_definitions([step.declared for step in steps if step.action != KEEP])
        elif stage == SETTINGS:
            self._await_sources(held)
        elif stage == BEFORE_WORKLOAD and steps:
            self._wait([step.declared for step in steps], held.lock.check, is_needed=True)
        elif stage == TRAFFIC:
            later = {step.key for step in self._steps(AFTER_WORKLOAD)}
            self._wait_and_unblock([each for each in self._release.manifests if key_of(each) not in later], held)
        elif stage == AFTER_WORKLOAD and steps:
            self._wait_and_unblock(self._release.manifests, held)

    def _await_definitions(self, definitions: list[Manifest]) -> None:
        if definitions:
            with self._phases.phase("wait"):
                found = await_served(self._cluster, definitions, self._options.timeout)
            self._outcome.verdict, self._outcome.findings = (FAILED if found else PASSED), found

    def _leave(self, findings: list[Finding]) -> None:
        """What could not be removed makes a release that serves no worse."""
        self._outcome.findings = by_severity([*self._outcome.findings, *findings])
        self._cluster.warnings.extend(finding.sentence() for finding in findings)

    def _await_sources(self, held: Session) -> None:
        """Pods are to start with the values that External Secrets brings for this release, not with the former ones."""
        if any(manifest["kind"] == "ExternalSecret" for manifest in self._release.manifests):
            self._wait([each for each in self._release.manifests if each["kind"] in SOURCES], held.lock.check)
            if self._outcome.verdict == PASSED:
                self._outcome.plan = renewed(held.cluster, self._plan)

    def _wait(
        self, manifests: t.Sequence[Manifest], go_on: t.Callable[[], object] = bool, is_needed: bool = False
    ) -> None:
        options = self._options
        if not (options.wait or is_needed):
            return
        awaited = tuple(each for each in manifests if key_of(each) not in self._outcome.finished)
        subject = Subject(
            options.name, options.namespace, awaited, self._begun, options.readiness_deadline, options.image_grace
        )
        left = options.timeout - self._phases.seconds.get("wait", 0.0)
        with self._phases.phase("wait"):
            health = await_verdict(
                self._cluster, subject, left, options.settle, tell=options.tell, mask=options.mask, go_on=go_on
            )
        self._outcome.verdict, self._outcome.findings = health.verdict, list(health.findings)
        self._outcome.timeline = health.timeline

    def _wait_and_unblock(self, manifests: t.Sequence[Manifest], held: Session) -> None:
        """Wait, and delete the broken pods of older revisions that hold up a StatefulSet for ever."""
        for _attempt in range(MOST):
            self._wait(manifests, held.lock.check)
            deleted = unblock(held.cluster, held.writer, blocking(self._outcome.findings))
            if not deleted:
                return
            for key in deleted:
                self._options.tell(f"{key} of an older revision was deleted: it held up its StatefulSet")

    def _verify(self) -> None:
        if self._options.verify is None or not self._options.wait:
            return
        with self._phases.phase("smoke"):
            smoke_result = self._options.verify(self._options.about.get(SMOKE_RESULT) or {})
        self._outcome.verdict, self._outcome.smoke = smoke_result.verdict, smoke_result.figures
        self._outcome.findings = by_severity([*self._outcome.findings, *smoke_result.findings])

    def _failed(self, what: str, said: str = "") -> Outcome:
        """What became of the release and why in the first line, below it what proves that and what else is wrong."""
        lines = [line for finding in self._outcome.findings for line in _reported(finding)]
        why = f": {lines[0]}" if lines else "."
        self._outcome.message = "\n- ".join([f"{self._name} {what}{why}{said}", *lines[1:]])
        return self._outcome

    def _end(self, held: Session, record: Record, reason: str) -> None:
        """Record how the release ended, and forget what the history no longer has room for."""
        held.history.end(record, self._outcome.verdict, self._described(reason))
        self._forget_old(held)

    def _described(self, reason: str) -> dict[str, t.Any]:
        """What a record says of how its release ended. That it cannot be told does not keep it from being recorded."""
        ended = {"ended": self._cluster.clock.stamp(), "reason": reason}
        try:
            outcome = {
                **ended,
                "seconds": dict(self._phases.seconds),
                "counts": self._plan.counts(),
                "findings": findings_in_short(self._outcome.findings),
                "timeline": timeline_in_short(self._outcome.timeline),
                "smoke": proof_in_short(self._outcome.smoke),
                "running": running_images(self._cluster, self._options.namespace, self._options.selector),
            }
            return within_limits(masked(outcome, self._options.mask))
        except ClusterError:
            raise
        except Exception as error:
            finding = stopped_by_defect(error)
            self._cluster.warnings.append(
                f"The record of release {self._outcome.number} is short: {finding.sentence()}"
            )
            return {**ended, "reason": self._options.mask(reason)[:500], "findings": []}

    def _forget_old(self, held: Session) -> None:
        """Keep `history_limit` records, or more while more are needed.

        What cannot be tidied up is tried again after the next release.
        """
        try:
            while len(held.history.records) > self._options.history_limit:
                old = forgettable(held.history.records)
                if old is None:
                    return
                held.forget(old)
        except Superseded:
            raise
        except ClusterError as error:
            self._cluster.warnings.append(f"Old releases of {self._options.name} could not be forgotten: {error}")


def _reported(finding: Finding) -> list[str]:
    return [finding.sentence(), *(f"  {line}" for line in finding.evidence)]


def _is_recorded(last: Record | None, manifests: t.Iterable[Manifest]) -> bool:
    displayed = tuple(without_secret_values(manifest) for manifest in manifests)
    return last is not None and last.state == PASSED and last.manifests == displayed
