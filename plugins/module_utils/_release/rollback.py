# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a former release back, whole: as a new release made of what its record holds."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._findings.finding import PASSED
from .._objects.manifest import Key, Manifest, is_secret, key_of
from .deploy import AfterFailure, deploy
from .objects.assembly import Release
from .objects.content_hash import is_named_by_content
from .outcome import Outcome
from .planning.irreversible import not_undone
from .planning.omissions import components_of
from .record.history import History, Record
from .record.lease_lock import is_held_by
from .record.retention import FIRST_AS, before_current
from .session import SMOKE_RESULT, ReleaseOptions

BY_CONTENT = "kept: it is named by its content and holds this release's values"
AS_IT_IS = "kept as it is: its values are in no record"
DATA = "kept: it holds data"


class NothingToRestore(ClusterError):
    """There is no release to go back to, or not the one that was asked for."""

    id = "rollback-target-missing"
    next_step = "Nothing was changed. The history lists the releases; deploy the one that you want from its inventory."


def restore(
    cluster: Cluster,
    options: ReleaseOptions,
    number: int = 0,
    check: bool = False,
    auto_rollback: AfterFailure | None = None,
) -> Outcome:
    """Restore release `number`, by default the last good one before the current, as a new release.

    The outcome's risks say what does not come back. Raises NothingToRestore, CannotRestore, and what `deploy` raises.
    """
    history = History(cluster, options.namespace, options.name).read()
    unheard = _unheard_of(cluster, history.last, options)
    target = unheard if unheard and not number else chosen(history.records, number, options.name)
    options = dataclasses.replace(bringing_back(target, options), takes_lock=unheard is not None)
    outcome = deploy(cluster, brought_back(cluster, target), options, check, auto_rollback)
    outcome.risks = [*outcome.risks, *not_undone(target.manifests, outcome.plan)]
    return outcome


def _unheard_of(cluster: Cluster, last: Record | None, options: ReleaseOptions) -> Record | None:
    """The current release, when it was restored by a run that still has the lock and so has told nobody that it passed.

    Whoever asks for a rollback then means this one: it is confirmed, and the lock with it taken from that run.
    """
    if last is None or last.state != PASSED or not last.about.get("rollback_to"):
        return None
    return last if is_held_by(cluster, options.namespace, options.name, str(last.about.get("run"))) else None


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
        raise NothingToRestore(f"No other release of {name} that passed comes before the current one (known: {known})")
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
