# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: the lab, its tools, and one release rendered for ours and for its peers alike."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "lab")]

import tests.conftest  # noqa: E402, F401
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.configuration import configure  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import (  # noqa: E402
    Informer,
    Source,
    until,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import assemble  # noqa: E402
from tests.integration.conftest import LAB, STATE, delete_namespace, of_namespace  # noqa: E402
from tests.integration.playing import play  # noqa: E402

HERE = pathlib.Path(__file__).parent
LAB_COMMAND = ROOT / "tests" / "lab" / "lab"
KUBECONFIG = str(STATE / "kubeconfig")
ENVIRONMENT = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections")}
Manifest = dict[str, t.Any]


def connected() -> Cluster:
    """The lab's API, as its administrator."""
    return Cluster(configure({"kubeconfig": KUBECONFIG}))


def rendered(folder: pathlib.Path, namespace: str, **variables: t.Any) -> list[Manifest]:
    """The lab's manifests with their values, written as one file for kubectl and as a chart for helm."""
    source = folder / "rendered.json"
    done = play(str(HERE / "render.yml"), benchmark_file=str(source), **of_namespace(namespace), **variables)
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


def lab_binary(name: str) -> str:
    done = subprocess.run(
        [str(LAB_COMMAND), "--name", LAB, "binary", name], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"lab binary {name}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def ansible_playbook() -> str:
    return str(pathlib.Path(sys.executable).with_name("ansible-playbook"))


__all__ = ["Informer", "Source", "delete_namespace", "of_namespace", "play", "until"]
