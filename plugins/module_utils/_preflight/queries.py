# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be asked of a cluster before a release, in two rounds of parallel questions."""

from __future__ import annotations

import copy
import typing as t

from .._cluster.api_resources import KINDS, Kind, base_path, collection_path, object_path
from .._cluster.batch_get import Query
from .._objects.manifest import Key, Manifest, key_of
from .._release.record.record_secret import RECORD_LABEL, STATE_LABEL
from . import permissions
from .checks.endpoints import service_of, unreached
from .checks.network_policies import names_namespaces
from .controllers import CONTROLLER_KINDS, by_group
from .quota_usage import limited_objects, quotas_in_force
from .references import made_by
from .requirements import Needs, RequiredWorkload
from .snapshot import Namespace, PreflightSnapshot, known

POD_PAGES = 20
CONTROLLER_PAGES = 4
RUNNING = "status.phase!=Succeeded,status.phase!=Failed"
SERVICE_LABEL = "kubernetes.io/service-name"
AUTOSCALER = Key("v1", "ConfigMap", "kube-system", "cluster-autoscaler-status")
PLACES = {
    **KINDS,
    ("apps/v1", "DaemonSet"): Kind("daemonsets"),
    (permissions.REVIEW, "SelfSubjectRulesReview"): Kind("selfsubjectrulesreviews", False),
}
METRICS = Key("apiregistration.k8s.io/v1", "APIService", "", "v1beta1.metrics.k8s.io")
HAVE_FIXED_FIELDS = ("Deployment", "StatefulSet", "StorageClass", "PersistentVolumeClaim", "RoleBinding")


def first_round(needs: Needs) -> list[Query]:
    """Everything that can be asked without knowing anything of the cluster."""
    return [
        Query("version", "/version"),
        Query("groups", "/apis"),
        *(Query(("served", each), base_path(each)) for each in needs.versions),
        *_classes(needs),
        *(_about_pods(needs) if needs.workloads else ()),
        *_about_namespace(needs),
        *(_live(key) for key in live_keys(needs)),
        Query(
            "rules", _all(permissions.REVIEW, "SelfSubjectRulesReview"), body=permissions.rules_review(needs.namespace)
        ),
    ]


def second_round(
    needs: Needs, snapshot: PreflightSnapshot, rules: t.Sequence[permissions.Rule], port_forward: bool = False
) -> list[Query]:
    """What the first answers left open: single permissions, and dry runs of pods where the namespace exists.

    `port_forward` says that the release will be asked through the API server whether it serves.
    """
    kinds = {**KINDS, **{(v, kind): item for v, found in _served(snapshot) for kind, item in found.items()}}
    asked = [*permissions.required(needs, kinds, _there(needs, snapshot)), *permissions.granted_by_roles(needs)]
    asked += permissions.forwarding(needs.namespace) if port_forward else []
    open_ones = permissions.uncovered(asked, rules)
    grants = set(permissions.granted_by_roles(needs))
    if grants.intersection(open_ones):
        open_ones += permissions.uncovered(permissions.escalations(needs), rules)
    reviews = [_review(each) for each in dict.fromkeys(open_ones)]
    is_there = isinstance(snapshot.namespace, Namespace) and not snapshot.namespace.terminating_since
    services = services_in_question(needs, snapshot)
    looks = [*map(_live, dict.fromkeys([*counted_keys(needs, snapshot), *services])), *map(_backed, services)]
    return [*reviews, *looks, *(map(_dry_run, needs.workloads) if is_there else ())]


def live_keys(needs: Needs) -> list[Key]:
    """The live objects to look at: those that are only named, and those of ours with fields that cannot change."""
    brought = needs.keys | {made for manifest in needs.manifests if (made := made_by(manifest))}
    named = [reference.target for reference in needs.references if reference.target not in brought]
    fixed = [key_of(manifest) for manifest in needs.manifests if manifest["kind"] in HAVE_FIXED_FIELDS]
    return [key for key in dict.fromkeys([*named, *fixed]) if (key.api_version, key.kind) in KINDS]


def counted_keys(needs: Needs, snapshot: PreflightSnapshot) -> list[Key]:
    """The objects that a quota counts, where they may be there already and nobody has looked yet."""
    if snapshot.namespace is None:
        return []
    quotas = quotas_in_force(needs, known(snapshot.quotas, ()))
    return [key for key in limited_objects(needs, quotas) if key not in snapshot.live]


def services_in_question(needs: Needs, snapshot: PreflightSnapshot) -> list[Key]:
    """The Services that endpoints may be which this host could not connect to."""
    found = [service_of(reached, needs.namespace) for reached in unreached(snapshot)]
    return [key for key in dict.fromkeys(found) if key and key not in needs.keys]


