# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a release away: everything its history knows of, but data and secrets only when told to."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._cluster.client import ApiError, Cluster
from .._cluster.watch import Informer, Source, until
from .._findings import registry
from .._findings.finding import FAILED, Finding
from .._objects.manifest import Key, Manifest
from .apply import Applier
from .deletion import await_gone
from .deploy import ReleaseFailed
from .namespace_contents import why_it_stays
from .newer_release import require_none
from .objects.ownership import ReleaseName, is_ours
from .orphans import orphans
from .outcome import Outcome, Phases, summary
from .planning.plan import KEEP, NEVER_PRUNED, PRUNE, Plan, Step
from .pod_adoption import owners_of
from .record.history import History
from .session import ReleaseOptions, Session, session

FORBIDDEN, NOT_FOUND = 403, 404
MADE_BY_WORKLOADS = (
    ("apps/v1", "ReplicaSet", "pod-template-hash"),
    ("v1", "Pod", "controller-revision-hash"),
)
"""What Deployments and StatefulSets make, with the label by which it is known."""
ANOTHERS = "it belongs to somebody else by now"
DATA_KINDS = NEVER_PRUNED | {"Secret"}
DEFINITIONS = {"CustomResourceDefinition": "with it would go every object of its kind in the cluster"}


def remove(cluster: Cluster, options: ReleaseOptions, with_data: bool = False, check: bool = False) -> Outcome:
    """Delete what the history knows of and what killed runs left beside it, wait for the pods, forget the history.

    Without `with_data` the namespace, claims and Secrets stay. Raises ReleaseFailed when something will not go.
    """
    phases = Phases()
    history = options.history(cluster)
    with phases.phase("plan"):
        history.read().require_trusted()
        outcome = _planned(cluster, history, options, with_data, phases)
    if check or not outcome.changed:
        planned = f"Removal of {options.name} (not made, check mode): {summary(outcome.plan)}."
        outcome.message = (planned if check else f"There is no {options.name}.") + _kept(outcome.plan)
        return outcome
    with session(cluster, options, phases) as held:
        require_none(cluster, options, history.records, held.history.records)
        if held.took_over or held.history.states() != history.states():
            with phases.phase("plan"):
                outcome = _planned(cluster, held.history, options, with_data, phases)
        _carry_out(held, outcome, options, phases)
        held.lock.leave_nothing()
    outcome.message = f"{options.name} was removed.{_kept(outcome.plan)}"
    return outcome


def _kept(plan: Plan) -> str:
    """What stays, by the reasons for it."""
    reasons: dict[str, list[str]] = {}
    for step in plan.doing(KEEP):
        reasons.setdefault(step.note.removeprefix("kept: "), []).append(str(step.key))
    kept = "; ".join(f"{', '.join(objects)} ({reason})" for reason, objects in reasons.items())
    return f" Kept: {kept}." if kept else ""


def _carry_out(held: Session, outcome: Outcome, options: ReleaseOptions, phases: Phases) -> None:
    applier = Applier(held.cluster, held.writer, {})
    steps = outcome.plan.doing(PRUNE)
    inner, namespaces = [[step for step in steps if (step.key.kind == "Namespace") is last] for last in (False, True)]
    with phases.phase("delete"):
        applier.prune(inner)
        outcome.plan = outcome.plan.leaving(applier.left)
    with phases.phase("wait"):
        gone = [step for step in inner if step.key not in applier.left]
        outcome.findings = _wait_for_pods(held.cluster, options) or await_gone(held.cluster, gone, options.timeout)
    _evaluate(outcome, options)
    for record in list(held.history.records):
        held.lock.require()
        held.history.forget(record)
    held.history.forget_others()
    with phases.phase("namespace"):
        applier.prune(namespaces)
        outcome.findings = await_gone(held.cluster, namespaces, options.timeout)
    _evaluate(outcome, options)


def _planned(cluster: Cluster, history: History, options: ReleaseOptions, with_data: bool, phases: Phases) -> Outcome:
    plan = _plan(cluster, history, options, with_data)
    number = history.last.number if history.last else 0
    return Outcome(plan, number, changed=bool(plan.changes) or bool(history.records), seconds=phases.seconds)


def _evaluate(outcome: Outcome, options: ReleaseOptions) -> None:
    if outcome.findings:
        outcome.verdict = FAILED
        first = outcome.findings[0]
        evidence = "".join(f"\n  {line}" for line in first.evidence)
        outcome.message = f"Some of {options.name} is still there:\n- {first.sentence()}{evidence}"
        raise ReleaseFailed(outcome)


