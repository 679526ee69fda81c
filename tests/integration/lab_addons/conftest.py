# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Fixtures of the tests of the lab's cluster parts: kubectl, a namespace of each module's own, pods to ask from."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from maestro_lab.addons.registry import Busybox
from maestro_lab.kubernetes import programs
from maestro_lab.names import DEFAULT_NAME, lab_named

Facts = dict[str, Any]
LIMIT = "240s"


@dataclass(frozen=True)
class Kubectl:
    """kubectl with the lab's kubeconfig, in one namespace."""

    kubeconfig: str
    namespace: str = "default"

    def __call__(self, *arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        """What kubectl says; the test ends with its words when it fails, unless it is to fail."""
        command = [*self._command(), *arguments]
        run = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=300)
        if (run.returncode != 0) != fails:
            pytest.fail(f"kubectl {' '.join(arguments)}: exit code {run.returncode}: {run.stderr or run.stdout}")
        return run.stderr if fails else run.stdout

    def _command(self) -> list[str]:
        return [str(programs() / "kubectl"), f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}"]

    def started(self, *arguments: str) -> subprocess.Popen[bytes]:
        """kubectl at work, for what the test does meanwhile."""
        return subprocess.Popen([*self._command(), *arguments], stdout=subprocess.DEVNULL)

    def get(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("get", *arguments, "--output=json"))
        return found

    def apply(self, *manifests: dict[str, Any]) -> None:
        content = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        self("apply", "--server-side", "-f", "-", stdin=content)

    def ready(self, pod: str) -> None:
        """Wait until the pod is Ready; what is known of it otherwise."""
        command = [*self._command(), "wait", f"pod/{pod}", "--for=condition=Ready", f"--timeout={LIMIT}"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.fail(
                f"pod {pod} does not get Ready:\n{self('events')}\n{self('describe', 'pod', pod)}", pytrace=False
            )


@pytest.fixture(scope="session")
def facts() -> Facts:
    """The facts of the running lab."""
    path = lab_named(os.environ.get("MAESTRO_LAB", DEFAULT_NAME)).facts
    if not path.exists():
        pytest.fail(f"The lab is not running ({path} is missing). Start it with: make lab", pytrace=False)
    read: Facts = json.loads(path.read_text())
    return read


@pytest.fixture(scope="module")
def kubectl(facts: Facts) -> Iterator[Kubectl]:
    """kubectl in a namespace that lives as long as the module's tests."""
    name = f"lab-addons-{secrets.token_hex(4)}"
    outside = Kubectl(facts["kubeconfig"])
    outside("create", "namespace", name)
    yield Kubectl(facts["kubeconfig"], name)
    outside("delete", "namespace", name, "--wait=false")


def pod(name: str, command: list[str], image: str = Busybox().reference, **spec: Any) -> dict[str, Any]:
    """A pod with one container, which ends at once when told to."""
    container = {"name": "main", "image": image, "command": command, **spec.pop("container", {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **spec},
    }


@pytest.fixture(scope="module")
def inside(kubectl: Kubectl) -> Callable[..., str]:
    """Runs a shell command in a pod of the cluster; what it prints, whether it succeeds or not."""
    kubectl.apply(pod("shell", ["sleep", "3600"]))
    kubectl.ready("shell")

    def run(script: str) -> str:
        return kubectl("exec", "shell", "--", "sh", "-c", f"({script}) 2>&1 || true")

    return run
