# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures how plan and apply grow with the number of objects, beside kubectl and helm on the same lab in one run.

Every command is a whole process, timed from outside with the memory that it took at most. Nothing is waited for: the
objects are ConfigMaps and Roles. A second table shows what a full history costs, a third one the same commands when
the API server is as far away as in another region. Prints tables; judges nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t
from urllib.parse import urlsplit

import yaml
from measuring import ENVIRONMENT, HERE, KUBECONFIG, Cluster, Manifest, connected, delete_namespace, lab_binary

SIZES = (30, 300, 1000)
FAR_SIZE = 300
MILLISECONDS = 10
RELEASES = 10
"""As many as a history remembers, unless it is told otherwise."""
NAMESPACE = "benchmark-growing"
OURS = "intelgraph.maestro.release"
LABELS = {"app.kubernetes.io/instance": "maestro", "app.kubernetes.io/managed-by": "intelgraph.maestro"}
CHANGES_ARE_FOUND = 1
"""The exit code of `kubectl diff` when something differs."""


class Run(t.NamedTuple):
    """Seconds of a process, the MiB that it took at most, and what it printed."""

    seconds: float
    memory: float
    output: str = ""


Commands = dict[str, list[str]]
Row = tuple[str, int, dict[str, Run]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of objects")
    parser.add_argument("--far-size", type=int, default=FAR_SIZE, help="number of objects from afar; 0 leaves it out")
    parser.add_argument("--milliseconds", type=int, default=MILLISECONDS, help="round trip to the API from afar")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="maestro-benchmark-") as name, connected() as cluster:
        folder = pathlib.Path(name)
        near, remembered = [], []
        for size in given.sizes:
            near += measure(cluster, folder, size, KUBECONFIG)
            remembered.append(remember(folder, size))
        if near:
            print(table("the API server on the same machine", near), history_table(remembered), sep="\n\n")
        if given.far_size:
            with far_away(folder, given.milliseconds) as kubeconfig:
                rows = measure(cluster, folder, given.far_size, kubeconfig)
            print("", table(f"the API server {given.milliseconds} ms away", rows), sep="\n")
        cluster.delete(f"/api/v1/namespaces/{NAMESPACE}")


def measure(cluster: Cluster, folder: pathlib.Path, size: int, kubeconfig: str) -> list[Row]:
    """Each tool in a namespace of its own: the first time, with nothing to change, and with every object changed."""
    files = {version: written(folder, size, version) for version in (1, 2)}
    rows = []
    for tool, commands in (("kubectl", kubectl), ("helm", helm), (OURS, ours)):
        delete_namespace(cluster, NAMESPACE)
        cluster.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": LABELS}})
        old, new = commands(files[1], kubeconfig), commands(files[2], kubeconfig)
        runs = {
            "plan": run(old["plan"]),
            "create": run(old["apply"]),
            "nothing": run(old["apply"]),
            "plan changes": run(new["plan"]),
            "change": run(new["apply"]),
        }
        rows.append((tool, size, runs))
    return rows


def remember(folder: pathlib.Path, size: int) -> Row:
    """What a release costs after ten others (two of them were made by `measure`), and reading what they were."""
    for version in range(3, RELEASES + 1):
        run(ours(written(folder, size, version), KUBECONFIG)["apply"])
    last = ours(written(folder, size, RELEASES + 1), KUBECONFIG)
    return OURS, size, {"change": run(last["apply"]), "read": run(last["history"])}


