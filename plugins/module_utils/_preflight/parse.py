# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the API server's answers to facts; pure, no request is made here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from .._cluster.api_resources import Kind
from .._cluster.batch_get import Answers, Reached, Unavailable
from .._objects.manifest import Manifest
from .._release.record.record_secret import PART_LABEL
from . import controllers, pod_resources
from .permissions import Permission, Rule
from .queries import AUTOSCALER
from .resource_math import amounts
from .snapshot import Controller, Namespace, Node, Pending, Pod, PreflightSnapshot, Refusal, StorageClass, Unknown

Make = t.Callable[[t.Any], t.Any]
UNKNOWN: t.Any = object()
"""Said of an answer whose absence means nothing: then the fact is not known."""
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
NO_METRICS = "there is no APIService v1beta1.metrics.k8s.io, so metrics-server is not installed"
AUTOSCALING_GROUPS = frozenset({"karpenter.sh", "karpenter.k8s.aws", "eks.amazonaws.com"})


class Read(t.NamedTuple):
    """How one answer becomes a fact: what was asked, what to make of it, what a 404 means."""

    asked: str
    make: Make
    absent: t.Any = UNKNOWN


def snapshot_of(
    host: str, uid: str | Unavailable, answers: Answers, reached: tuple[Reached, ...], now: float
) -> PreflightSnapshot:
    """The facts of the first round; `now` is the wall clock in seconds since 1970, which leases are judged by."""
    controllers = _controllers(answers)
    single = {field: _one(answers[name], READS[name]) for name, field in FIELDS.items() if name in answers}
    return PreflightSnapshot(
        host=host,
        uid=identity(uid),
        served=_each(answers, "served", Read("list the kinds of", _kinds, None)),
        live=_live(answers),
        controllers=controllers,
        autoscaled=_autoscaled(answers, controllers),
        pending=_pending(answers, now),
        endpoints=reached,
        **single,
    )


def identity(uid: str | Unavailable) -> str | Unknown:
    """The cluster's UID as a fact."""
    return t.cast("str | Unknown", _one(uid, Read("read the Namespace kube-system", str)))


def with_second_round(snapshot: PreflightSnapshot, answers: Answers) -> PreflightSnapshot:
    """The facts completed by what the first answers left open."""
    denied = tuple(name for name, answer in answers.items() if isinstance(name, Permission) and answer is False)
    undecided = [
        Unknown(f"ask whether the account may {name.verb} {name.resource}", answer.message)
        for name, answer in answers.items()
        if isinstance(name, Permission) and isinstance(answer, Unavailable)
    ]
    dry_runs = {key: _refusal(answer) for key, answer in _group(answers, "dry-run")}
    return dataclasses.replace(
        snapshot,
        live={**snapshot.live, **_live(answers)},
        backed=_each(answers, "backed", Read("list the EndpointSlices of", _is_backed)),
        denied=denied,
        undecided=tuple(undecided),
        dry_runs=dry_runs,
    )


def rules_of(answers: Answers) -> list[Rule]:
    """What the account surely may do in the namespace; empty when the API server does not say."""
    answer = answers["rules"]
    return [] if isinstance(answer, Unavailable) else list(answer["status"].get("resourceRules") or ())


def _one(answer: t.Any, read: Read) -> t.Any:
    if not isinstance(answer, Unavailable):
        return read.make(answer)
    if answer.not_found and read.absent is not UNKNOWN:
        return read.absent
    return Unknown(read.asked, answer.message, answer.tolerable)


def _each(answers: Answers, group: str, read: Read) -> dict[t.Any, t.Any]:
    return {key: _one(answer, read._replace(asked=f"{read.asked} {key}")) for key, answer in _group(answers, group)}


def _live(answers: Answers) -> dict[t.Any, t.Any]:
    return _each(answers, "live", Read("read", lambda body: body, None))


def _group(answers: Answers, group: str) -> t.Iterator[tuple[t.Any, t.Any]]:
    """The answers to the questions named `(group, key)`, by their keys."""
    for name, answer in answers.items():
        if isinstance(name, tuple) and not isinstance(name, Permission) and name[0] == group:
            yield name[1], answer


def _pages(make: Make) -> Make:
    return lambda kept: tuple(make(item) for page in kept for item in page["items"])


def _items(body: Manifest) -> tuple[Manifest, ...]:
    return tuple(body["items"])


def _is_backed(body: Manifest) -> bool:
    """Whether an endpoint of the slices is ready; one that does not say counts as ready."""
    endpoints = [each for item in body["items"] for each in item.get("endpoints") or ()]
    return any((each.get("conditions") or {}).get("ready") is not False for each in endpoints)


def _names(kept: list[Manifest]) -> frozenset[str]:
    return frozenset(item["metadata"]["name"] for page in kept for item in page["items"])


def _kinds(body: Manifest) -> dict[str, Kind]:
    resources = body.get("resources") or ()
    return {item["kind"]: Kind(item["name"], item["namespaced"]) for item in resources if "/" not in item["name"]}


def _metrics_problem(body: Manifest) -> str:
    """Empty when the API aggregator reaches the metrics server, else its reason."""
    for condition in body.get("status", {}).get("conditions") or ():
        if condition["type"] == "Available" and condition["status"] != "True":
            return f"{condition.get('reason', 'unavailable')}: {condition.get('message', '')}"
    return ""


def _node(item: Manifest) -> Node:
    status, spec = item["status"], item.get("spec") or {}
    conditions = {each["type"]: each["status"] for each in status.get("conditions") or ()}
    return Node(
        name=item["metadata"]["name"],
        labels=item["metadata"].get("labels") or {},
        taints=tuple(spec.get("taints") or ()),
        allocatable=amounts(status.get("allocatable")),
        ready=conditions.get("Ready") == "True",
        schedulable=not spec.get("unschedulable"),
        kubelet=status.get("nodeInfo", {}).get("kubeletVersion", ""),
    )


