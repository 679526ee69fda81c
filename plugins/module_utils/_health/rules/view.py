# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a release as its judge reads them: who owns what, which pods are new, what the events say. Pure."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
import typing as t

from ..._objects.group_kind import group_kind, identity, kind_of
from ..facts import Facts, Identity, Live
from ..kinds.names import CERTIFICATE, EXTERNAL_SECRET
from ..kinds.registry import name_of
from ..kinds.workloads import first_ordinal, is_on_delete, partition_of
from ..pod_phases import newest_of_daemon_set
from ..readiness import condition

WORKLOADS = ("DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet")
ONE_REVISION = frozenset({"Job", "Pod", "ReplicaSet", "ReplicationController"})
"""Workloads whose pods are all of the one template that they have."""
REVISION = "deployment.kubernetes.io/revision"
BROUGHT_BY_CLUSTER = (("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default"))
"""What controllers of the cluster put into every new namespace."""
REVISION_HASH = "controller-revision-hash"
CLOCK = 3.0
"""Seconds by which clocks and timestamps may differ."""
GRACE = 30
"""Seconds that a pod has to end where its spec names none: the API's default."""
COMBINED = re.compile(r"^\(combined from similar events\): ")
CONTAINER_PATH = re.compile(r"^spec\.(?:initContainers|containers|ephemeralContainers)\{(.+)\}$")


@dataclasses.dataclass(frozen=True)
class Event:
    """What was told of an object: `count` times between the moments `first` and `last`."""

    reason: str
    message: str
    count: int
    first: float
    last: float
    container: str = ""
    uid: str = ""


@dataclasses.dataclass(frozen=True)
class Workload:
    """Something declared that runs pods. `pods` are those of the newest revision that are not on their way out;
    `previous` are all pods of earlier revisions, but for `kept`, which its update strategy leaves as they are (a
    partition, OnDelete); `revision` owns the newest pods (None while it is not known).
    `is_traced` tells that the way to its pods was observed: without it only its own status is known."""

    live: Live
    revision: Live | None
    pods: tuple[Live, ...] = ()
    previous: tuple[Live, ...] = ()
    is_traced: bool = True
    kept: tuple[Live, ...] = ()

    @property
    def name(self) -> str:
        return displayed(self.live)

    @property
    def namespace(self) -> str:
        return str(self.live["metadata"].get("namespace", ""))

    @property
    def kind(self) -> str:
        return str(self.live["kind"])

    @property
    def replicas(self) -> int:
        """How many pods of the newest revision there are to be."""
        if self.kind == "DaemonSet":
            return int((self.live.get("status") or {}).get("desiredNumberScheduled", 0)) - len(self.kept)
        field = "parallelism" if self.kind == "Job" else "replicas"
        return int(self.live["spec"].get(field, 1)) - len(self.kept)


