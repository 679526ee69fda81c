# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes broken releases, several at a time and each in a namespace of its own, and notes what came of them and when."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import json
import pathlib
import re
import threading
import time
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call
from ansible_collections.intelgraph.maestro.plugins.modules import release
from tests.integration.conftest import delete_namespace
from tests.integration.faulty.changes import NAMESPACE, Change, Components
from tests.integration.faulty.showing import Shown
from tests.integration.playing import ROOT, play

WORKERS = 3
"""Releases made at a time: mostly they wait, and the lab has two cores."""
LONGEST = 240
"""Seconds after which a release that should have a verdict is given up."""
VARIABLES = {
    "maestro_namespace": NAMESPACE,
    "maestro_hostname": f"{NAMESPACE}.maestro.test",
    "workload_autoscaling_enabled": False,
    "workload_replicas": 2,
    "workload_minimum_available": 1,
    "workload_startup_timeout_seconds": 10,
    "workload_readiness_period_seconds": 1,
    "workload_pre_stop_seconds": 1,
}
"""A small release whose probes give up soon, so that a verdict by time takes seconds."""


@dataclasses.dataclass(frozen=True)
class View:
    """What is staged. `first` is what an earlier, good release is changed by; None means that there is none.

    `changes` make the release that is looked at, `shown` is the fact from which on the API shows what is wrong with it.
    `timeout` is the release's own in seconds. `around` is entered before the release and left after it, with
    (cluster, namespace): objects outside of the namespace, and what happens meanwhile.
    """

    changes: tuple[Change, ...] = ()
    components: tuple[str, ...] = ("namespace", "secrets", "workload")
    first: tuple[Change, ...] | None = None
    displayed: Shown | None = None
    timeout: int = LONGEST
    around: t.Callable[[Cluster, str], t.ContextManager[t.Any]] | None = None


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the release task returned, after how many seconds, and how long the API had shown the fault by then."""

    result: dict[str, t.Any]
    seconds: float
    behind: float | None

    @property
    def reported(self) -> str:
        """Everything that a person reads of it."""
        return json.dumps(self.result, ensure_ascii=False)


class Stage:
    """Runs scenes beside each other. What the roles render is rendered once, by a play."""

    def __init__(self, cluster: Cluster, kubeconfig: str, folder: pathlib.Path, workers: int = WORKERS) -> None:
        self._cluster = cluster
        self._kubeconfig = kubeconfig
        self._folder = folder
        self._rendered = _rendered(folder)
        self._pool = concurrent.futures.ThreadPoolExecutor(workers)
        self._runs: dict[str, concurrent.futures.Future[Seen]] = {}

    def begin(self, name: str, view: View) -> None:
        """Have a scene run as soon as there is room for it."""
        self._runs[name] = self._pool.submit(self.run, name, view)

    @staticmethod
    def chosen(items: t.Iterable[pytest.Item], test: str) -> list[str]:
        """The names with which this session runs a test."""
        functions = [item for item in items if isinstance(item, pytest.Function) and item.originalname == test]
        return [str(item.callspec.params["name"]) for item in functions]

    def wait(self) -> None:
        """Until nothing runs beside."""
        concurrent.futures.wait(self._runs.values())

    def seen(self, name: str) -> Seen:
        """What came of a scene that was begun."""
        return self._runs[name].result()

    def close(self) -> None:
        """Wait until nothing runs any more. The end of every namespace has been asked for, and is awaited by whoever
        needs its name again.
        """
        self._pool.shutdown(cancel_futures=True)

    def run(self, name: str, view: View) -> Seen:
        """Make the release of a scene in a namespace of its own."""
        namespace = f"fault-{re.sub('[^a-z0-9]+', '-', name.lower())}"
        delete_namespace(self._cluster, namespace)
        try:
            if view.first is not None:
                self._make_first(namespace, view)
            with (view.around or _nothing)(self._cluster, namespace):
                return self._make(namespace, view)
        finally:
            self._cluster.delete(f"/api/v1/namespaces/{namespace}")

    def _make_first(self, namespace: str, view: View) -> None:
        made = self._release(namespace, view.components, view.first or (), LONGEST)
        assert made["verdict"] == "passed", made["msg"]

    def _make(self, namespace: str, view: View) -> Seen:
        with Sight(self._cluster, namespace, view.displayed) as sight:
            begun = time.monotonic()
            result = self._release(namespace, view.components, view.changes, view.timeout)
            ended = time.monotonic()
            behind = None if sight.at is None else ended - sight.at
        return Seen(result, ended - begun, behind)

    def _release(
        self, namespace: str, kept: t.Collection[str], changes: t.Iterable[Change], timeout: int
    ) -> dict[str, t.Any]:
        content = json.loads(self._rendered.replace(NAMESPACE, namespace))
        components: Components = {name: content["components"][name] for name in kept}
        for change in changes:
            change(components)
        whole = json.loads(json.dumps(components).replace(NAMESPACE, namespace))
        names = {manifest["metadata"]["name"] for manifests in whole.values() for manifest in manifests}
        values = {key: value for key, value in content["secret_values"].items() if key.partition("/")[0] in names}
        given = {
            "kubeconfig": self._kubeconfig,
            "namespace": namespace,
            "components": whole,
            "secret_values": values,
            "wait_timeout": timeout,
            "auto_rollback": False,
            "report_dir": str(self._folder),
        }
        checked = ModuleArgumentSpecValidator(release.ARGUMENTS).validate(given)
        assert not checked.error_messages, checked.error_messages
        return release.carry_out(Call(checked.validated_parameters)).values


class Sight:
    """Notes when the API first shows a fault, by a watch of the test's own."""

    def __init__(self, cluster: Cluster, namespace: str, displayed: Shown | None) -> None:
        self.at: float | None = None
        self._displayed = displayed
        self._mirror = Informer(
            cluster, [Source(displayed.api_version, displayed.kind, namespace)] if displayed else []
        )
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> t.Self:
        if self._displayed:
            self._mirror.__enter__()
            assert self._mirror.synced(60), "the API does not list what shows the fault"
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        if self._displayed:
            self._thread.join(2)
            self._mirror.__exit__(*exception)

    def _look(self) -> None:
        displayed = t.cast("Shown", self._displayed)
        while not self._is_over.is_set():
            generation = self._mirror.generation
            if any(displayed.is_shown(item) for item in self._mirror.objects(displayed.kind)):
                self.at = time.monotonic()
                return
            self._mirror.wait(generation, 0.5)


@contextlib.contextmanager
def _nothing(_cluster: Cluster, _namespace: str) -> t.Iterator[None]:
    yield


def _rendered(folder: pathlib.Path) -> str:
    """What the roles contribute with the lab's inventory, as JSON."""
    path = folder / "rendered.json"
    done = play(str(ROOT / "tests" / "benchmarks" / "render.yml"), benchmark_file=str(path), **VARIABLES)
    assert done.rc == 0, done.output
    return path.read_text(encoding="utf-8")
