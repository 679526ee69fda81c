# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observes a release: what it declares and what that owns, by one list and one watch for each kind."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import Cluster
from .._cluster.errors import ClusterError, Unreachable
from .._cluster.watch import Informer, Source
from .._objects.group_kind import group_kind, identity, kind_of
from . import static_objects
from .facts import Facts, Identity, Live, LogRequest
from .field_filter import kept, trimmed
from .kinds.names import CERTIFICATE
from .kinds.registry import is_static, may_make_pods
from .kinds.state import is_true

Kind = tuple[str, str]
"""(apiVersion, kind)"""

REPLICA_SET, POD, CLAIM = ("apps/v1", "ReplicaSet"), ("v1", "Pod"), ("v1", "PersistentVolumeClaim")
OWNED: dict[str, tuple[Kind, ...]] = {
    "DaemonSet": (POD, ("apps/v1", "ControllerRevision")),
    "Deployment": (REPLICA_SET, POD),
    "Job": (POD,),
    "Pod": (),
    "ReplicaSet": (POD,),
    "ReplicationController": (POD,),
    "Service": (("discovery.k8s.io/v1", "EndpointSlice"),),
    "StatefulSet": (POD, CLAIM),
}
"""What the controllers of a kind make of it, with the labels of its pods; of ephemeral volumes they make claims."""
READ_AS: dict[str, str] = {"HorizontalPodAutoscaler": "autoscaling/v2", "PodDisruptionBudget": "policy/v1"}
"""Kinds that are read by another version than the one that they may be declared in: that one tells more."""
NODE, EVENT, NAMESPACE = ("v1", "Node"), ("v1", "Event"), ("v1", "Namespace")
REQUESTS = ("cert-manager.io/v1", "CertificateRequest")
PRODUCES_EVIDENCE = frozenset({*OWNED, "PersistentVolumeClaim"}) - {"Service"}
"""Kinds for which Events, Nodes and the Namespace explain what goes wrong. A verdict can be had without them."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A release to be judged: the objects that it declares are in `manifests`.

    `begun` is when it began to be made (seconds since the epoch by the API server's clock), 0 where nobody makes it.
    `readiness_deadline` and `image_grace` are as in `Facts`.
    """

    name: str
    namespace: str
    manifests: tuple[Manifest, ...]
    begun: float = 0.0
    readiness_deadline: float = 0.0
    image_grace: float = 0.0

    @property
    def labels(self) -> dict[str, str]:
        """What its objects, and all that they own, carry."""
        return {"app.kubernetes.io/instance": self.name}

    @property
    def identities(self) -> tuple[Identity, ...]:
        return tuple(identity(manifest) for manifest in self.manifests)

    @property
    def short_lived(self) -> frozenset[Identity]:
        """The Jobs that are removed some time after they have done their work."""
        jobs = [manifest for manifest in self.manifests if kind_of(manifest) == "Job"]
        return frozenset(identity(job) for job in jobs if "ttlSecondsAfterFinished" in (job.get("spec") or {}))


def essential_sources(subject: Subject) -> list[Source]:
    """The collections without which the release cannot be judged."""
    declared: dict[tuple[Kind, str], list[Manifest]] = {}
    for manifest in subject.manifests:
        if not is_static(manifest):
            place = manifest["metadata"].get("namespace", "")
            declared.setdefault((_read_as(manifest), place), []).append(manifest)
    sources = [
        source for (kind, place), manifests in declared.items() for source in _declared(subject, kind, place, manifests)
    ]
    known = {(source.api_version, source.kind, source.namespace) for source in sources}
    owned = dict.fromkeys(
        Source(*kind, place, selector)
        for (place, kind), selector in _owned_places(subject).items()
        if (*kind, place) not in known
    )
    return [*(_widened(subject, source) for source in sources), *owned]


def _read_as(manifest: Manifest) -> Kind:
    return READ_AS.get(kind_of(manifest), str(manifest["apiVersion"])), str(manifest["kind"])