class View:
    """All that a rule looks at. Every collection is in the order of names, whatever order the facts are in."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.now = facts.now
        self.wanted = tuple(sorted(set(facts.wanted)))

    @functools.cached_property
    def _live(self) -> dict[Identity, Live]:
        return {identity(item): item for items in self.facts.objects.values() for item in items}

    @functools.cached_property
    def _owned(self) -> dict[str, list[Live]]:
        owned: dict[str, list[Live]] = {}
        for key in sorted(self._live):
            for owner in self._live[key]["metadata"].get("ownerReferences") or ():
                owned.setdefault(owner["uid"], []).append(self._live[key])
        return owned

    @functools.cached_property
    def _events(self) -> dict[Identity, list[Event]]:
        reported: dict[Identity, list[Event]] = {}
        for item in self.facts.objects.get("Event", ()):
            about = item.get("involvedObject") or item.get("regarding") or {}
            kind = group_kind(str(about.get("apiVersion", "")), str(about.get("kind", "")))
            key = kind, about.get("namespace", ""), about.get("name", "")
            reported.setdefault(key, []).append(_event(item, about))
        order = dataclasses.astuple
        return {key: sorted(events, key=lambda event: (-event.last, order(event))) for key, events in reported.items()}

    def live(self, kind: str, namespace: str, name: str) -> Live | None:
        return self._live.get((kind, namespace, name))

    def of_kind(self, kind: str) -> list[Live]:
        """Every observed object of the kind."""
        return [self._live[key] for key in sorted(self._live) if key[0] == kind]

    def declared(self, *kinds: str) -> list[Live]:
        """The observed objects of these kinds that the release declares."""
        return [self._live[key] for key in self.wanted if key[0] in kinds and key in self._live]

    def is_observed(self, kind: str) -> bool:
        return kind in self.facts.objects

    def owned(self, owner: Live, kind: str) -> list[Live]:
        return [item for item in self._owned.get(owner["metadata"].get("uid", ""), ()) if kind_of(item) == kind]

    def events(self, item: Live, *reasons: str) -> list[Event]:
        """What was told of the object for one of these reasons (any without), latest first.

        Not what was told of a former object with its name: a StatefulSet gives the same names again and again.
        """
        found = self._events.get(identity(item), ())
        ours = ("", item["metadata"].get("uid", ""))
        return [event for event in found if event.uid in ours and (not reasons or event.reason in reasons)]

    @functools.cached_property
    def workloads(self) -> tuple[Workload, ...]:
        return tuple(self._workload(item) for item in self.declared(*WORKLOADS))

    def _workload(self, live: Live) -> Workload:
        if live["kind"] == "Deployment":
            return self._deployment(live)
        if live["kind"] == "Pod":
            return Workload(live, live, tuple(filter(is_staying, [live])))
        pods = self.owned(live, "Pod")
        if live["kind"] in ONE_REVISION:
            return Workload(live, live, tuple(filter(is_staying, pods)))
        return self._revised(live, pods)

    def _revised(self, live: Live, pods: t.Sequence[Live]) -> Workload:
        """A StatefulSet or a DaemonSet, which tells its pods apart by the hash of their revision."""
        if not is_seen(live):
            return Workload(live, None, previous=tuple(pods))
        newest = self._newest_hash(live)
        old = [pod for pod in pods if newest and _label(pod, REVISION_HASH) not in (newest, "")]
        kept = [pod for pod in old if is_staying(pod) and _is_kept(live, pod)]
        new = tuple(pod for pod in pods if pod not in old and is_staying(pod))
        return Workload(live, live, new, tuple(pod for pod in old if pod not in kept), kept=tuple(kept))

    def _newest_hash(self, live: Live) -> str:
        if live["kind"] == "StatefulSet":
            return str((live.get("status") or {}).get("updateRevision") or "")
        return newest_of_daemon_set(live, self.facts.objects.get("ControllerRevision", ()))

    def _deployment(self, live: Live) -> Workload:
        sets = self.owned(live, "ReplicaSet")
        newest = _newest(live, sets) if is_seen(live) else None
        old = [pod for item in sets if item is not newest for pod in self.owned(item, "Pod")]
        new = self.owned(newest, "Pod") if newest else []
        return Workload(live, newest, tuple(filter(is_staying, new)), tuple(old), is_traced=bool(sets))

    def ended_by(self, workload: Workload) -> float:
        """When the pods of earlier revisions that are ending, or have just gone, must have ended; 0 for none.

        They may end earlier: who deleted them has told of it, and others learn of their end in their own time.
        """
        leaving = [moment(pod["metadata"].get("deletionTimestamp")) for pod in workload.previous]
        sets = self.owned(workload.live, "ReplicaSet") or [workload.live]
        earlier = [each for each in sets if each is not workload.revision or workload.kind != "Deployment"]
        spec = (workload.live["spec"].get("template") or {}).get("spec") or {}
        grace = int(spec.get("terminationGracePeriodSeconds") or GRACE)
        gone = [event.last + grace for each in earlier for event in self.events(each, "SuccessfulDelete")[:1]]
        return max([*leaving, *gone], default=0.0)

    def claims(self, pod: Live) -> list[Live]:
        """The observed claims that the pod uses, in the order of its volumes."""
        namespace = str(pod["metadata"].get("namespace", ""))
        names = map(functools.partial(claim_name, pod), (pod.get("spec") or {}).get("volumes") or ())
        found = (self.live("PersistentVolumeClaim", namespace, name) for name in names if name)
        return [claim for claim in found if claim]

    @functools.cached_property
    def unfit_nodes(self) -> frozenset[str]:
        """Nodes that are not ready: what goes wrong there is no fault of the release."""
        unfit = (node for node in self.of_kind("Node") if condition(node, "Ready").get("status") != "True")
        return frozenset(str(node["metadata"]["name"]) for node in unfit)

    def is_excused(self, pod: Live) -> bool:
        """The pod suffers from its node: that is not ready, or drives the pod away."""
        is_driven = condition(pod, "DisruptionTarget").get("status") == "True"
        return is_driven or (pod.get("spec") or {}).get("nodeName", "") in self.unfit_nodes

    def is_coming(self, kind: str, namespace: str, name: str) -> bool:
        """Whether the release itself brings the object, something that it declares is about to make it, or it has come.

        Who misses an object that is there has an older state: scheduler and kubelet each watch for themselves.
        """
        key = kind, namespace, name
        is_there = key in self.wanted or key in self._live or (kind, name) in BROUGHT_BY_CLUSTER
        is_claimed = kind == "PersistentVolumeClaim" and (self._is_claimed(namespace, name) or key in self._brought)
        return is_there or self.is_written(*key) or is_claimed

    def _is_claimed(self, namespace: str, name: str) -> bool:
        """Whether it is the claim `<template>-<set>-<number>` that a StatefulSet makes for one of its pods."""
        stem, _dash, number = name.rpartition("-")
        return number.isdigit() and (namespace, stem) in self._claim_stems

    @functools.cached_property
    def _brought(self) -> frozenset[Identity]:
        """The claims that are made for the ephemeral volumes of the observed pods."""
        return frozenset(
            ("PersistentVolumeClaim", str(pod["metadata"].get("namespace", "")), claim_name(pod, volume))
            for pod in self.of_kind("Pod")
            for volume in (pod.get("spec") or {}).get("volumes") or ()
            if "ephemeral" in volume
        )

    @functools.cached_property
    def _claim_stems(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (identity(live)[1], f"{template['metadata']['name']}-{identity(live)[2]}")
            for live in self.declared("StatefulSet")
            for template in live["spec"].get("volumeClaimTemplates") or ()
        )

    def is_written(self, kind: str, namespace: str, name: str) -> bool:
        """Whether something that the release declares writes the object, and may fill it later."""
        writers = self.declared(EXTERNAL_SECRET, CERTIFICATE) if kind == "Secret" else ()
        return any((namespace, name) == written(writer) for writer in writers)


def written(writer: Live) -> tuple[str, str]:
    """Namespace and name of the Secret that an ExternalSecret or a Certificate writes."""
    spec, metadata = writer.get("spec") or {}, writer["metadata"]
    name = spec.get("secretName") or (spec.get("target") or {}).get("name") or metadata["name"]
    return str(metadata.get("namespace", "")), str(name)


def claim_name(pod: Live, volume: Live) -> str:
    """The claim of a pod's volume; one of its own is named after both. Empty where the volume has none."""
    if "ephemeral" in volume:
        return f"{pod['metadata']['name']}-{volume['name']}"
    return str((volume.get("persistentVolumeClaim") or {}).get("claimName", ""))