def _pod(item: Manifest) -> Pod:
    metadata, spec = item["metadata"], item["spec"]
    labels, use = metadata.get("labels") or {}, pod_resources.use_of(spec)
    return Pod(metadata["namespace"], spec.get("nodeName", ""), labels, use, metadata.get("name", ""))


def _storage_classes(body: Manifest) -> dict[str, StorageClass]:
    return {item["metadata"]["name"]: storage_class(item) for item in body["items"]}


def storage_class(item: Manifest) -> StorageClass:
    """A live or a rendered StorageClass as a fact."""
    annotations = item["metadata"].get("annotations") or {}
    return StorageClass(
        provisioner=item["provisioner"],
        default=annotations.get(DEFAULT_CLASS) == "true",
        binding=item.get("volumeBindingMode", "Immediate"),
    )


def _classes(field: str) -> Make:
    return lambda body: {item["metadata"]["name"]: item["spec"].get(field, "") for item in body["items"]}


def _namespace(body: Manifest) -> Namespace:
    metadata, status = body["metadata"], body.get("status") or {}
    held = [f"finalizer {name}" for name in (body.get("spec") or {}).get("finalizers") or ()]
    held += [
        f"{condition['type']}: {condition['message']}"
        for condition in status.get("conditions") or ()
        if condition["status"] == "True" and condition.get("message")
    ]
    return Namespace(metadata.get("labels") or {}, metadata.get("deletionTimestamp", ""), tuple(held))


def _controllers(answers: Answers) -> t.Any:
    found: list[Controller] = []
    for kind in controllers.CONTROLLER_KINDS:
        answer = answers.get(("controllers", kind), ())
        if isinstance(answer, Unavailable):
            return Unknown(f"list all {kind}s", answer.message, answer.tolerable)
        found += [each for page in answer for item in page["items"] if (each := _controller(kind, item))]
    return tuple(found)


def _controller(kind: str, item: Manifest) -> Controller | None:
    status, metadata = item.get("status") or {}, item["metadata"]
    for container in item["spec"]["template"]["spec"]["containers"]:
        runs = controllers.by_image(container.get("image", ""))
        if runs:
            return Controller(
                software=runs[0].name,
                where=f"{kind} {metadata['namespace']}/{metadata['name']}",
                version=runs[1],
                ready=status.get("availableReplicas", status.get("numberAvailable", 0)),
                required=status.get("desiredNumberScheduled", item["spec"].get("replicas", 1)),
            )
    return None


def _autoscaled(answers: Answers, controllers: t.Any) -> bool | Unknown:
    """Whether something adds nodes when pods do not fit. That there is no sign of it is known where all can be read."""
    if "autoscaler" not in answers:
        return False
    signs = (
        _one(answers.get("groups", {"groups": ()}), Read("list the API groups", _has_autoscaling_group)),
        _one(answers["autoscaler"], Read(f"read {AUTOSCALER}", bool, False)),
        controllers if isinstance(controllers, Unknown) else any(map(_is_autoscaler, controllers)),
    )
    return True in signs or next((sign for sign in signs if isinstance(sign, Unknown)), False)


def _has_autoscaling_group(body: Manifest) -> bool:
    return any(item["name"] in AUTOSCALING_GROUPS for item in body["groups"])


def _is_autoscaler(controller: Controller) -> bool:
    return controller.software == controllers.CLUSTER_AUTOSCALER.name


def _pending(answers: Answers, now: float) -> Pending | Unknown | None:
    records, lease = answers.get("records"), answers.get("lease")
    if isinstance(records, Unavailable):
        return None if records.not_found else Unknown("list the history", records.message, records.tolerable)
    found = (records or {"items": ()})["items"]
    first_parts = [record for record in found if record["metadata"]["labels"].get(PART_LABEL, "0") == "0"]
    held = _seconds_left(lease, now) if isinstance(lease, dict) else 0.0
    if not first_parts and held <= 0:
        return None
    names = ", ".join(sorted(record["metadata"]["name"] for record in first_parts))
    return Pending(names, (lease or {}).get("spec", {}).get("holderIdentity", "") if held > 0 else "", max(held, 0.0))


def _seconds_left(lease: Manifest, now: float) -> float:
    spec = lease.get("spec") or {}
    if not spec.get("holderIdentity") or not spec.get("renewTime"):
        return 0.0
    renewed = dt.datetime.fromisoformat(spec["renewTime"]).timestamp()
    return float(renewed + spec.get("leaseDurationSeconds", 0) - now)


def _refusal(answer: t.Any) -> Refusal | None:
    return Refusal(answer.status, answer.message) if isinstance(answer, Unavailable) else None


READS: dict[str, Read] = {
    "version": Read("read the version", lambda body: str(body["gitVersion"])),
    "metrics": Read("read the APIService of the metrics", _metrics_problem, NO_METRICS),
    "nodes": Read("list nodes", _pages(_node)),
    "pods": Read("list all pods", _pages(_pod)),
    "own-pods": Read("list the namespace's pods", _pages(_pod), ()),
    "storage-classes": Read("list StorageClasses", _storage_classes),
    "ingress-classes": Read("list IngressClasses", _classes("controller")),
    "gateway-classes": Read("list GatewayClasses", _classes("controllerName"), {}),
    "namespace": Read("read the Namespace", _namespace, None),
    "namespaces": Read("list Namespaces", _names),
    "quotas": Read("list ResourceQuotas", _items, ()),
    "limit-ranges": Read("list LimitRanges", _items, ()),
}
FIELDS = {name: name.replace("-", "_") for name in READS}
