# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a former release back, whole: as a new release made of what its record holds."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._findings import registry
from .._findings.finding import PASSED
from .._objects.manifest import Key, Manifest, is_secret, key_of
from .deploy import AfterFailure, deploy
from .newer_release import is_restored_meanwhile
from .objects.assembly import Release
from .objects.content_hash import is_named_by_content
from .outcome import Outcome
from .planning.irreversible import not_undone
from .planning.omissions import components_of
from .record.history import Record
from .record.lease_lock import is_unacknowledged
from .record.retention import FIRST_AS, before_current
from .session import SMOKE_RESULT, ReleaseOptions

BY_CONTENT = "kept: it is named by its content and holds this release's values"
AS_IT_IS = "kept as it is: its values are in no record"
DATA = "kept: it holds data"
RETRY_OF = "retry_of"
"""Where the record of a rollback says which release it tries once more to make."""


class NothingToRestore(ClusterError):
    """There is no release to go back to, or not the one that was asked for."""

    finding_type = registry.ROLLBACK_TARGET_MISSING


def restore(
    cluster: Cluster,
    options: ReleaseOptions,
    number: int = 0,
    check: bool = False,
    auto_rollback: AfterFailure | None = None,
) -> Outcome:
    """Restore release `number`, by default the last good one before the current, as a new release.

    Without a number, this is the same as a rollback whose result nobody heard: what that restored is confirmed, and
    nothing further back is restored. The outcome's risks say what does not come back. Raises NothingToRestore,
    CannotRestore, and what `deploy` raises.
    """
    history = options.history(cluster).read()
    history.require_trusted()
    repeated = None if number else _repeated(cluster, history.last, options)
    target = repeated or chosen(history.records, number, options.name)
    unheard = _is_unheard(cluster, history.last, options)
    if repeated:
        cluster.warnings.append(_confirmed(repeated, options.name))
    options = dataclasses.replace(bringing_back(target, options), takes_lock=unheard)
    options.about.update(_retried(history.last, target))
    outcome = deploy(cluster, brought_back(cluster, target), options, check, auto_rollback)
    outcome.risks = [*outcome.risks, *not_undone(target.manifests, outcome.plan)]
    return outcome


def _repeated(cluster: Cluster, last: Record | None, options: ReleaseOptions) -> Record | None:
    """The current release, when whoever asks for a rollback now means the one that brought it back.

    That is a rollback of which nobody heard how it ended, or one that somebody else made since this run began.
    """
    if last is None or last.state != PASSED or not last.about.get("rollback_to"):
        return None
    return last if _is_unheard(cluster, last, options) or is_restored_meanwhile(cluster, options, last) else None


def _is_unheard(cluster: Cluster, last: Record | None, options: ReleaseOptions) -> bool:
    """Whether the current release was restored by a run that could tell nobody that it passed."""
    if last is None or last.state != PASSED or not last.about.get("rollback_to"):
        return False
    return is_unacknowledged(cluster, options.namespace, options.name, str(last.about.get("run")))


def _confirmed(record: Record, name: str) -> str:
    """What is said of a rollback that was asked for twice."""
    who, begun = record.about.get("by", "somebody"), record.about.get("begun", "some time")
    return (
        f"Release {record.number} of {name} brought release {record.about.get('rollback_to')} back already: a rollback "
        f"of {who}, begun {begun}, of which nobody had heard here. That is confirmed. Roll back once more to go "
        "further back."
    )


def _retried(last: Record | None, target: Record) -> dict[str, int]:
    """What the record says of a rollback that was tried before and did not come to its end."""
    if last is None or last.state == PASSED or last.about.get("rollback_to") != target.number:
        return {}
    return {RETRY_OF: last.number}


def bringing_back(target: Record, options: ReleaseOptions, reason: str = "") -> ReleaseOptions:
    """The wish to restore a release, which has to prove what it had to in its time, not what was wished since."""
    first = target.about.get(FIRST_AS) or target.about.get("rollback_to") or target.number
    about = {**options.about, FIRST_AS: first, SMOKE_RESULT: target.about.get(SMOKE_RESULT) or {}}
    about |= {"reason": reason} if reason else {}
    return dataclasses.replace(options, rollback_to=target.number, about=about)


def chosen(records: t.Sequence[Record], number: int, name: str) -> Record:
    """The release to restore. Raises NothingToRestore."""
    if number:
        return _named(records, number, name)
    found = before_current(records)
    if found is None:
        known = ", ".join(f"{record.number} {record.state}" for record in records) or "none"
        later = [str(record.number) for record in records[:-1] if record.state == PASSED]
        ways = f". By its number can be restored: {', '.join(later)}" if later else ""
        raise NothingToRestore(
            f"No other release of {name} that passed comes before the current one (known: {known}){ways}"
        )
    return found


def brought_back(cluster: Cluster, record: Record) -> Release:
    """The release that a record holds.

    Values of Secrets are in no record: those named by content are in the cluster as long as the history knows the
    release, others stay as they are. Claims stay as well, and are made anew when they are gone.
    """
    kept = {key_of(each): reason for each in record.manifests if (reason := _kept(each))}
    claims = [key for key, reason in kept.items() if reason == DATA]
    for key, live in zip(claims, cluster.parallel(lambda key: cluster.find(*key), claims), strict=True):
        if live is None:
            del kept[key]
    return Release(record.manifests, _initial_replicas(record.manifests), kept, components_of(record))


def _named(records: t.Sequence[Record], number: int, name: str) -> Record:
    found = next((record for record in records if record.number == number), None)
    passed = [str(record.number) for record in records if record.state == PASSED]
    those = f"Those that passed: {', '.join(passed) or 'none'}"
    if found is None:
        raise NothingToRestore(f"The history of {name} does not know release {number}. {those}")
    if found.state != PASSED:
        reason = found.outcome.get("reason", "")
        raise NothingToRestore(
            f"Release {number} of {name} did not pass ({found.state}{f': {reason}' if reason else ''}). {those}"
        )
    return found


def _kept(manifest: Manifest) -> str:
    if manifest["kind"] == "PersistentVolumeClaim":
        return DATA
    if not is_secret(manifest):
        return ""
    return BY_CONTENT if is_named_by_content(manifest) else AS_IT_IS


def _initial_replicas(manifests: t.Iterable[Manifest]) -> dict[Key, int]:
    """At which size workloads are made anew that an autoscaler scales: at its least."""
    known = {key_of(manifest) for manifest in manifests}
    found: dict[Key, int] = {}
    for autoscaler in (each for each in manifests if each["kind"] == "HorizontalPodAutoscaler"):
        target = autoscaler["spec"]["scaleTargetRef"]
        namespace = autoscaler["metadata"].get("namespace", "")
        key = Key(target.get("apiVersion", "apps/v1"), target["kind"], namespace, target["name"])
        if key in known:
            found[key] = autoscaler["spec"].get("minReplicas", 1)
    return found