def _owned_places(subject: Subject) -> dict[tuple[str, Kind], str]:
    """Where what is owned lies, with the selector that finds all of it: none where a template lacks the labels."""
    places: dict[tuple[str, Kind], str] = {}
    for manifest in subject.manifests:
        for kind in _owned(manifest):
            place = manifest["metadata"].get("namespace") or subject.namespace, kind
            labelled = _selector(subject) if _labels_what_it_owns(subject, manifest) else ""
            places[place] = labelled if places.get(place, labelled) else ""
    return places


def _labels_what_it_owns(subject: Subject, manifest: Manifest) -> bool:
    """A controller gives the labels of the template to its pods; a Service's EndpointSlices have its own."""
    template = (manifest.get("spec") or {}).get("template") or {}
    holder = manifest if kind_of(manifest) == "Service" else template
    return not holder or subject.labels.items() <= ((holder.get("metadata") or {}).get("labels") or {}).items()


def _widened(subject: Subject, source: Source) -> Source:
    """A source of declared objects that has to hold those too which are owned without the labels."""
    needed = _owned_places(subject).get((source.namespace, (source.api_version, source.kind)), source.selector)
    return source if needed else source._replace(selector="")


def _owned(manifest: Manifest) -> tuple[Kind, ...]:
    template = (manifest.get("spec") or {}).get("template") or {}
    volumes = (template.get("spec") or {}).get("volumes") or ()
    kinds = OWNED.get(kind_of(manifest), ())
    return (*kinds, CLAIM) if kinds and any("ephemeral" in volume for volume in volumes) else kinds


def helpful_sources(subject: Subject) -> list[Source]:
    """The collections that only explain what goes wrong, and the pods of what may make some in a way of its own.

    Only accounts of the whole cluster may list a Namespace; where that is allowed it explains what goes wrong.
    """
    kinds = {kind_of(manifest) for manifest in subject.manifests}
    requests = [Source(*REQUESTS, subject.namespace, _selector(subject))] if CERTIFICATE in kinds else []
    owned = {kind for _place, kind in _owned_places(subject)}
    is_open = any(map(may_make_pods, subject.manifests)) and POD not in owned and "Pod" not in kinds
    pods = [Source(*POD, subject.namespace, _selector(subject))] if is_open else []
    namespace = Source(*NAMESPACE, fields=f"metadata.name={subject.namespace}")
    evidence = [Source(*EVENT, subject.namespace), Source(*NODE), namespace] if kinds & PRODUCES_EVIDENCE else []
    return [*evidence, *requests, *pods]


def _declared(subject: Subject, kind: Kind, place: str, manifests: t.Sequence[Manifest]) -> list[Source]:
    """One source for the objects of a kind in a namespace; outside of one each object by its name."""
    if not place or manifests[0]["kind"] == "Secret":
        return [Source(*kind, place, fields=f"metadata.name={manifest['metadata']['name']}") for manifest in manifests]
    labelled = all(
        subject.labels.items() <= (manifest["metadata"].get("labels") or {}).items() for manifest in manifests
    )
    return [Source(*kind, place, _selector(subject) if labelled else "")]


def _selector(subject: Subject) -> str:
    return ",".join(f"{name}={value}" for name, value in subject.labels.items())


