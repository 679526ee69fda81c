# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how soon a tool knows how a rollout ends, and what it then says: six faults and a good one.

The same manifests go to every tool on the same lab in one run. A watch of the benchmark's own notes when the API first
shows the fault (or the finished rollout); a tool's figure is the time from there to the end of its process. Ours runs
alone; the peers, which mostly sleep, run beside each other. Their limits are lowered, so that the run stays short.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import showing
from measuring import (
    ENVIRONMENT,
    HERE,
    KUBECONFIG,
    Cluster,
    Informer,
    Source,
    ansible_playbook,
    connected,
    delete_namespace,
    lab_binary,
    of_namespace,
    play,
    rendered,
    until,
)

OURS, KUBECTL, HELM, K8S = "intelgraph.maestro", "kubectl", "helm", "kubernetes.core.k8s"
WITHOUT = {"workload_autoscaling_enabled": False}
WATCHED = (
    ("v1", "Pod"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "Deployment"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
)
WIDTH = 110


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A rollout, how it is broken by variables, and from when on the API shows how it ends."""

    name: str
    variables: dict[str, t.Any]
    is_shown: t.Callable[[Informer], bool]


def faults(**values: t.Any) -> dict[str, t.Any]:
    return {"workload_settings_extra": {"faults": values}}


SCENARIOS = (
    Scenario("good rollout", {}, showing.complete),
    Scenario(
        "image not found",
        {"workload_image": "registry.maestro-lab.internal/no/such:1"},
        showing.waiting("ErrImagePull"),
    ),
    Scenario("crash at start", faults(crashAtStart=True), showing.restarted),
    Scenario("no such PriorityClass", {"workload_priority_class": "none-such"}, showing.refused_pods),
    Scenario("quota too small", {"namespace_quota_pods": 1}, showing.refused_pods),
    Scenario("no node fits", {"workload_node_selector": {"disk": "none-such"}}, showing.unschedulable),
    Scenario("never ready", faults(neverReady=True), showing.started_unready),
)


@dataclasses.dataclass(frozen=True)
class Run:
    """How one tool ended: seconds in all, seconds since the API had shown it (None: it never did), its words."""

    tool: str
    seconds: float
    behind: float | None
    code: int
    sentence: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=30, help="seconds after which the peers give up")
    parser.add_argument("--only", default="", help="run scenarios whose name contains this")
    given = parser.parse_args()
    print(f"How soon is it known, and what is said? The peers' limits are {given.limit} s here; by default they are")
    print("600 s (kubectl: the progress deadline), 300 s (helm) and 120 s (kubernetes.core.k8s).\n")
    print(f"{'rollout':<22} {'tool':<20} {'behind API':>10} {'in all':>8}  exit  words")
    with connected() as cluster:
        for scenario in SCENARIOS:
            if given.only in scenario.name:
                show(scenario, measure(cluster, scenario, given.limit))


def show(scenario: Scenario, runs: t.Iterable[Run]) -> None:
    for run in runs:
        behind = "-" if run.behind is None else f"{run.behind:.2f}"
        figures = f"{behind:>10} {run.seconds:>8.2f}  {run.code:>4}"
        print(f"{scenario.name:<22} {run.tool:<20} {figures}  {run.sentence[:WIDTH]}")
    print(flush=True)


def measure(cluster: Cluster, scenario: Scenario, limit: int) -> list[Run]:
    with tempfile.TemporaryDirectory(prefix="maestro-benchmark-") as name:
        folder = pathlib.Path(name)
        rendered(folder, "benchmark-peer", **WITHOUT, **scenario.variables)
        with ThreadPoolExecutor(len(PEERS)) as pool:
            first = observed(cluster, scenario, OURS, "benchmark-ours", lambda: ours(scenario, "benchmark-ours"))
            peers = pool.map(lambda tool: peer(cluster, scenario, folder, tool, limit), PEERS)
            return [first, *peers]


def peer(cluster: Cluster, scenario: Scenario, folder: pathlib.Path, tool: str, limit: int) -> Run:
    """One peer in a namespace of its own, with the manifests moved there."""
    namespace = f"benchmark-{tool.rpartition('.')[2]}"
    own = folder / namespace
    for source in [
        path for path in folder.rglob("*.yaml") if folder / "chart" in path.parents or path.parent == folder
    ]:
        target = own / source.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8").replace("benchmark-peer", namespace), encoding="utf-8")
    return observed(cluster, scenario, tool, namespace, lambda: PEERS[tool](own, namespace, limit))


def observed(
    cluster: Cluster, scenario: Scenario, tool: str, namespace: str, run: t.Callable[[], tuple[int, str]]
) -> Run:
    """Run a tool while a watch notes the moment from which the API shows how the rollout ends."""
    delete_namespace(cluster, namespace)
    displayed: list[float] = []
    done = threading.Event()
    with Informer(cluster, [Source(*kind, namespace) for kind in WATCHED]) as informer:
        informer.synced(10)

        def note() -> bool:
            if scenario.is_shown(informer):
                displayed.append(time.monotonic())
            return bool(displayed) or done.is_set()

        watcher = threading.Thread(target=until, args=(informer, note, time.monotonic() + 300))
        watcher.start()
        began = time.monotonic()
        code, sentence = run()
        ended = time.monotonic()
        done.set()
        watcher.join(timeout=0 if displayed else 1)
    delete_namespace(cluster, namespace)
    return Run(tool, ended - began, ended - displayed[0] if displayed else None, code, sentence)


def ours(scenario: Scenario, namespace: str) -> tuple[int, str]:
    done = play("intelgraph.maestro.deploy", **of_namespace(namespace), **WITHOUT, **scenario.variables)
    return done.rc, (done.failure or done.release["msg"]).replace("\n", " ")


def kubectl(folder: pathlib.Path, namespace: str, limit: int) -> tuple[int, str]:
    command = [lab_binary("kubectl"), "--kubeconfig", KUBECONFIG, "--namespace", namespace]
    code, words = ended([*command, "apply", "--server-side", "-f", str(folder / "all.yaml")])
    return (
        ended([*command, "rollout", "status", "deployment/maestro", f"--timeout={limit}s"])
        if not code
        else (code, words)
    )


def helm(folder: pathlib.Path, namespace: str, limit: int) -> tuple[int, str]:
    target = ["--kubeconfig", KUBECONFIG, "--namespace", namespace, "--create-namespace"]
    wait = ["--wait", "--timeout", f"{limit}s"]
    return ended([lab_binary("helm"), "upgrade", "--install", "maestro", str(folder / "chart"), *target, *wait])


def k8s(folder: pathlib.Path, namespace: str, limit: int) -> tuple[int, str]:
    given = {
        "benchmark_kubeconfig": KUBECONFIG,
        "benchmark_file": str(folder / "all.yaml"),
        "benchmark_namespace": namespace,
        "benchmark_limit": limit,
    }
    command = [ansible_playbook(), "-i", "localhost,", "-e", json.dumps(given), str(HERE / "k8s_wait.yml")]
    code, output = called(command)
    found = re.search(r"\[ERROR\]: (.*)", output)
    return code, found[1] if found else ""


PEERS: dict[str, t.Callable[[pathlib.Path, str, int], tuple[int, str]]] = {KUBECTL: kubectl, HELM: helm, K8S: k8s}


def ended(command: t.Sequence[str]) -> tuple[int, str]:
    """Exit code of a command, and its last words when it failed."""
    code, output = called(command)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return code, lines[-1] if lines and code else ""


def called(command: t.Sequence[str]) -> tuple[int, str]:
    """Exit code and output of a command."""
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    main()
