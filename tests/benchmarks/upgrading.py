# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures upgrades and rollbacks of one release beside helm's, on the same lab in one run, each tool after the other.

Every command is a whole process, timed from outside, and what it was to bring is looked up in the cluster afterwards.
Ours waits until everything is ready and helm does so when told to, so both figures are given with and without it.
Prints a table; judges nothing.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import statistics
import sys
import tempfile
import typing as t

from deploying import timed
from measuring import (
    KUBECONFIG,
    Cluster,
    Manifest,
    connected,
    delete_namespace,
    lab_binary,
    of_namespace,
    play,
    rendered,
)

ONE_POD = {"workload_autoscaling_enabled": False, "workload_replicas": 1, "workload_minimum_available": 0}
"""Less to wait for: what is measured is the tools, not the pods."""
LABEL = "team"
VERSIONS: dict[str, dict[str, t.Any]] = {
    "base": {"maestro_labels": {LABEL: "a"}},
    "one field": {"maestro_labels": {LABEL: "a"}, "monitoring_cpu_percent": 90},
    "all objects": {"maestro_labels": {LABEL: "b"}},
}
"""What each version of the release is made of: the labels are on every object, the percentage is in one alert."""
NOTHING, FIELD, ALL, BACK = "nothing to change", "one field", "all objects", "rollback of all"


class Took(t.NamedTuple):
    """Seconds of a whole process, and those of them in which it waited for pods where it says so."""

    seconds: float
    waited: float = 0.0


class Tool(t.Protocol):
    """Brings a version of the release, and back the one before."""

    namespace: str

    def bring(self, version: str) -> Took: ...

    def roll_back(self) -> Took: ...


class Ours:
    """The playbooks of this collection."""

    namespace = "benchmark"

    def bring(self, version: str) -> Took:
        return self._played("deploy", **VERSIONS[version])

    def roll_back(self) -> Took:
        return self._played("rollback")

    def _played(self, name: str, **variables: t.Any) -> Took:
        done = play(f"intelgraph.maestro.{name}", **of_namespace(self.namespace), **ONE_POD, **variables)
        if done.rc:
            sys.exit(done.output)
        return Took(done.seconds, done.release["seconds"].get("wait", 0.0))


class Helm:
    """The same objects as a chart for each version."""

    def __init__(self, folder: pathlib.Path, namespace: str, *flags: str) -> None:
        self.namespace = namespace
        self._folder = folder
        self._flags = ["--namespace", namespace, "--kubeconfig", KUBECONFIG, *flags]

    def bring(self, version: str) -> Took:
        chart = str(self._folder / version / "chart")
        return self._ran("upgrade", "maestro", chart, "--install", "--create-namespace")

    def roll_back(self) -> Took:
        return self._ran("rollback", "maestro")

    def _ran(self, *command: str) -> Took:
        return Took(timed([lab_binary("helm"), *command, *self._flags]))


Times = dict[tuple[str, str], list[Took]]
"""By the name of the tool and what it did."""
Versions = dict[str, list[Manifest]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="repeats of each measurement")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="maestro-benchmark-") as name, connected() as cluster:
        tools = made(pathlib.Path(name))
        wanted = {tool: written(pathlib.Path(name), tools[tool].namespace) for tool in tools}
        for tool in tools.values():
            delete_namespace(cluster, tool.namespace)
        times = measure(cluster, tools, wanted, runs)
        for tool in tools.values():
            cluster.delete(f"/api/v1/namespaces/{tool.namespace}")
    print(table(len(wanted["ours"]["base"]), runs, times))


def made(folder: pathlib.Path) -> dict[str, Tool]:
    return {
        "ours": Ours(),
        "helm": Helm(folder / "benchmark-helm", "benchmark-helm"),
        "helm --wait": Helm(folder / "benchmark-waiting", "benchmark-waiting", "--wait"),
    }


def written(folder: pathlib.Path, namespace: str) -> Versions:
    """The manifests of each version, which are written for helm as well."""
    versions = {}
    for version, variables in VERSIONS.items():
        place = folder / namespace / version
        place.mkdir(parents=True)
        versions[version] = rendered(place, namespace, **ONE_POD, **variables)
    return versions


def measure(cluster: Cluster, tools: dict[str, Tool], wanted: dict[str, Versions], runs: int) -> Times:
    """One tool after the other, the first one of a round last in the next."""
    times: Times = collections.defaultdict(list)
    order = list(tools)
    for name in order:
        tools[name].bring("base")
    for _ in range(runs):
        for name in order:
            for what, took, version in one_round(tools[name]):
                require(cluster, f"{name}, {what}", wanted[name][version])
                times[name, what].append(took)
        order = [*order[1:], order[0]]
    return times


def one_round(tool: Tool) -> t.Iterator[tuple[str, Took, str]]:
    """What was done, what it took, and the version that has to be in place now; begins and ends with the base."""
    yield NOTHING, tool.bring("base"), "base"
    yield FIELD, tool.bring("one field"), "one field"
    yield FIELD, tool.bring("base"), "base"
    yield ALL, tool.bring("all objects"), "all objects"
    yield BACK, tool.roll_back(), "base"


def require(cluster: Cluster, what: str, manifests: t.Sequence[Manifest]) -> None:
    """End the benchmark unless every object is as the version has it, by its label, its values or its rules.

    The label is asked of neither a Namespace, which helm makes without labels, nor a Secret, which our rollback leaves
    as it is when its values are right.
    """
    kinds = {"Namespace": None, "Secret": "data", "PrometheusRule": "spec"}
    asked = [(manifest, kinds.get(manifest["kind"], LABEL)) for manifest in manifests]
    found = cluster.parallel(lambda manifest: cluster.get(cluster.path_of(manifest)), manifests)
    for (manifest, field), live in zip(asked, found, strict=True):
        if field and not _has(live, manifest, field):
            sys.exit(f"{what} did not bring the {field} of {cluster.path_of(manifest)}")


def _has(live: Manifest, manifest: Manifest, field: str) -> bool:
    if field == LABEL:
        return bool(manifest["metadata"]["labels"][LABEL] == live["metadata"]["labels"].get(LABEL))
    return bool(live[field] == manifest[field])


def table(objects: int, runs: int, times: Times) -> str:
    columns: dict[str, t.Callable[[str], list[float]]] = {
        "ours": lambda what: [took.seconds for took in times["ours", what]],
        "without its wait": lambda what: [took.seconds - took.waited for took in times["ours", what]],
        "helm": lambda what: [took.seconds for took in times["helm", what]],
        "helm --wait": lambda what: [took.seconds for took in times["helm --wait", what]],
    }
    lines = [
        f"Release of {objects} objects on the lab; seconds, median of {runs} rounds (min-max)",
        "",
        f"{'what':<20}" + "".join(f"{column:>24}" for column in columns),
    ]
    for what in (NOTHING, FIELD, ALL, BACK):
        cells = [spread(seconds(what)) for seconds in columns.values()]
        lines.append(f"{what:<20}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def spread(seconds: t.Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


if __name__ == "__main__":
    main()
