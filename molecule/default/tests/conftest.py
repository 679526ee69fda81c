# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The scenario's lab as its tests see it: its facts, its objects, and a pod that is a client inside the cluster."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import typing as t

import pytest
import testinfra

LAB_COMMAND = pathlib.Path(__file__).resolve().parents[3] / "tests" / "lab" / "lab"
CLIENT = ("client", "default")
CLIENT_IMAGE = "docker.io/library/busybox:1.35"

Objects = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(scope="session", autouse=True)
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[pathlib.Path]:
    """A `kubectl` first on the PATH that is the lab's own; Testinfra's kubectl:// backend calls it."""
    program = tmp_path_factory.mktemp("bin") / "kubectl"
    lab = os.environ["MAESTRO_LAB"]
    program.write_text(f'#!/bin/sh\nexec {LAB_COMMAND} --name {lab} kubectl -- "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        yield program


@pytest.fixture(scope="session")
def lab() -> dict[str, t.Any]:
    """The lab's facts: addresses and paths."""
    said = subprocess.run(
        [LAB_COMMAND, "--name", os.environ["MAESTRO_LAB"], "facts"], capture_output=True, text=True, check=True
    )
    return t.cast("dict[str, t.Any]", json.loads(said.stdout))


@pytest.fixture(scope="session")
def objects(kubectl: pathlib.Path) -> Objects:
    """`objects("pods", "--namespace=...")`: what kubectl gets, as data."""

    def get(*arguments: str) -> dict[str, t.Any]:
        command = [kubectl, "get", "--output=json", *arguments]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        return t.cast("dict[str, t.Any]", json.loads(said.stdout))

    return get


@pytest.fixture(scope="session")
def client(kubectl: pathlib.Path) -> t.Iterator[testinfra.host.Host]:
    """A pod beside the release, reached by kubectl://, which sees the cluster as other applications do."""
    name, namespace = CLIENT
    here = [f"--namespace={namespace}"]
    run = ["run", name, f"--image={CLIENT_IMAGE}", "--restart=Never", "--command", "--", "sleep", "600"]
    subprocess.run([kubectl, *here, "delete", "pod", name, "--ignore-not-found", "--now"], check=True)
    subprocess.run([kubectl, *here, *run], check=True)
    subprocess.run([kubectl, *here, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=240s"], check=True)
    yield testinfra.get_host(f"kubectl://{name}?namespace={namespace}")
    subprocess.run([kubectl, *here, "delete", "pod", name, "--now", "--wait=false"], check=True)