def _there(needs: Needs, snapshot: PreflightSnapshot) -> set[Key]:
    """The objects that are known to be in the cluster."""
    found = {key for key, live in snapshot.live.items() if isinstance(live, dict)}
    own = {Key("v1", "Namespace", "", needs.namespace)}
    return found | (own if isinstance(snapshot.namespace, Namespace) else set())


def _served(snapshot: PreflightSnapshot) -> t.Iterator[tuple[str, t.Mapping[str, t.Any]]]:
    return ((version, found) for version, found in snapshot.served.items() if isinstance(found, dict))


def _classes(needs: Needs) -> t.Iterator[Query]:
    if needs.of_kind("Ingress"):
        yield Query("ingress-classes", _all("networking.k8s.io/v1", "IngressClass"))
    if needs.of_kind("Gateway"):
        yield Query("gateway-classes", _all("gateway.networking.k8s.io/v1", "GatewayClass"))
    if needs.claims:
        yield Query("storage-classes", _all("storage.k8s.io/v1", "StorageClass"))
    if needs.of_kind("HorizontalPodAutoscaler"):
        yield _object("metrics", METRICS)
    if needs.of_kind("Ingress") or any(by_group(version.rpartition("/")[0]) for version in needs.versions):
        for kind in CONTROLLER_KINDS:
            yield Query(("controllers", kind), _all("apps/v1", kind), pages=CONTROLLER_PAGES)


def _about_pods(needs: Needs) -> t.Iterator[Query]:
    yield Query("pods", _all("v1", "Pod"), {"fieldSelector": RUNNING}, pages=POD_PAGES)
    yield Query("own-pods", _all("v1", "Pod", needs.namespace), {"fieldSelector": RUNNING}, pages=POD_PAGES)
    yield Query("nodes", _all("v1", "Node"), pages=POD_PAGES)
    yield _object("autoscaler", AUTOSCALER)


def _about_namespace(needs: Needs) -> t.Iterator[Query]:
    yield _object("namespace", Key("v1", "Namespace", "", needs.namespace))
    if names_namespaces(needs.of_kind("NetworkPolicy")):
        yield Query("namespaces", _all("v1", "Namespace"), pages=POD_PAGES)
    yield Query("quotas", _all("v1", "ResourceQuota", needs.namespace))
    yield Query("limit-ranges", _all("v1", "LimitRange", needs.namespace))
    pending = {"labelSelector": f"{RECORD_LABEL}={needs.name},{STATE_LABEL}=pending"}
    yield Query("records", _all("v1", "Secret", needs.namespace), pending, keep=_names)
    yield _object("lease", Key("coordination.k8s.io/v1", "Lease", needs.namespace, f"{needs.name}-release"))


def _live(key: Key) -> Query:
    return _object(("live", key), key, without_values if key.kind == "Secret" else lambda body: body)


def _backed(service: Key) -> Query:
    path = _all("discovery.k8s.io/v1", "EndpointSlice", service.namespace)
    return Query(("backed", service), path, {"labelSelector": f"{SERVICE_LABEL}={service.name}"})


def without_values(secret: Manifest) -> Manifest:
    """A Secret reduced to its identity and to whether each key has a value; annotations may repeat values too."""
    metadata = {name: secret["metadata"].get(name) for name in ("name", "namespace")}
    data = {key: bool(value) for key, value in (secret.get("data") or {}).items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def _names(answer: Manifest) -> Manifest:
    """The records of the history reduced to their names and labels."""
    kept = [{name: item["metadata"].get(name) for name in ("name", "labels")} for item in answer["items"]]
    return {"items": [{"metadata": metadata} for metadata in kept]}


def _review(one: permissions.Permission) -> Query:
    path = _all(permissions.REVIEW, "SelfSubjectAccessReview")
    return Query(one, path, body=permissions.review(one), keep=lambda body: bool(body["status"].get("allowed")))


def _dry_run(workload: RequiredWorkload) -> Query:
    """A pod of the template, which admission judges as it will judge the real ones; nothing is stored.

    The ServiceAccount may be among what is still to be applied, so the namespace's own one stands in.
    """
    pod = copy.deepcopy(workload.pod)
    pod["spec"].pop("serviceAccountName", None)
    name = f"{workload.key.name}-preflight-"
    metadata = {**(pod.get("metadata") or {}), "generateName": name, "namespace": workload.key.namespace}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}
    return Query(("dry-run", workload.key), _all("v1", "Pod", workload.key.namespace), {"dryRun": "All"}, body)


def _all(api_version: str, kind: str, namespace: str = "") -> str:
    return collection_path(api_version, PLACES[api_version, kind], namespace)


def _object(name: t.Hashable, key: Key, keep: t.Callable[[Manifest], t.Any] = lambda body: body) -> Query:
    path = object_path(key.api_version, PLACES[key.api_version, key.kind], key.namespace, key.name)
    return Query(name, path, keep=keep)