class Observer:
    """What the API tells of a release, as facts. Use as a context manager."""

    def __init__(self, cluster: Cluster, subject: Subject) -> None:
        self._cluster = cluster
        self._subject = subject
        self.essential = essential_sources(subject)
        self.helpful = helpful_sources(subject)
        self._names = frozenset(manifest["metadata"]["name"] for manifest in subject.manifests)
        self._manifests = {identity(manifest): manifest for manifest in subject.manifests}
        self._ended: dict[Identity, Live] = {}
        self.informer = Informer(cluster, [*self.essential, *self.helpful], self._kept)

    def __enter__(self) -> t.Self:
        self.informer.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.informer.__exit__(*exception)

    def facts(self, answers: t.Mapping[LogRequest, tuple[str, ...]], settle: float) -> Facts:
        """What is known now."""
        listed = [source for source in (*self.essential, *self.helpful) if self.informer.is_listed(source)]
        objects: dict[str, list[Live]] = {_kind_of_source(source): [] for source in listed}
        for kind in {source.kind for source in listed}:
            for item in self.informer.objects(kind):
                objects.setdefault(kind_of(item), []).append(item)
        gone = self._take_ended(objects["Job"]) if "Job" in objects else ()
        return Facts(
            now=self._cluster.clock.now(),
            wanted=tuple(key for key in self._subject.identities if key not in gone),
            objects={kind: tuple(items) for kind, items in objects.items()},
            answers=answers,
            stale=frozenset(_kind_of_source(source) for source in self.essential if self.informer.problem(source)),
            settle=settle,
            begun=self._subject.begun,
            manifests=self._manifests,
            readiness_deadline=self._subject.readiness_deadline,
            image_grace=self._subject.image_grace,
        )

    def _take_ended(self, jobs: list[Live]) -> frozenset[Identity]:
        """Show the Jobs that their TTL removes, or has removed, as they were when they ended.

        Returns those of which nothing more is known and that may be gone, since nobody makes the release.
        """
        there = {identity(job): job["metadata"].get("uid") for job in jobs}
        ended = {
            key
            for key in self._subject.short_lived & self._ended.keys()
            if there.get(key) in (None, self._ended[key]["metadata"].get("uid"))
        }
        jobs[:] = [job for job in jobs if identity(job) not in ended]
        jobs += [self._ended[key] for key in sorted(ended)]
        gone = self._subject.short_lived.difference(map(identity, jobs))
        return frozenset() if self._subject.begun else frozenset(gone)

    def with_static(self, facts: Facts) -> Facts:
        """The facts with the objects that are not watched, as they are now. Raises ClusterError without an answer.

        Secrets are left alone by whoever does not make the release: nobody reads one while nothing is wrong.
        """
        readable = [each for each in self._subject.manifests if self._subject.begun or kind_of(each) != "Secret"]
        found = static_objects.look(self._cluster, readable, _selector(self._subject))
        return dataclasses.replace(facts, objects={**found, **facts.objects})

    def refused(self, sources: t.Iterable[Source]) -> dict[Source, ClusterError]:
        """The sources that the API server will not tell of, with its words."""
        refusals = {source: self.informer.refusal(source) for source in sources}
        return {source: error for source, error in refusals.items() if error}

    def interrupted(self) -> dict[Source, ClusterError]:
        """The essential sources of which what is held may be old or has not come yet, with the reason."""
        waited_for = [source for source in self.essential if not self.informer.refusal(source)]
        silent = {source: _silent(source) for source in waited_for if not self.informer.is_listed(source)}
        problems = {source: self.informer.problem(source) for source in waited_for}
        return silent | {source: error for source, error in problems.items() if error}

    def confirm(self, unavailable: float, seconds: float) -> bool:
        """Whether what is held of the essential sources still is so; see `Mirror.confirm`."""
        return self.informer.confirm(
            [source for source in self.essential if not self.informer.refusal(source)], unavailable, seconds
        )

    def _kept(self, item: Manifest) -> Manifest | None:
        if item["kind"] == "Job" and any(is_true(item, end) for end in ("Complete", "Failed")):
            self._ended[identity(item)] = _without_deletion(trimmed(item))
        return kept(item, self._names)


def _without_deletion(item: Live) -> dict[str, t.Any]:
    metadata = {name: value for name, value in item["metadata"].items() if name != "deletionTimestamp"}
    return {**item, "metadata": metadata}


def _kind_of_source(source: Source) -> str:
    return group_kind(source.api_version, source.kind)


def _silent(source: Source) -> ClusterError:
    return Unreachable(f"The API server has not answered yet when it was asked for {source.kind}")
