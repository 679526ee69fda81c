# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what waiting costs, in requests and memory, while a Deployment with many pods becomes ready.

The pods are real objects of the API on a node that does not exist: the benchmark writes their status, as a kubelet
would, several times for each. `kubectl rollout status` watches the same Deployment beside ours; a client that polls is
calculated: the same collections, read every 2 s (Helm 3) and every 5 s (kubernetes.core).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import typing as t

from measuring import (
    HERE,
    KUBECONFIG,
    Cluster,
    Informer,
    Manifest,
    Source,
    connected,
    delete_namespace,
    lab_binary,
    until,
)

NAMESPACE = NODE = "benchmark-watching"
LIMIT = 180
TYPES = {"PodScheduled": "True", "Initialized": "True"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=300)
    parser.add_argument("--changes", type=int, default=10, help="changes of status for each pod until it is ready")
    given = parser.parse_args()
    with connected() as cluster, prepared(cluster, given.pods) as manifest, tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name) / "deployment.json"
        path.write_text(json.dumps(manifest), encoding="utf-8")
        ours = Watched([sys.executable, str(HERE / "waiting_once.py"), KUBECONFIG, str(path), str(LIMIT)])
        target = ["--namespace", NAMESPACE, "rollout", "status", "deployment/benchmark", f"--timeout={LIMIT}s"]
        peer = Watched([lab_binary("kubectl"), "--kubeconfig", KUBECONFIG, "-v=6", *target])
        time.sleep(5)
        for change in range(given.changes):
            tell(cluster, is_ready=change == given.changes - 1, change=change)
        show(given.pods, given.changes, ours.ended(), peer.ended())


def show(pods: int, changes: int, ours: Ended, peer: Ended) -> None:
    found = json.loads(ours.output.splitlines()[-1])
    seconds, collections = found["seconds"], found["collections"]
    asked = sum(line.count('verb="GET"') or " GET http" in line for line in peer.output.splitlines())
    print(f"Waiting {seconds:.0f} s for {pods} pods with {pods * changes} changes; verdict: {found['verdict']}\n")
    print(f"{'client':<44} {'requests':>9} {'memory MiB: first, most, last':>30}")
    print(f"{'intelgraph.maestro (waits for the verdict)':<44} {found['requests']:>9} {ours.memory():>30}")
    print(f"{'kubectl rollout status':<44} {asked or '-':>9} {peer.memory():>30}")
    for interval, who in ((2, "Helm 3"), (5, "kubernetes.core")):
        label = f"polling each {interval} s ({who}), calculated"
        print(f"{label:<44} {collections * int(seconds / interval):>9}")


class Ended(t.NamedTuple):
    """A finished process: its output, and its resident memory in MiB over time."""

    output: str
    resident: list[float]

    def memory(self) -> str:
        return ", ".join(f"{value:.0f}" for value in (self.resident[0], max(self.resident), self.resident[-1]))


class Watched:
    """A process whose memory is noted from its third second on, when it has listed everything."""

    def __init__(self, command: t.Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._resident: list[float] = []
        self._thread = threading.Thread(target=self._note, daemon=True)
        self._thread.start()

    def ended(self) -> Ended:
        output, _nothing = self._process.communicate(timeout=LIMIT + 30)
        self._thread.join()
        return Ended(output, self._resident or [0.0])

    def _note(self) -> None:
        time.sleep(3)
        status = pathlib.Path(f"/proc/{self._process.pid}/status")
        while self._process.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                line = next((line for line in status.read_text().splitlines() if line.startswith("VmRSS")), "VmRSS 0")
                if int(line.split()[1]):
                    self._resident.append(int(line.split()[1]) / 1024)
            time.sleep(0.2)


@contextlib.contextmanager
def prepared(cluster: Cluster, pods: int) -> t.Iterator[Manifest]:
    """The Deployment with all its pods created and none of them ready; gone afterwards."""
    delete_namespace(cluster, NAMESPACE)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, "benchmark")
    cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}, "benchmark")
    manifest = deployment(pods)
    try:
        cluster.apply(manifest, "benchmark")
        with Informer(cluster, [Source("v1", "Pod", NAMESPACE)]) as informer:
            informer.synced(10)
            if not until(informer, lambda: len(informer.objects("Pod")) == pods, time.monotonic() + 120):
                sys.exit(f"only {len(informer.objects('Pod'))} of {pods} pods were created")
        yield manifest
    finally:
        cluster.delete(cluster.path_of(manifest))
        everything = f"/api/v1/namespaces/{NAMESPACE}/pods"
        cluster.request("DELETE", everything, {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0})
        cluster.delete(f"/api/v1/nodes/{NODE}")
        delete_namespace(cluster, NAMESPACE)


def deployment(pods: int) -> Manifest:
    labels = {"app.kubernetes.io/instance": "benchmark"}
    container = {"name": "main", "image": "registry.example/none:1"}
    spec = {
        "nodeName": NODE,
        "containers": [container],
        "tolerations": [{"operator": "Exists"}],
        "automountServiceAccountToken": False,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "benchmark", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": pods,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def tell(cluster: Cluster, is_ready: bool, change: int) -> None:
    """Write the status of every pod, as its kubelet would."""
    pods = cluster.list_objects("v1", "Pod", NAMESPACE)["items"]
    cluster.parallel(lambda pod: cluster.merge(*status(pod, is_ready, change)), pods)


def status(pod: Manifest, is_ready: bool, change: int) -> tuple[str, Manifest]:
    """The path and the body of the change."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ready = str(is_ready)
    conditions = {**TYPES, "ContainersReady": ready, "Ready": ready}
    container = {
        "name": "main",
        "image": "registry.example/none:1",
        "imageID": "",
        "containerID": f"fake://{change}",
        "restartCount": 0,
        "ready": is_ready,
        "started": is_ready,
        "state": {"running": {"startedAt": now}} if is_ready else {"waiting": {"reason": "ContainerCreating"}},
    }
    found = {
        "phase": "Running" if is_ready else "Pending",
        "startTime": now,
        "podIP": "192.0.2.1",
        "conditions": [
            {"type": kind, "status": value, "lastTransitionTime": now} for kind, value in conditions.items()
        ],
        "containerStatuses": [container],
        "message": f"change {change}",
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}/status"
    return path, {"status": found}


if __name__ == "__main__":
    main()
