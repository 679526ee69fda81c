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
from .facts import Facts, Identity, Live, LogRequest
from .field_filter import kept

Kind = tuple[str, str]
"""(apiVersion, kind)"""

STATIC = frozenset(
    {
        "AlertmanagerConfig",
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "LimitRange",
        "Middleware",
        "Namespace",
        "NetworkPolicy",
        "PriorityClass",
        "PrometheusRule",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "Secret",
        "ServiceAccount",
        "ServiceMonitor",
        "StorageClass",
        "TLSOption",
    }
)
"""Kinds that are what they declare as soon as they are applied: there is nothing to wait for.

A Namespace is among them because only accounts of the whole cluster may list it; where that is allowed it is observed
and explains what goes wrong.
"""
REPLICA_SET, POD, CLAIM = ("apps/v1", "ReplicaSet"), ("v1", "Pod"), ("v1", "PersistentVolumeClaim")
OWNED: dict[str, tuple[Kind, ...]] = {
    "Deployment": (REPLICA_SET, POD),
    "StatefulSet": (POD, CLAIM),
    "Job": (POD,),
    "Service": (("discovery.k8s.io/v1", "EndpointSlice"),),
}
"""What the controllers of a kind make of it, with the labels of the release; of ephemeral volumes they make claims."""
NODE, EVENT, NAMESPACE = ("v1", "Node"), ("v1", "Event"), ("v1", "Namespace")
CERTIFICATE_REQUEST = ("cert-manager.io/v1", "CertificateRequest")
PRODUCES_EVIDENCE = frozenset({"Deployment", "StatefulSet", "Job"})
"""Kinds for which Events, Nodes and the Namespace explain what goes wrong. A verdict can be had without them."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A release to be judged: the objects that it declares are in `manifests`.

    `begun` is when it began to be made (seconds since the epoch by the API server's clock), 0 where nobody makes it.
    """

    name: str
    namespace: str
    manifests: tuple[Manifest, ...]
    begun: float = 0.0

    @property
    def labels(self) -> dict[str, str]:
        """What its objects, and all that they own, carry."""
        return {"app.kubernetes.io/instance": self.name}

    @property
    def identities(self) -> tuple[Identity, ...]:
        return tuple(identity(manifest) for manifest in self.manifests)

    @property
    def short_lived(self) -> frozenset[Identity]:
        """The Jobs that are removed some time after they have done their work, once nobody makes the release."""
        jobs = [] if self.begun else [manifest for manifest in self.manifests if manifest["kind"] == "Job"]
        return frozenset(identity(job) for job in jobs if "ttlSecondsAfterFinished" in (job.get("spec") or {}))


def identity(item: Live) -> Identity:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def essential_sources(subject: Subject) -> list[Source]:
    """The collections without which the release cannot be judged."""
    declared: dict[tuple[Kind, str], list[Manifest]] = {}
    for manifest in subject.manifests:
        if manifest["kind"] not in STATIC:
            place = manifest["metadata"].get("namespace", "")
            declared.setdefault(((manifest["apiVersion"], manifest["kind"]), place), []).append(manifest)
    sources = [
        source for (kind, place), manifests in declared.items() for source in _declared(subject, kind, place, manifests)
    ]
    owned = {kind: None for manifest in subject.manifests for kind in _owned(manifest)}
    known = {source.kind for source in sources}
    sources += [Source(*kind, subject.namespace, _selector(subject)) for kind in owned if kind[1] not in known]
    return sources


def _owned(manifest: Manifest) -> tuple[Kind, ...]:
    template = (manifest.get("spec") or {}).get("template") or {}
    volumes = (template.get("spec") or {}).get("volumes") or ()
    kinds = OWNED.get(manifest["kind"], ())
    return (*kinds, CLAIM) if kinds and any("ephemeral" in volume for volume in volumes) else kinds


def helpful_sources(subject: Subject) -> list[Source]:
    """The collections that only explain what goes wrong."""
    has_pods = any(manifest["kind"] in PRODUCES_EVIDENCE for manifest in subject.manifests)
    has_certificates = any(manifest["kind"] == "Certificate" for manifest in subject.manifests)
    requests = [Source(*CERTIFICATE_REQUEST, subject.namespace, _selector(subject))] if has_certificates else []
    namespace = Source(*NAMESPACE, fields=f"metadata.name={subject.namespace}")
    return [Source(*EVENT, subject.namespace), Source(*NODE), namespace, *requests] if has_pods else requests


def _declared(subject: Subject, kind: Kind, place: str, manifests: t.Sequence[Manifest]) -> list[Source]:
    """One source for the objects of a kind in a namespace; outside of one each object by its name."""
    if not place:
        return [Source(*kind, fields=f"metadata.name={manifest['metadata']['name']}") for manifest in manifests]
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
        self.informer = Informer(cluster, [*self.essential, *self.helpful], self._kept)

    def __enter__(self) -> t.Self:
        self.informer.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.informer.__exit__(*exception)

    def facts(self, answers: t.Mapping[LogRequest, tuple[str, ...]], settle: float) -> Facts:
        """What is known now."""
        listed = [source for source in (*self.essential, *self.helpful) if self.informer.is_listed(source)]
        objects = {kind: tuple(self.informer.objects(kind)) for kind in {source.kind for source in listed}}
        gone = self._subject.short_lived.difference(map(identity, objects["Job"])) if "Job" in objects else ()
        return Facts(
            now=self._cluster.clock.now(),
            wanted=tuple(key for key in self._subject.identities if key not in gone),
            objects=objects,
            answers=answers,
            stale=frozenset(source.kind for source in self.essential if self.informer.problem(source)),
            settle=settle,
            begun=self._subject.begun,
        )

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
        return kept(item, self._names)


def _silent(source: Source) -> ClusterError:
    return Unreachable(f"The API server has not answered yet when it was asked for {source.kind}")
