# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacker: who may change what the image does. Its pods give away what they can read, in every way of failing.

The values are in Secrets that no role has rendered, so that the run was given none of them.
"""

from __future__ import annotations

import base64
import json
import pathlib
import secrets
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.attacks import hostile
from tests.attacks.test_text_of_pods import parts_of
from tests.integration import seeing
from tests.integration.conftest import Player, of_namespace
from tests.integration.leaking import Searcher, files_below
from tests.integration.playing import Play, play
from tests.integration.releasing import manifest

SOURCES = ("env", "env-from", "volume", "projected", "pull", "init", "lines", "synced")
KEY = "VALUE"
GIVES_AWAY = f"(env; cat /secrets/*/*; cat /secrets/*/* | base64) 2>&1 | tee {hostile.LAST_WORDS}"
SECONDS_LATE = 8
NEVER = {"readinessProbe": {"exec": {"command": ["false"]}}}
"""However slow the lab is, a pod that is about to crash is never ready."""


class Held(t.NamedTuple):
    """The canaries by source, and what the Secret of each source holds."""

    canaries: dict[str, str]
    data: dict[str, dict[str, str]]


@pytest.fixture
def held() -> Held:
    canaries = {source: f"{source}-{secrets.token_urlsafe(18)}" for source in SOURCES}
    short = {"short line": f"q{secrets.token_hex(3)}", "assigned": f"w{secrets.token_hex(5)}"}
    data = {source: {KEY: canaries[source]} for source in SOURCES}
    data["lines"] = {KEY: f"user: maestro\npassword: {short['assigned']}\n{short['short line']}\n{canaries['lines']}\n"}
    credential = {"auths": {"registry.example": {"username": "puller", "password": canaries["pull"]}}}
    data["pull"] = {".dockerconfigjson": json.dumps(credential)}
    return Held(canaries | short, data)


def secret(namespace: str, source: str, held: Held) -> dict[str, t.Any]:
    kind = "kubernetes.io/dockerconfigjson" if source == "pull" else "Opaque"
    data = {key: base64.b64encode(value.encode()).decode() for key, value in held.data[source].items()}
    return {"metadata": {"name": f"of-{source}", "namespace": namespace}, "type": kind, "data": data}


def workload(namespace: str, script: str, **container: t.Any) -> dict[str, t.Any]:
    """A pod to which each source takes its own way; the one that is synced late is waited for by the kubelet."""
    mounts = [{"name": source, "mountPath": f"/secrets/{source}"} for source in ("volume", "projected", "lines")]
    reads = {
        "env": [{"name": "OF_ENV", "valueFrom": {"secretKeyRef": {"name": "of-env", "key": KEY}}}],
        "envFrom": [
            {"secretRef": {"name": f"of-{source}"}, "prefix": f"{source}_"} for source in ("env-from", "synced")
        ],
        "volumeMounts": mounts,
    }
    prepares = {"name": "init", "image": hostile.IMAGE, "command": ["sh", "-c", "env"]}
    return hostile.workload(
        namespace,
        script,
        {**reads, **container},
        initContainers=[{**prepares, "envFrom": [{"secretRef": {"name": "of-init"}}]}],
        imagePullSecrets=[{"name": "of-pull"}],
        volumes=[
            {"name": "volume", "secret": {"secretName": "of-volume"}},
            {"name": "lines", "secret": {"secretName": "of-lines"}},
            {"name": "projected", "projected": {"sources": [{"secret": {"name": "of-projected"}}]}},
        ],
    )


@pytest.fixture
def made(namespace: str, cluster: Cluster, held: Held) -> str:
    """The namespace with the Secrets of all sources but the one that comes late."""
    cluster.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    for source in SOURCES[:-1]:
        cluster.create(f"/api/v1/namespaces/{namespace}/secrets", secret(namespace, source, held))
    return namespace


def sync(cluster: Cluster, namespace: str, held: Held) -> None:
    cluster.create(f"/api/v1/namespaces/{namespace}/secrets", secret(namespace, "synced", held))


def looked_back_on(namespace: str, folder: pathlib.Path) -> dict[str, str | bytes]:
    """What the plays show and leave that people run after a release has failed."""
    given = of_namespace(namespace)
    runs = {
        "diagnose": play("intelgraph.maestro.diagnose", "-vvv", maestro_diagnosis_dir=str(folder), **given),
        "history": play("intelgraph.maestro.history", "-vvv", maestro_history_revision=1, **given),
        "health": play("intelgraph.maestro.validate", "-vvv", maestro_report_dir=str(folder / "validate"), **given),
    }
    shown = {name: run.output + json.dumps(run.tasks) for name, run in runs.items()}
    archives = {place: content for place, content in files_below(folder).items() if not place.endswith(".tar.gz")}
    bundle = folder / "archive"
    bundle.mkdir()
    next(folder.glob("*.tar.gz")).rename(bundle / "bundle.tar.gz")
    return {**shown, **archives, **parts_of(bundle)}


def of_run(run: Play, reports: pathlib.Path) -> dict[str, str | bytes]:
    return {"output": run.output, "results": json.dumps(run.tasks), **files_below(reports)}


@pytest.mark.parametrize(
    ("script", "container", "timeout"),
    [
        pytest.param(f"{GIVES_AWAY}; sleep 1; exit 1", NEVER, 150, id="crash"),
        pytest.param(
            f"{GIVES_AWAY}; sleep 600",
            {"readinessProbe": {"exec": {"command": ["sh", "-c", "env; cat /secrets/*/*; exit 1"]}}},
            60,
            id="unready",
        ),
    ],
)
def test_a_release_that_fails_gives_no_value_away(
    script: str,
    container: dict[str, t.Any],
    timeout: int,
    made: str,
    held: Held,
    release: Player,
    cluster: Cluster,
    reports: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    objects = [manifest("v1", "Namespace", made, ""), workload(made, script, **container)]
    late = threading.Timer(SECONDS_LATE, sync, (cluster, made, held))
    late.start()
    done = release("-vvv", attack_objects=objects, attack_wait_timeout=timeout)
    late.join()
    assert done.release["verdict"] == "failed", done.output
    left = {**of_run(done, reports), **looked_back_on(made, tmp_path / "after")}
    assert Searcher(held.canaries).leaks(left) == []
    evidence = json.loads(pathlib.Path(done.release["report"]).read_text(encoding="utf-8"))
    assert "(secret of-" in json.dumps(evidence["logs"]), "the pod's words are there, without the values"
    assert evidence["events"]


def test_neither_does_a_rollback_that_fails(
    made: str, held: Held, release: Player, cluster: Cluster, reports: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """The first release passes; then its Secret is changed so that no pod of either release stays up."""
    sync(cluster, made, held)
    mode = {"metadata": {"name": "mode", "namespace": made}, "stringData": {"MODE": "good"}}
    cluster.create(f"/api/v1/namespaces/{made}/secrets", mode)
    script = f'{GIVES_AWAY}; [ "$MODE" = good ] && touch /ready && exec sleep 600; sleep 1; exit 1'
    first = workload(made, script, readinessProbe={"exec": {"command": ["test", "-f", "/ready"]}, "periodSeconds": 1})
    first["spec"]["template"]["spec"]["containers"][0]["envFrom"].append({"secretRef": {"name": "mode"}})
    namespace = manifest("v1", "Namespace", made, "")
    passed = release(attack_objects=[namespace, first])
    assert passed.rc == 0, passed.output
    path = f"/api/v1/namespaces/{made}/secrets/mode"
    cluster.merge(path, {"stringData": {"MODE": "worse"}})
    rotated = f"rotated-{secrets.token_urlsafe(18)}"
    cluster.merge(f"/api/v1/namespaces/{made}/secrets/of-env", {"stringData": {KEY: rotated}})
    for pod in seeing.pods(cluster, made):  # what comes in its place starts with what the Secrets hold now
        cluster.delete(f"/api/v1/namespaces/{made}/pods/{pod['metadata']['name']}")

    second = json.loads(json.dumps(first))
    second["spec"]["template"]["metadata"]["annotations"] = {"change": "2"}
    failed = release("-vvv", attack_objects=[namespace, second], attack_wait_timeout=60)
    assert failed.release["verdict"] == "failed", failed.output
    assert failed.release["restored"]["verdict"] == "failed", failed.output
    left = {**of_run(failed, reports), **looked_back_on(made, tmp_path / "after")}
    assert Searcher({**held.canaries, "rotated": rotated}).leaks(left) == []
