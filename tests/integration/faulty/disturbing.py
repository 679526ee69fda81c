# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a rollout without being its fault: each waits for its moment, disturbs, and mends what it did."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import time
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Cluster
from tests.integration.conftest import LAB
from tests.integration.faulty.arranging import WEBHOOKS, Around, dead_webhook, hasty, meanwhile
from tests.integration.faulty.changes import Manifest
from tests.integration.playing import ROOT

LAB_COMMAND = str(ROOT / "tests" / "lab" / "lab")
LAB_SECONDS = 600
RECOVERY_SECONDS = 2.0
EXTERNAL_SECRETS = "external-secrets.io/v1"
Moment = t.Callable[[list[Manifest]], bool]
Deed = t.Callable[[Cluster, str], None]


def lab(*arguments: str) -> str:
    """Run a verb of the lab; its output."""
    done = subprocess.run(
        [LAB_COMMAND, "--name", LAB, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LAB_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"lab {' '.join(arguments)}: {done.stdout}"
    return done.stdout


def at(moment: Moment, deed: Deed) -> Around:
    """Do something as soon as the release's pods are as the moment wants them."""

    @contextlib.contextmanager
    def around(cluster: Cluster, namespace: str) -> t.Iterator[None]:
        def attempt() -> bool:
            pods = cluster.list_objects("v1", "Pod", namespace, labelSelector="app.kubernetes.io/name=maestro")["items"]
            if not moment(pods):
                return False
            deed(cluster, namespace)
            return True

        with meanwhile(attempt):
            yield

    return around


def created(pods: list[Manifest]) -> bool:
    """The rollout has begun: a pod of it is not ready yet."""
    return any(not is_ready(pod) for pod in pods)


def running(pods: list[Manifest]) -> bool:
    """A container of a pod that is not ready runs."""
    return any(not is_ready(pod) and _runs(pod) for pod in pods)


def some_ready(pods: list[Manifest]) -> bool:
    """Some pods are ready and others are not: the rollout is half-way."""
    return any(map(is_ready, pods)) and not all(map(is_ready, pods))


def is_ready(pod: Manifest) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def _runs(pod: Manifest) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any("running" in status["state"] for status in statuses)


def away(target: str, seconds: float) -> Deed:
    """A component of the lab is killed and comes back after so many seconds."""

    def deed(_cluster: Cluster, _namespace: str) -> None:
        lab("kill", target)
        try:
            time.sleep(seconds)
        finally:
            lab("start", target)

    return deed


def away_until(moment: Moment, target: str, seconds: float) -> Around:
    """A component of the lab is away from before the release until so many seconds after a moment of it."""

    @contextlib.contextmanager
    def around(cluster: Cluster, namespace: str) -> t.Iterator[None]:
        def come_back(_cluster: Cluster, _namespace: str) -> None:
            time.sleep(seconds)
            lab("start", target)

        lab("kill", target)
        try:
            with at(moment, come_back)(cluster, namespace):
                yield
        finally:
            lab("start", target)

    return around


@contextlib.contextmanager
def webhook_that_recovers(cluster: Cluster, namespace: str) -> t.Iterator[None]:
    """A webhook is unavailable while the first pods are to be created, and its owner takes it away."""

    def attempt() -> bool:
        replica_sets = cluster.list_objects("apps/v1", "ReplicaSet", namespace)["items"]
        conditions = [each for item in replica_sets for each in item["status"].get("conditions") or ()]
        if not any(each["type"] == "ReplicaFailure" for each in conditions):
            return False
        time.sleep(RECOVERY_SECONDS)
        cluster.delete(f"{WEBHOOKS}/{namespace}")
        return True

    with dead_webhook(cluster, namespace), meanwhile(attempt):
        yield


def kill_a_container(cluster: Cluster, namespace: str) -> None:
    """The process of one running container is killed, as the kernel or a person would."""
    pods = cluster.list_objects("v1", "Pod", namespace, labelSelector="app.kubernetes.io/name=maestro")["items"]
    victim = next(pod for pod in pods if _runs(pod))
    container = victim["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    node = victim["spec"]["nodeName"]
    lab("exec", node, "--", "ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", container)


def delete_a_pod(cluster: Cluster, namespace: str) -> None:
    pods = cluster.list_objects("v1", "Pod", namespace, labelSelector="app.kubernetes.io/name=maestro")["items"]
    newest = max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    cluster.delete(f"/api/v1/namespaces/{namespace}/pods/{newest['metadata']['name']}")


def delete(api_version: str, kind: str) -> Deed:
    """Somebody deletes an object of the release."""

    def deed(cluster: Cluster, namespace: str) -> None:
        cluster.delete(cluster.path(api_version, kind, namespace, "maestro"))

    return deed


def scale_by_autoscaler(least: int) -> Deed:
    """The autoscaler wants more pods than before."""

    def deed(cluster: Cluster, namespace: str) -> None:
        path = cluster.path("autoscaling/v2", "HorizontalPodAutoscaler", namespace, "maestro")
        cluster.merge(path, {"spec": {"minReplicas": least}}, fieldManager="somebody")

    return deed


def drain(node: str) -> Deed:
    """No new pods for a node, and the release's pods there are evicted as a drain does, the budget being kept."""

    def deed(cluster: Cluster, namespace: str) -> None:
        cluster.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
        try:
            deadline = time.monotonic() + 120
            while (left := _pods_on(cluster, namespace, node)) and time.monotonic() < deadline:
                for name in left:
                    _evict(cluster, namespace, name)
                time.sleep(0.5)
            assert not left, f"the pods {left} could not be evicted"
        finally:
            cluster.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})

    return deed


def _pods_on(cluster: Cluster, namespace: str, node: str) -> list[str]:
    pods = cluster.list_objects("v1", "Pod", namespace, fieldSelector=f"spec.nodeName={node}")["items"]
    return [pod["metadata"]["name"] for pod in pods]


def _evict(cluster: Cluster, namespace: str, name: str) -> None:
    """Ask for it once; a budget that allows nothing now is asked again later by the caller."""
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    try:
        hasty(cluster).create(path, body)
    except ApiError as error:
        if error.status not in (404, 429):
            raise


def sync_late(name: str, seconds: float) -> Around:
    """Plays External Secrets: writes the Secret so long after it is asked to, then says that it is in sync."""

    @contextlib.contextmanager
    def around(cluster: Cluster, namespace: str) -> t.Iterator[None]:
        def attempt() -> bool:
            if cluster.find(EXTERNAL_SECRETS, "ExternalSecret", namespace, name) is None:
                return False
            time.sleep(seconds)
            bring(cluster, namespace, name, OUTER="outer-value")
            return True

        with meanwhile(attempt):
            yield

    return around


def bring(cluster: Cluster, namespace: str, name: str, **values: str) -> None:
    """What External Secrets does when it has read the source: the Secret, then the status that says so."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": name, "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}, "external-secrets")
    path = cluster.path(EXTERNAL_SECRETS, "ExternalSecret", namespace, name)
    live = cluster.get(path)
    ready = {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}
    synced = f"{live['metadata']['generation']}-0"
    status = {"conditions": [ready], "syncedResourceVersion": synced, "refreshTime": None}
    cluster.request("PUT", f"{path}/status", {**live, "status": status})


def expire_watches(every: float) -> Around:
    """Each watch is told again and again, in the API server's words, that its history is gone."""

    @contextlib.contextmanager
    def around(_cluster: Cluster, namespace: str) -> t.Iterator[None]:
        gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (2)"}
        line = json.dumps({"type": "ERROR", "object": gone}).encode()
        expired = list[str]()

        class Expiring:
            """The lines of a watch, with its end among them."""

            def __init__(self, path: str, lines: t.Iterator[bytes]) -> None:
                self._path, self._lines, self._begun = path, lines, time.monotonic()

            def __iter__(self) -> t.Iterator[bytes]:
                for each in self._lines:
                    yield each
                    if time.monotonic() - self._begun > every:
                        expired.append(self._path)
                        yield line

        original = Cluster.stream

        @contextlib.contextmanager
        def stream(self: Cluster, path: str, *more: t.Any, **named: t.Any) -> t.Iterator[t.Iterator[bytes]]:
            with original(self, path, *more, **named) as lines:
                yield iter(Expiring(path, lines)) if f"/{namespace}/" in path else lines

        Cluster.stream = stream  # type: ignore[method-assign]
        try:
            yield
        finally:
            Cluster.stream = original  # type: ignore[method-assign]
        assert expired, "no watch expired"

    return around
