# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a deploy beside its peers: the same objects on the same lab in one run, first and with nothing to change.

Every command is a whole process, timed from outside. The peers do not wait for pods; ours does, so its first run is
given with and without that time. Prints a table; judges nothing.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

from measuring import (
    ENVIRONMENT,
    HERE,
    KUBECONFIG,
    Cluster,
    ansible_playbook,
    connected,
    delete_namespace,
    lab_binary,
    of_namespace,
    play,
    rendered,
)

NAMESPACE = "benchmark"
Row = tuple[str, float, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs with nothing to change, of each command")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="maestro-benchmark-") as name:
        folder = pathlib.Path(name)
        with connected() as cluster:
            manifests = rendered(folder, NAMESPACE)
            rows = measure(cluster, folder, runs)
            delete_namespace(cluster, NAMESPACE)
    print(table(len(manifests), runs, rows))


def measure(cluster: Cluster, folder: pathlib.Path, runs: int) -> list[Row]:
    rows = []
    for label, command in peers(folder).items():
        delete_namespace(cluster, NAMESPACE)
        rows.append((label, timed(command), [timed(command) for _ in range(runs)]))
    delete_namespace(cluster, NAMESPACE)
    return [*rows, *ours(runs)]


def peers(folder: pathlib.Path) -> dict[str, list[str]]:
    kubectl, helm = lab_binary("kubectl"), lab_binary("helm")
    target = ["--kubeconfig", KUBECONFIG, "--namespace", NAMESPACE, "--create-namespace"]
    return {
        "kubectl apply --server-side": [
            *(kubectl, "--kubeconfig", KUBECONFIG, "apply", "--server-side", "-f", str(folder / "all.yaml")),
        ],
        "helm upgrade --install (v4)": [helm, "upgrade", "--install", "maestro", str(folder / "chart"), *target],
        "play with one kubernetes.core.k8s task": [
            *(ansible_playbook(), "-i", "localhost,"),
            *("-e", f"benchmark_kubeconfig={KUBECONFIG}", "-e", f"benchmark_file={folder / 'all.yaml'}"),
            str(HERE / "k8s_task.yml"),
        ],
    }


def ours(runs: int) -> list[Row]:
    """Rows for the whole deploy play, and for its release task as the play's own clock saw it."""
    plays = [play("intelgraph.maestro.deploy", **of_namespace(NAMESPACE)) for _ in range(runs + 1)]
    for done in plays:
        if done.rc:
            sys.exit(done.output)
    tasks = [entry["seconds"] for done in plays for entry in done.tasks if entry["action"].endswith(".release")]
    waited = plays[0].release["seconds"]["wait"]
    whole = [done.seconds for done in plays]
    return [
        ("intelgraph.maestro.deploy, whole play", whole[0], whole[1:]),
        ("  the same without waiting for readiness", whole[0] - waited, whole[1:]),
        ("  its release task alone", tasks[0], tasks[1:]),
    ]


def timed(command: t.Sequence[str]) -> float:
    begun = time.monotonic()
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return time.monotonic() - begun


def table(objects: int, runs: int, rows: t.Sequence[Row]) -> str:
    lines = [
        f"Deploy of {objects} objects on the lab; seconds; nothing to change: median of {runs} (min-max)",
        "",
        f"{'command':<44} {'first':>7} {'nothing to change':>22}",
    ]
    for label, first, others in rows:
        spread = f"{statistics.median(others):.2f} ({min(others):.2f}-{max(others):.2f})"
        lines.append(f"{label:<44} {first:>7.2f} {spread:>22}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
