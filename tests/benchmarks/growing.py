# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how plan and apply grow with the number of objects, beside kubectl and helm on the same lab in one run.

Every command is a whole process, timed from outside with the memory that it took at most. Nothing is waited for: the
objects are ConfigMaps and Roles. Prints a table; judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

import yaml
from measuring import ENVIRONMENT, HERE, KUBECONFIG, Cluster, Manifest, connected, delete_namespace, lab_binary

SIZES = (30, 300, 1000)
NAMESPACE = "benchmark-growing"
OURS = "intelgraph.maestro.release"
LABELS = {"app.kubernetes.io/instance": "maestro", "app.kubernetes.io/managed-by": "intelgraph.maestro"}
CHANGES_ARE_FOUND = 1
"""The exit code of `kubectl diff` when something differs."""


class Run(t.NamedTuple):
    """Seconds of a process, and the MiB that it took at most."""

    seconds: float
    memory: float


Commands = dict[str, list[str]]
Row = tuple[str, int, dict[str, Run]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of objects")
    sizes = parser.parse_args().sizes
    with tempfile.TemporaryDirectory(prefix="maestro-benchmark-") as name, connected() as cluster:
        rows = [row for size in sizes for row in measure(cluster, pathlib.Path(name), size)]
    print(table(rows))


def measure(cluster: Cluster, folder: pathlib.Path, size: int) -> list[Row]:
    """Each tool in a namespace of its own: the first time, with nothing to change, and with every object changed."""
    files = {version: written(folder, size, version) for version in (1, 2)}
    rows = []
    for tool, commands in (("kubectl", kubectl), ("helm", helm), (OURS, ours)):
        delete_namespace(cluster, NAMESPACE)
        cluster.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": LABELS}})
        old, new = commands(files[1]), commands(files[2])
        runs = {
            "plan": run(old["plan"]),
            "create": run(old["apply"]),
            "nothing": run(old["apply"]),
            "plan changes": run(new["plan"]),
            "change": run(new["apply"]),
        }
        rows.append((tool, size, runs))
    delete_namespace(cluster, NAMESPACE)
    return rows


def written(folder: pathlib.Path, size: int, version: int) -> pathlib.Path:
    """The objects as JSON for ours, as YAML for kubectl and as a chart for helm; the version is in each of them."""
    stem = folder / f"{size}-{version}"
    manifests = objects(size, version)
    stem.with_suffix(".json").write_text(json.dumps(manifests), encoding="utf-8")
    text = yaml.dump_all(manifests, Dumper=yaml.CSafeDumper)
    stem.with_suffix(".yaml").write_text(text, encoding="utf-8")
    templates = stem / "templates"
    templates.mkdir(parents=True)
    (stem / "Chart.yaml").write_text("apiVersion: v2\nname: growing\nversion: 1.0.0\n", encoding="utf-8")
    (templates / "all.yaml").write_text(text, encoding="utf-8")
    return stem


def objects(size: int, version: int) -> list[Manifest]:
    """Three ConfigMaps for each Role."""
    return [role(number, version) if number % 4 == 0 else config_map(number, version) for number in range(size)]


def config_map(number: int, version: int) -> Manifest:
    settings = "\n".join(f"setting_{line}: value {line} of object {number}" for line in range(20))
    return manifest("v1", "ConfigMap", number, data={"config.yaml": settings, "version": str(version)})


def role(number: int, version: int) -> Manifest:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": [f"version-{version}"]}
    return manifest("rbac.authorization.k8s.io/v1", "Role", number, rules=[rule])


def manifest(api_version: str, kind: str, number: int, **fields: t.Any) -> Manifest:
    metadata = {"name": f"object-{number:04d}", "namespace": NAMESPACE, "labels": LABELS}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def kubectl(stem: pathlib.Path) -> Commands:
    base = [lab_binary("kubectl"), "--kubeconfig", KUBECONFIG]
    given = ["--server-side", "-f", str(stem.with_suffix(".yaml"))]
    return {"plan": [*base, "diff", *given], "apply": [*base, "apply", *given]}


def helm(stem: pathlib.Path) -> Commands:
    base = [lab_binary("helm"), "upgrade", "--install", "growing", str(stem), "--kubeconfig", KUBECONFIG]
    target = ["--namespace", NAMESPACE]
    return {"plan": [*base, *target, "--dry-run=server"], "apply": [*base, *target]}


def ours(stem: pathlib.Path) -> Commands:
    script = str(HERE / "releasing_once.py")
    base = [sys.executable, script, KUBECONFIG, NAMESPACE, str(stem.with_suffix(".json"))]
    return {"plan": [*base, "--check"], "apply": base}


def run(command: t.Sequence[str]) -> Run:
    begun = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        is_diff = "diff" in command and process.returncode == CHANGES_ARE_FOUND
        if process.returncode and not is_diff:
            output.seek(0)
            sys.exit(f"{' '.join(command)}\n{output.read().decode()[-4000:]}")
    return Run(seconds, usage.ru_maxrss / 1024)


def table(rows: t.Sequence[Row]) -> str:
    """Objects a second for each command; seconds and MiB of the dearest one."""
    steps = list(rows[0][2])
    lines = [
        "Plan and apply beside the number of objects, on the lab: seconds (objects/s), and MiB at most",
        "",
        f"{'objects':>7}  {'tool':<28}" + "".join(f"{step:>19}" for step in steps) + f"{'MiB':>8}",
    ]
    for tool, size, runs in rows:
        cells = [f"{each.seconds:.2f} ({size / each.seconds:.0f}/s)" for each in runs.values()]
        most = max(each.memory for each in runs.values())
        lines.append(f"{size:>7}  {tool:<28}" + "".join(f"{cell:>19}" for cell in cells) + f"{most:>8.0f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
