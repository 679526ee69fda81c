# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a deploy beside its peers: the same objects on the same lab in one run, first and with nothing to change.

Every command is a whole process, timed from outside. The peers do not wait for pods; ours does, so its first run is
given with and without that time. Prints a table; judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "lab")]

import tests.conftest  # noqa: E402, F401
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.configuration import configure  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.assembly import assemble  # noqa: E402
from tests.integration.conftest import LAB, STATE, delete_namespace, of_namespace  # noqa: E402
from tests.integration.playing import play  # noqa: E402

NAMESPACE = "benchmark"
HERE = pathlib.Path(__file__).parent
LAB_COMMAND = ROOT / "tests" / "lab" / "lab"
Row = tuple[str, float, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs with nothing to change, of each command")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="maestro-benchmark-") as name:
        folder = pathlib.Path(name)
        with Cluster(configure({"kubeconfig": str(STATE / "kubeconfig")})) as cluster:
            manifests = rendered(folder)
            rows = measure(cluster, folder, runs)
            delete_namespace(cluster, NAMESPACE)
    print(table(len(manifests), runs, rows))


def rendered(folder: pathlib.Path) -> list[dict[str, t.Any]]:
    """The lab's manifests with their values, written as one file for kubectl and as a chart for helm."""
    source = folder / "rendered.json"
    done = play(str(HERE / "render.yml"), benchmark_file=str(source), **of_namespace(NAMESPACE))
    if done.rc:
        sys.exit(done.output)
    content = json.loads(source.read_text(encoding="utf-8"))
    manifests = list(assemble(content["components"], content["secret_values"]).manifests)
    (folder / "all.yaml").write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "files").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: maestro\nversion: 1.0.0\n", encoding="utf-8")
    without_namespace = [manifest for manifest in manifests if manifest["kind"] != "Namespace"]
    (chart / "files" / "all.yaml").write_text(yaml.safe_dump_all(without_namespace), encoding="utf-8")
    (chart / "templates" / "all.yaml").write_text('{{ .Files.Get "files/all.yaml" }}\n', encoding="utf-8")
    return manifests


def measure(cluster: Cluster, folder: pathlib.Path, runs: int) -> list[Row]:
    rows = []
    for label, command in peers(folder).items():
        delete_namespace(cluster, NAMESPACE)
        rows.append((label, timed(command), [timed(command) for _ in range(runs)]))
    delete_namespace(cluster, NAMESPACE)
    return [*rows, *ours(runs)]


def peers(folder: pathlib.Path) -> dict[str, list[str]]:
    kubeconfig = str(STATE / "kubeconfig")
    kubectl, helm = lab_binary("kubectl"), lab_binary("helm")
    target = ["--kubeconfig", kubeconfig, "--namespace", NAMESPACE, "--create-namespace"]
    return {
        "kubectl apply --server-side": [
            *(kubectl, "--kubeconfig", kubeconfig, "apply", "--server-side", "-f", str(folder / "all.yaml")),
        ],
        "helm upgrade --install (v4)": [helm, "upgrade", "--install", "maestro", str(folder / "chart"), *target],
        "play with one kubernetes.core.k8s task": [
            *(str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,"),
            *("-e", f"benchmark_kubeconfig={kubeconfig}", "-e", f"benchmark_file={folder / 'all.yaml'}"),
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
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return time.monotonic() - begun


def lab_binary(name: str) -> str:
    done = subprocess.run(
        [str(LAB_COMMAND), "--name", LAB, "binary", name], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"lab binary {name}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


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