def displayed(item: Live) -> str:
    """`Kind namespace/name`, or `Kind name` outside of namespaces."""
    return shown_as(*identity(item))


def shown_as(kind: str, namespace: str, name: str) -> str:
    return f"{name_of(kind)} {namespace}/{name}" if namespace else f"{name_of(kind)} {name}"


def moment(text: t.Any) -> float:
    """A timestamp of the API in seconds since the epoch; 0 for none."""
    return dt.datetime.fromisoformat(str(text)).timestamp() if text else 0.0


def born(item: Live) -> float:
    return moment(item["metadata"].get("creationTimestamp"))


def is_seen(live: Live) -> bool:
    """Whether the controller has seen the newest change of the object."""
    return int((live.get("status") or {}).get("observedGeneration", 0)) >= int(live["metadata"].get("generation", 0))


def is_staying(pod: Live) -> bool:
    """Neither being deleted nor at its end."""
    return not pod["metadata"].get("deletionTimestamp") and (pod.get("status") or {}).get("phase") not in (
        "Failed",
        "Succeeded",
    )


def is_ready(pod: Live) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def _newest(live: Live, sets: t.Sequence[Live]) -> Live | None:
    """The ReplicaSet of the newest revision: the one whose number the Deployment bears."""
    wanted = (live["metadata"].get("annotations") or {}).get(REVISION)
    numbered = [item for item in sets if wanted and _revision(item) == wanted]
    if wanted:
        return numbered[0] if numbered else None
    return max(sets, key=lambda item: (born(item), identity(item)), default=None)


def _revision(item: Live) -> str:
    return str((item["metadata"].get("annotations") or {}).get(REVISION, ""))


def _label(item: Live, name: str) -> str:
    return str((item["metadata"].get("labels") or {}).get(name, ""))


def _is_kept(live: Live, pod: Live) -> bool:
    """Whether the update strategy leaves the pod at its revision."""
    number = str(pod["metadata"]["name"]).rpartition("-")[2]
    index = int(number) - first_ordinal(live) if number.isdigit() else 0
    return is_on_delete(live) or (live["kind"] == "StatefulSet" and index < partition_of(live))


def _event(item: Live, about: Live) -> Event:
    """An event in either of its two forms, with or without a series."""
    series = item.get("series") or {}
    begun = item.get("firstTimestamp") or item.get("deprecatedFirstTimestamp") or item.get("eventTime")
    ended = series.get("lastObservedTime") or item.get("lastTimestamp") or item.get("deprecatedLastTimestamp")
    path = CONTAINER_PATH.match(str(about.get("fieldPath", "")))
    return Event(
        reason=str(item.get("reason", "")),
        message=COMBINED.sub("", str(item.get("message") or item.get("note") or "")).strip(),
        count=int(series.get("count") or item.get("count") or item.get("deprecatedCount") or 1),
        first=moment(begun),
        last=moment(ended or begun or item["metadata"].get("creationTimestamp")),
        container=path[1] if path else "",
        uid=str(about.get("uid") or ""),
    )