def _plan(cluster: Cluster, history: History, options: ReleaseOptions, with_data: bool) -> Plan:
    keys = {key for record in history.records for key in record.keys}
    keys |= orphans(cluster, history, options.release, ()) | _let_go(cluster, options)
    if with_data:
        keys |= _data(cluster, options)
    kept = _kept_kinds(history, with_data)
    found = _live(cluster, sorted(keys))
    steps = [_step(key, live, kept, options.release) for key, live in found.items()]
    return Plan(tuple(_namespace_step(cluster, step, options.release) for step in steps if step))


def _kept_kinds(history: History, with_data: bool) -> dict[str, str]:
    """The kinds that stay, and why."""
    if not with_data:
        return {**dict.fromkeys(DATA_KINDS, "it holds data or secrets"), **DEFINITIONS}
    others = history.other_releases()
    return {**({"Namespace": f"release {', '.join(others)} lives in it"} if others else {}), **DEFINITIONS}


def _namespace_step(cluster: Cluster, step: Step, release: ReleaseName) -> Step:
    """A namespace goes only with the release that made it, and when nobody else has anything in it."""
    if step.action != PRUNE or step.key.kind != "Namespace" or step.live is None:
        return step
    why = why_it_stays(cluster, step.live, release)
    return dataclasses.replace(step, action=KEEP, predicted=step.live, note=f"kept: {why}") if why else step


def _live(cluster: Cluster, keys: t.Sequence[Key]) -> dict[Key, Manifest]:
    """Each object that is there, by one of the versions that it was declared in."""
    found = zip(keys, cluster.parallel(lambda key: cluster.find(*key), keys), strict=True)
    return dict({key.of_any_version: (key, live) for key, live in found if live is not None}.values())


def _data(cluster: Cluster, options: ReleaseOptions) -> set[Key]:
    """What an earlier removal kept, and the claims that a StatefulSet made for its pods: they are in no record."""
    found = {Key("v1", "Namespace", "", options.namespace)}
    for kind in ("Secret", "PersistentVolumeClaim"):
        items = cluster.list_objects("v1", kind, options.namespace, labelSelector=options.selector)["items"]
        found |= {Key("v1", kind, options.namespace, item["metadata"]["name"]) for item in items}
    return found


def _let_go(cluster: Cluster, options: ReleaseOptions) -> set[Key]:
    """What nothing owns and a workload has made: a run was stopped while the workload was made anew around it."""
    found: set[Key] = set()
    for api_version, kind, made_by in MADE_BY_WORKLOADS:
        try:
            selector = f"{options.selector},{made_by}"
            items = cluster.list_objects(api_version, kind, options.namespace, labelSelector=selector)["items"]
        except ApiError as error:
            if error.status not in (FORBIDDEN, NOT_FOUND):
                raise
            continue
        names = [item["metadata"]["name"] for item in items if not owners_of(item)]
        found |= {Key(api_version, kind, options.namespace, name) for name in names}
    return found


def _is_ours(key: Key, live: Manifest, release: ReleaseName) -> bool:
    """Made by the release; a claim of a StatefulSet is known by its pods' labels, with which it was looked for."""
    return key.kind == "PersistentVolumeClaim" or is_ours(live, release)


def _step(key: Key, live: Manifest, kept: t.Mapping[str, str], release: ReleaseName) -> Step | None:
    """What happens to one object; None for a namespace that never was the release's."""
    if not _is_ours(key, live, release):
        return None if key.kind == "Namespace" else Step(key, KEEP, None, live, live, note=f"kept: {ANOTHERS}")
    if key.kind in kept:
        return Step(key, KEEP, None, live, live, note=f"kept: {kept[key.kind]}")
    return Step(key, PRUNE, None, live, None)


def _wait_for_pods(cluster: Cluster, options: ReleaseOptions) -> list[Finding]:
    left = _wait_until_empty(cluster, [Source("v1", "Pod", options.namespace, options.selector)], options.timeout)
    return [_still_there(f"Pod {options.namespace}/{name}", options.timeout) for name in left]


def _still_there(what: str, timeout: float) -> Finding:
    return registry.DELETION_STUCK.found(what, f"it is still there {timeout:.0f} s after its deletion was asked for")


def _wait_until_empty(cluster: Cluster, sources: t.Sequence[Source], timeout: float) -> list[str]:
    """Wait until no object is left in the sources; the names of those that are still there."""
    with Informer(cluster, sources) as informer:
        informer.synced(timeout)

        def left() -> list[str]:
            return [item["metadata"]["name"] for source in sources for item in informer.objects(source.kind)]

        until(informer, lambda: not left(), time.monotonic() + timeout)
        return left()
