# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each pod of a release stands, in one word, and how many stand there. Pure."""

from __future__ import annotations

import collections
import typing as t

from .facts import Live
from .kinds.workloads import is_on_delete, partition_of

READY, OLD, STARTING, PENDING, FAILING, TERMINATING = "ready", "old", "starting", "pending", "failing", "terminating"
PHASES = (READY, STARTING, PENDING, FAILING, OLD, TERMINATING)
"""In the order in which they are told. `old` are pods of a former revision that have not been asked to end."""
TAKEN_AWAY = frozenset({"Evicted", "NodeShutdown", "Preempting", "Shutdown", "Terminated"})
"""Why the kubelet ends a pod for its node's sake. Another one takes its place; this one may be kept for weeks."""
REVISION = "deployment.kubernetes.io/revision"
TEMPLATE_HASH, REVISION_HASH = "pod-template-hash", "controller-revision-hash"

Objects = t.Mapping[str, t.Sequence[Live]]


def counted(objects: Objects) -> dict[str, int]:
    """The number of pods in each phase that has some; pods that are done are in none."""
    new = newest_hashes(objects)
    found = collections.Counter(phase_of(pod, new) for pod in objects.get("Pod", ()))
    return {phase: found[phase] for phase in PHASES if found[phase]}


def phase_of(pod: Live, newest: t.Collection[str] = ()) -> str:
    """The phase of one pod; an empty string for one that has done its work or was taken from its node."""
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded":
        return ""
    if pod["metadata"].get("deletionTimestamp"):
        return "" if status.get("phase") == "Failed" else TERMINATING
    if status.get("phase") == "Failed":
        return "" if status.get("reason") in TAKEN_AWAY else FAILING
    if newest and _hash(pod) and _hash(pod) not in newest:
        return OLD
    if any(entry["type"] == "Ready" and entry["status"] == "True" for entry in status.get("conditions") or ()):
        return READY
    if any(_is_in_trouble(container) for container in _containers(status)):
        return FAILING
    return STARTING if (pod.get("spec") or {}).get("nodeName") else PENDING


def newest_hashes(objects: Objects) -> set[str]:
    """The hashes that the pods of the newest revisions are labelled with; empty while that is not known."""
    revisions = {
        deployment["metadata"].get("uid"): (deployment["metadata"].get("annotations") or {}).get(REVISION)
        for deployment in objects.get("Deployment", ())
    }
    of_sets = {
        (replica_set["metadata"].get("labels") or {}).get(TEMPLATE_HASH, "")
        for replica_set in objects.get("ReplicaSet", ())
        for owner in replica_set["metadata"].get("ownerReferences") or ()
        if owner.get("uid") in revisions
        and (replica_set["metadata"].get("annotations") or {}).get(REVISION) == revisions[owner.get("uid")]
    }
    alone = {
        _hash(replica_set)
        for replica_set in objects.get("ReplicaSet", ())
        if not any(owner.get("uid") in revisions for owner in replica_set["metadata"].get("ownerReferences") or ())
    }
    of_stateful = {
        (item.get("status") or {}).get(field, "")
        for item in objects.get("StatefulSet", ())
        for field in ("updateRevision", *(["currentRevision"] if is_on_delete(item) or partition_of(item) else []))
    }
    of_daemons = {
        newest_of_daemon_set(item, objects.get("ControllerRevision", ())) for item in objects.get("DaemonSet", ())
    }
    return (of_sets | alone | of_stateful | of_daemons) - {""}


def newest_of_daemon_set(daemon_set: Live, revisions: t.Iterable[Live]) -> str:
    """The hash of a DaemonSet's newest revision, which its status does not tell; empty while it is not known."""
    uid = daemon_set["metadata"].get("uid")
    own = [
        revision
        for revision in revisions
        if any(owner.get("uid") == uid for owner in revision["metadata"].get("ownerReferences") or ())
    ]
    newest = max(own, key=lambda revision: int(revision.get("revision", 0)), default=None)
    return _hash(newest) if newest else ""


def are_current(objects: Objects) -> bool:
    """Whether the controllers have seen the newest change, so that new pods can be told from old ones."""
    workloads = [item for kind in ("Deployment", "StatefulSet", "DaemonSet") for item in objects.get(kind, ())]
    seen = all(
        (item.get("status") or {}).get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
        for item in workloads
    )
    is_numbered = any((item["metadata"].get("annotations") or {}).get(REVISION) for item in workloads)
    return seen and (not is_numbered or bool(newest_hashes(objects)))


def lasting_containers(pod: Live) -> list[Live]:
    """The statuses of the containers that have to run for ever: native sidecars are among the init containers."""
    status = pod.get("status") or {}
    init = (pod.get("spec") or {}).get("initContainers") or ()
    sidecars = {container["name"] for container in init if container.get("restartPolicy") == "Always"}
    prepared = [each for each in status.get("initContainerStatuses") or () if each["name"] in sidecars]
    return [*prepared, *(status.get("containerStatuses") or ())]


def _hash(pod: Live) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get(TEMPLATE_HASH) or labels.get(REVISION_HASH) or "")


def _containers(status: Live) -> list[Live]:
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _is_in_trouble(container: Live) -> bool:
    """A container that cannot be started waits for a reason that begins or ends with such a word."""
    reason = str(((container.get("state") or {}).get("waiting") or {}).get("reason", ""))
    return reason.startswith(("Err", "Invalid")) or reason.endswith(("Error", "BackOff"))
