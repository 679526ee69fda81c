# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a workload another selector while its pods go on serving: nothing else may change before they are labelled.

First its pods, and the ReplicaSets or revisions between them, get the labels that the new selector asks for. Services
and policies that select by these labels come after that, once the endpoints' controller has been seen to know them.
Then the workload is deleted without what it owns, and the new one adopts all that matches. Wherever a run stops, the
pods go on serving, and the next run plans what is left.
"""

from __future__ import annotations

import time
import typing as t

from .._cluster.client import ApiError, Cluster
from .._cluster.errors import ClusterError
from .._cluster.watch import Informer, Source, until
from .._findings import registry
from .._objects.manifest import Key, Manifest, key_of
from .fenced_writer import Writer
from .planning.plan import Step

BETWEEN = {"Deployment": ("apps/v1", "ReplicaSet"), "StatefulSet": ("apps/v1", "ControllerRevision")}
"""What is between a workload and its pods, or beside them, and is adopted with them."""
ENDPOINT_SLICE = ("discovery.k8s.io/v1", "EndpointSlice")
SECONDS = 60.0
"""Until the controllers have followed."""
UNPROVEN_PAUSE = 5.0
"""Seconds that controllers are given to hear of labels where it cannot be seen that they have."""
TRIAL = "-selector-trial"
"""End of the name of a Service for the time being."""


class NotFollowed(ClusterError):
    """A controller of the cluster does not do its part of a change of selectors."""

    finding_type = registry.SELECTOR_NOT_FOLLOWED


class PodAdoption:
    """Carries out the steps of a plan that keep their pods."""

    def __init__(self, cluster: Cluster, writer: Writer) -> None:
        self._cluster = cluster
        self._writer = writer

    def prepare(self, steps: t.Sequence[Step]) -> None:
        """Label what the steps' workloads own, and wait until Services can select it. Raises NotFollowed."""
        kept = [step for step in steps if step.keeps_pods]
        pods: set[str] = set()
        for step in kept:
            pods |= self._label(step)
        for step in steps if pods else ():
            if step.key.kind == "Service" and _narrows(step):
                self._await_endpoints(step, pods)

    def let_go(self, step: Step) -> int | None:
        """Delete the workload without what it owns and wait until it is gone; returns its replicas.

        Raises NotFollowed.
        """
        if step.live is None:
            return None
        self._writer.delete(step.key, step.live, "Orphan")
        source = Source(
            step.key.api_version, step.key.kind, step.key.namespace, fields=f"metadata.name={step.key.name}"
        )
        uid = step.live["metadata"]["uid"]
        with Informer(self._cluster, [source]) as informer:
            deadline = time.monotonic() + SECONDS

            def is_gone() -> bool:
                return all(item["metadata"]["uid"] != uid for item in informer.objects(step.key.kind))

            if not (informer.synced(SECONDS) and until(informer, is_gone, deadline)):
                raise NotFollowed(f"{step.key} was deleted without its pods and is still there after {SECONDS:.0f} s")
        return int(step.live["spec"].get("replicas", 1))

    def _label(self, step: Step) -> set[str]:
        """The names of the pods, labelled as what is between them and their workload."""
        owners = {str((step.live or {})["metadata"]["uid"])}
        between = self._owned(BETWEEN[step.key.kind], step.key.namespace, owners)
        owners |= {item["metadata"]["uid"] for item in between}
        pods = self._owned(("v1", "Pod"), step.key.namespace, owners)
        lacking = [item for item in (*between, *pods) if not _has(item, step.pod_labels)]
        self._cluster.parallel(
            lambda item: self._writer.label(key_of(item), item["metadata"]["uid"], step.pod_labels), lacking
        )
        return {pod["metadata"]["name"] for pod in pods}

    def _owned(self, kind: tuple[str, str], namespace: str, owners: t.Collection[str]) -> list[Manifest]:
        items = self._cluster.list_objects(*kind, namespace)["items"]
        return [{**item, "apiVersion": kind[0], "kind": kind[1]} for item in items if owners_of(item) & {*owners}]

    def _await_endpoints(self, step: Step, pods: t.Collection[str]) -> None:
        """Ask the endpoints' controller by a Service of the new selector whether it knows the labels of each pod."""
        trial = _trial(step)
        try:
            live = self._writer.apply(trial, self._cluster.find(*key_of(trial)))
        except ApiError as error:
            self._cluster.warnings.append(
                f"Whether {step.key} finds the pods by their new labels was not tried ({error}); waited "
                f"{UNPROVEN_PAUSE:.0f} s instead."
            )
            time.sleep(UNPROVEN_PAUSE)
            return
        try:
            self._await_same(step.key, trial["metadata"]["name"], {*pods})
        finally:
            self._writer.delete(key_of(trial), live)

    def _await_same(self, service: Key, trial: str, pods: set[str]) -> None:
        with Informer(self._cluster, [Source(*ENDPOINT_SLICE, service.namespace)]) as informer:
            is_listed, deadline = informer.synced(SECONDS), time.monotonic() + SECONDS

            def missing() -> set[str]:
                slices = informer.objects(ENDPOINT_SLICE[1])
                return (_ready(slices, service.name) & pods) - _ready(slices, trial)

            if not (is_listed and until(informer, lambda: not missing(), deadline)):
                lost = ", ".join(sorted(missing())) or "which ones cannot be read"
                raise NotFollowed(
                    f"{service} would lose pods: the endpoints' controller did not know them by their new labels in "
                    f"{SECONDS:.0f} s ({lost})"
                )


def orphaned_replicas(cluster: Cluster, manifest: Manifest) -> int:
    """The replicas of ReplicaSets without an owner that a Deployment will adopt: those of a run that was stopped."""
    labels = ((manifest.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if manifest["kind"] != "Deployment" or not labels:
        return 0
    selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
    namespace = manifest["metadata"].get("namespace", "")
    items = cluster.list_objects("apps/v1", "ReplicaSet", namespace, labelSelector=selector)["items"]
    return sum(int(item["spec"].get("replicas", 0)) for item in items if not owners_of(item))


def owners_of(item: Manifest) -> set[str]:
    return {str(owner.get("uid")) for owner in item["metadata"].get("ownerReferences") or ()}


def _has(item: Manifest, labels: t.Mapping[str, str]) -> bool:
    return labels.items() <= (item["metadata"].get("labels") or {}).items()


def _narrows(step: Step) -> bool:
    """Whether a Service that is there gets another selector."""
    after = ((step.manifest or {}).get("spec") or {}).get("selector")
    before = ((step.live or {}).get("spec") or {}).get("selector")
    return bool(before and after and before != after)


def _trial(step: Step) -> Manifest:
    """A Service that nobody asks, with the selector that the step's will have."""
    declared = step.declared
    metadata = {
        "name": f"{step.key.name[: 63 - len(TRIAL)]}{TRIAL}",
        "namespace": step.key.namespace,
        "labels": declared["metadata"].get("labels") or {},
    }
    spec = {"clusterIP": "None", "selector": declared["spec"]["selector"], "ports": declared["spec"].get("ports") or []}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _ready(slices: t.Iterable[Manifest], service: str) -> set[str]:
    """The pods to which a Service sends requests."""
    return {
        endpoint["targetRef"]["name"]
        for item in slices
        if (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service
        for endpoint in item.get("endpoints") or ()
        if "targetRef" in endpoint and (endpoint.get("conditions") or {}).get("ready") is not False
    }
