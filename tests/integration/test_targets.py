# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that serves but that Prometheus cannot scrape is found, by asking a real Prometheus."""

from __future__ import annotations

import json
import pathlib
import shutil
import socket
import subprocess
import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.prometheus_targets import NoAnswer, ask
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call
from ansible_collections.intelgraph.maestro.plugins.modules import health
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.waiting import wait_for

METRICS, NOTHING = 9090, 9
"""The port of the metrics, and one that nobody listens on."""
SECONDS = 120


class Prometheus:
    """A Prometheus that scrapes the targets of a file every few seconds, as a service discovery would find them."""

    def __init__(self, folder: pathlib.Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._targets = folder / "targets.json"
        job = {"job_name": "maestro", "scrape_interval": "5s", "scrape_timeout": "5s"}
        discovery = {"file_sd_configs": [{"files": [str(self._targets)], "refresh_interval": "1s"}]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [{**job, **discovery}]}))
        program = shutil.which("prometheus")
        assert program, "Debian's package prometheus is missing; make test installs it"
        options = [f"--config.file={folder / 'prometheus.yml'}", f"--web.listen-address=127.0.0.1:{port}"]
        self._process = subprocess.Popen(
            [program, *options, f"--storage.tsdb.path={folder / 'data'}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def scrapes(self, namespace: str, addresses: t.Mapping[str, str], port: int) -> None:
        """Scrape these pods, by name and address, from now on; returns when it is known how that goes."""
        labels = {"namespace": namespace}
        found = [
            {"targets": [f"{address}:{port}"], "labels": {**labels, "pod": pod}} for pod, address in addresses.items()
        ]
        self._targets.write_text(json.dumps(found), encoding="utf-8")
        wanted = {pod: {"1" if port == METRICS else "0"} for pod in addresses}
        wait_for("Prometheus tells how it goes", lambda: self._states(namespace), wanted.__eq__, seconds=SECONDS)

    def _states(self, namespace: str) -> dict[str, set[str]]:
        try:
            return ask(self.url, namespace)
        except NoAnswer:
            return {}

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture
def prometheus(tmp_path: pathlib.Path) -> t.Iterator[Prometheus]:
    running = Prometheus(tmp_path)
    yield running
    running.end()


def test_prometheus_is_asked_whether_it_scrapes_every_pod(
    deploy: Player, namespace: str, cluster: Cluster, lab: dict[str, t.Any], prometheus: Prometheus
) -> None:
    done = deploy()
    assert done.rc == 0, done.output
    pods = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in seeing.pods(cluster, namespace)}
    assert len(pods) == 3

    def evaluated() -> dict[str, t.Any]:
        defaults = {name: option.get("default") for name, option in health.ARGUMENTS.items()}
        wanted = {"kubeconfig": lab["kubeconfig"], "namespace": namespace, "prometheus_url": prometheus.url}
        return health.examine(Call({**defaults, **wanted, "wait": True, "wait_timeout": 60})).values

    prometheus.scrapes(namespace, pods, METRICS)
    good = evaluated()
    assert (good["verdict"], good["findings"]) == ("passed", [])
    prometheus.scrapes(namespace, pods, NOTHING)
    bad = evaluated()
    assert bad["verdict"] == "failed"
    assert [finding["id"] for finding in bad["findings"]] == ["target-down"]
    assert "Prometheus cannot scrape 3 pods" in bad["msg"]
    prometheus.end()
    assert evaluated()["verdict"] == "inconclusive"