@contextlib.contextmanager
def far_away(folder: pathlib.Path, milliseconds: int) -> t.Iterator[str]:
    """A kubeconfig that leads to the lab's API by a way of so many milliseconds there and back."""
    config = yaml.safe_load(pathlib.Path(KUBECONFIG).read_text(encoding="utf-8"))
    server = config["clusters"][0]["cluster"]
    address = urlsplit(server["server"])
    command = [sys.executable, str(HERE / "relay.py"), str(address.hostname), str(address.port), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relay:
        try:
            assert relay.stdout is not None
            port = relay.stdout.readline().strip()
            server.update({"server": f"https://127.0.0.1:{port}", "tls-server-name": address.hostname})
            path = folder / "far.kubeconfig"
            path.write_text(yaml.safe_dump(config), encoding="utf-8")
            yield str(path)
        finally:
            relay.terminate()


def written(folder: pathlib.Path, size: int, version: int) -> pathlib.Path:
    """The objects as JSON for ours, as YAML for kubectl and as a chart for helm; the version is in each of them."""
    stem = folder / f"{size}-{version}"
    manifests = objects(size, version)
    stem.with_suffix(".json").write_text(json.dumps(manifests), encoding="utf-8")
    text = yaml.dump_all(manifests, Dumper=yaml.CSafeDumper)
    stem.with_suffix(".yaml").write_text(text, encoding="utf-8")
    templates = stem / "templates"
    templates.mkdir(parents=True, exist_ok=True)
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


def kubectl(stem: pathlib.Path, kubeconfig: str) -> Commands:
    base = [lab_binary("kubectl"), "--kubeconfig", kubeconfig]
    given = ["--server-side", "-f", str(stem.with_suffix(".yaml"))]
    return {"plan": [*base, "diff", *given], "apply": [*base, "apply", *given]}


def helm(stem: pathlib.Path, kubeconfig: str) -> Commands:
    base = [lab_binary("helm"), "upgrade", "--install", "growing", str(stem), "--kubeconfig", kubeconfig]
    target = ["--namespace", NAMESPACE]
    return {"plan": [*base, *target, "--dry-run=server"], "apply": [*base, *target]}


def ours(stem: pathlib.Path, kubeconfig: str) -> Commands:
    script = str(HERE / "releasing_once.py")
    base = [sys.executable, script, kubeconfig, NAMESPACE, str(stem.with_suffix(".json"))]
    return {"plan": [*base, "--check"], "apply": base, "history": [*base, "--history"]}


def run(command: t.Sequence[str]) -> Run:
    begun = time.monotonic()
    with tempfile.TemporaryFile() as file:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        file.seek(0)
        output = file.read().decode()
    is_diff = "diff" in command and process.returncode == CHANGES_ARE_FOUND
    if process.returncode and not is_diff:
        sys.exit(f"{' '.join(command)}\n{output[-4000:]}")
    return Run(seconds, usage.ru_maxrss / 1024, output)


def table(where: str, rows: t.Sequence[Row]) -> str:
    """Seconds and objects a second of each command, and the MiB of the dearest one."""
    steps = list(rows[0][2])
    lines = [
        f"Plan and apply beside the number of objects, {where}: seconds (objects/s), and MiB at most",
        "",
        f"{'objects':>7}  {'tool':<28}" + "".join(f"{step:>19}" for step in steps) + f"{'MiB':>8}",
    ]
    for tool, size, runs in rows:
        cells = [f"{each.seconds:.2f} ({size / each.seconds:.0f}/s)" for each in runs.values()]
        most = max(each.memory for each in runs.values())
        lines.append(f"{size:>7}  {tool:<28}" + "".join(f"{cell:>19}" for cell in cells) + f"{most:>8.0f}")
    return "\n".join(lines)


def history_table(rows: t.Sequence[Row]) -> str:
    """Of each command its seconds, its MiB and the requests that it says it sent."""
    steps = {"change": "every object changed", "read": "the history read"}
    lines = [
        f"With a history of {RELEASES} releases, {OURS}: seconds, requests, MiB",
        "",
        f"{'objects':>7}" + "".join(f"{title:>28}" for title in steps.values()),
    ]
    for _, size, runs in rows:
        cells = [f"{each.seconds:.2f} {requests(each):>6} {each.memory:>5.0f}" for each in map(runs.get, steps) if each]
        lines.append(f"{size:>7}" + "".join(f"{cell:>28}" for cell in cells))
    return "\n".join(lines)


def requests(each: Run) -> int:
    return int(json.loads(each.output)["requests"])


if __name__ == "__main__":
    main()
