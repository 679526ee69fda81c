# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from a cluster all that a diagnosis holds. Only reads; what cannot be read is noted and stops nothing else."""

from __future__ import annotations

import functools
import time
import typing as t

from .._cluster.api_resources import Manifest, collection_path
from .._cluster.client import Cluster
from .._cluster.errors import ApiError, ClusterError
from .._health.facts import Live
from .._health.log_fetcher import SWEPT
from .._redaction.secret_values import secret_values
from .logs import log_names, reading, share, tail
from .scope import Bounds, BundleSubject, Collected, LeftOut, LogName
from .selection import belonging

PAGE, MOST = 500, 10_000
"""Objects in one answer, and objects of one kind that are read."""
PATIENCE = 10.0
"""Seconds for one request with all its retries, so that one part that hangs does not use up the time of the others."""
METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
KINDS: tuple[tuple[str, str], ...] = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "ReplicaSet"),
    ("batch/v1", "Job"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("v1", "Event"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("cert-manager.io/v1", "Certificate"),
    ("cert-manager.io/v1", "CertificateRequest"),
    ("cert-manager.io/v1", "Issuer"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("external-secrets.io/v1", "SecretStore"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
)
"""What is read in the namespace whatever the history says; kinds of the recorded manifests are added."""
Ask = t.Callable[[], t.Any]


def gather(
    cluster: Cluster,
    subject: BundleSubject,
    bounds: Bounds,
    kinds: t.Sequence[tuple[str, str]] = KINDS,
    with_surroundings: bool = True,
) -> Collected:
    """Read the release: objects of these kinds and of those that its records have, their logs and what is around them.

    Raises ClusterError when the API server cannot be reached or does not take the credentials.
    """
    limits = cluster.limits
    cluster.limits = limits._replace(retry=min(PATIENCE, limits.retry))
    try:
        found = Collected(subject, cluster.host, time.time())
        reader = _Reader(cluster, found, time.monotonic() + bounds.seconds)
        found.version = reader.version()
        listed = reader.objects(_kinds(subject, kinds))
        found.values = {**subject.values, **secret_values(listed.get("Secret", ()))}
        found.objects = belonging(listed, subject)
        if with_surroundings:
            reader.surroundings()
        reader.logs(bounds)
        if "Secret" in listed:  # what was synced or rotated meanwhile may stand in a log
            newer = secret_values(reader.objects([("v1", "Secret")]).get("Secret", ()))
            found.values.update((_label(label, value, found.values), value) for label, value in newer.items())
        found.now = cluster.clock.now()
        return found
    finally:
        cluster.limits = limits


def _kinds(subject: BundleSubject, kinds: t.Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    recorded = [(m["apiVersion"], m["kind"]) for record in subject.records for m in record.manifests]
    known = {kind for api_version, kind in kinds}
    return [*kinds, *sorted({(version, kind) for version, kind in recorded if kind not in known})]


def _label(label: str, value: str, known: t.Mapping[str, str]) -> str:
    """The label of a value that was read again; another one where the former value must stay known beside it."""
    return label if known.get(label, value) == value else f"{label} (newer)"


def _trimmed(live: dict[str, t.Any]) -> Live:
    """The object without what nobody reads and what takes most of the room."""
    live["metadata"].pop("managedFields", None)
    if live["kind"] == "Node":
        live["status"].pop("images", None)
    return live


class _Reader:
    """Asks in parallel and notes what has no answer."""

    def __init__(self, cluster: Cluster, found: Collected, deadline: float) -> None:
        self._cluster = cluster
        self._found = found
        self._deadline = deadline

    def version(self) -> str:
        """The API server's version: the first request, which shows whether there is anything to talk to."""
        try:
            return str(self._cluster.get("/version").get("gitVersion", ""))
        except ApiError as error:
            if error.status == 401:
                raise
            self._leave_out("version of the API server", str(error))
            return ""

    def objects(self, kinds: t.Iterable[tuple[str, str]]) -> dict[str, tuple[Live, ...]]:
        """All objects of these kinds in the namespace; those that lie in none by the names that the history has."""
        namespaced: list[tuple[str, str]] = []
        others: list[tuple[str, str]] = []
        for api_version, kind in kinds:
            try:
                is_namespaced = self._cluster.kind(api_version, kind).namespaced
            except ClusterError as error:
                self._leave_out(f"objects/{kind}", str(error), missing_is_fine=(api_version, kind) in KINDS)
                continue
            (namespaced if is_namespaced else others).append((api_version, kind))
        asks: list[tuple[str, Ask]] = [
            (f"objects/{kind}", functools.partial(self._listed, api_version, kind)) for api_version, kind in namespaced
        ]
        results = self._all(asks, missing_is_fine=True)
        answered = zip(namespaced, results, strict=True)
        listed = {kind: tuple(items) for (_version, kind), items in answered if items is not None}
        for live in self._single(others):
            listed[live["kind"]] = (*listed.get(live["kind"], ()), live)
        return listed

    def surroundings(self) -> None:
        """Nodes, volumes and what the pods use."""
        found = self._found
        namespace = found.subject.namespace
        volumes = [
            claim["spec"]["volumeName"]
            for claim in found.of("PersistentVolumeClaim")
            if claim["spec"].get("volumeName")
        ]
        asks: list[tuple[str, Ask]] = [
            ("nodes.txt", lambda: self._pages("/api/v1/nodes", "v1", "Node")),
            ("usage.txt (what pods use now)", lambda: self._cluster.get(METRICS.format(namespace=namespace))["items"]),
            *(
                (f"objects/PersistentVolume/{name}.yaml", functools.partial(self._one, "v1", "PersistentVolume", name))
                for name in volumes
            ),
        ]
        nodes, usage, *held = self._all(asks)
        found.nodes, found.usage = tuple(nodes or ()), tuple(usage or ())
        if any(held):
            found.objects["PersistentVolume"] = tuple(volume for volume in held if volume)

    def logs(self, bounds: Bounds) -> None:
        """The ends of all logs, those of containers in trouble first."""
        names = log_names(self._found.of("Pod"))
        most = share(bounds, len(names))
        asks: list[tuple[str, Ask]] = [(name.path, functools.partial(self._log, name, most)) for name in names]
        for name, text in zip(names, self._all(asks), strict=True):
            if text is not None:
                self._found.logs[name] = text

    def _single(self, kinds: t.Iterable[tuple[str, str]]) -> list[Live]:
        subject = self._found.subject
        wanted = {("v1", "Namespace", subject.namespace)} | {
            (m["apiVersion"], m["kind"], m["metadata"]["name"])
            for record in subject.records
            for m in record.manifests
            if (m["apiVersion"], m["kind"]) in set(kinds)
        }
        asks: list[tuple[str, Ask]] = [
            (f"objects/{kind}/{name}.yaml", functools.partial(self._one, api_version, kind, name))
            for api_version, kind, name in sorted(wanted)
        ]
        return [live for live in self._all(asks) if live]

    def _one(self, api_version: str, kind: str, name: str) -> Live:
        return {
            "apiVersion": api_version,
            "kind": kind,
            **self._cluster.get(self._cluster.path(api_version, kind, "", name)),
        }

    def _listed(self, api_version: str, kind: str) -> list[Live]:
        path = collection_path(api_version, self._cluster.kind(api_version, kind), self._found.subject.namespace)
        return self._pages(path, api_version, kind)

    def _pages(self, path: str, api_version: str, kind: str) -> list[Live]:
        items: list[Live] = []
        query: Manifest = {"limit": PAGE}
        while len(items) < MOST:
            answer = self._cluster.get(path, **query)
            items += (_trimmed({"apiVersion": api_version, "kind": kind, **item}) for item in answer["items"])
            query["continue"] = answer["metadata"].get("continue", "")
            if not query["continue"]:
                return items
        self._leave_out(f"objects/{kind}", f"there are more than {MOST}, which is the most that is read")
        return items

    def _log(self, name: LogName, most: int) -> str:
        path = f"/api/v1/namespaces/{self._found.subject.namespace}/pods/{name.pod}/log"
        for query in reading(name, most):
            text = self._log_text(path, query)
            if len(text.encode()) < query["limitBytes"]:
                break
        kept, was_cut = tail(text, most)
        if was_cut:
            self._leave_out(name.path, f"longer than the bound of {most} bytes: the end was kept")
        return kept

    def _log_text(self, path: str, query: dict[str, t.Any]) -> str:
        """The log; of the newest container where the kubelet has just removed the one before."""
        body = self._cluster.request("GET", path, query=query).body
        text = body if isinstance(body, str) else ""
        if text.startswith(SWEPT) and query.pop("previous", ""):
            return self._log_text(path, query)
        return text

    def _all(self, asks: t.Sequence[tuple[str, Ask]], missing_is_fine: bool = False) -> list[t.Any]:
        return self._cluster.parallel(lambda ask: self._try(*ask, missing_is_fine=missing_is_fine), asks)

    def _try(self, part: str, ask: Ask, missing_is_fine: bool) -> t.Any:
        """What was asked for, or None when it cannot be had."""
        if time.monotonic() > self._deadline:
            self._leave_out(part, "the time allowed was over")
            return None
        try:
            return ask()
        except ClusterError as error:
            self._leave_out(part, str(error), missing_is_fine and isinstance(error, ApiError) and error.not_found)
        return None

    def _leave_out(self, part: str, why: str, missing_is_fine: bool = False) -> None:
        if not missing_is_fine:
            self._found.left_out.append(LeftOut(part, why))
