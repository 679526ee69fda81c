# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Pulls as in production: public, private with and without a credential, by digest, and of what is not there."""

from __future__ import annotations

import base64
import re
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from maestro_lab.addons.registry import BUSYBOX, Busybox
from maestro_lab.addons.standin import REPOSITORY, VERSIONS
from maestro_lab.images import Image, Layout, binary, build
from maestro_lab.registry_client import Registry
from tests.integration.waiting import wait_for

from .conftest import Facts, Kubectl, pod

LAB = Path(__file__).parents[2] / "lab" / "lab"
PRIVATE = "ghcr.io/brianlong/lab-test/private:1"
PULL_LIMIT = 120.0  # seconds


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """An image that is in no registry yet: busybox under one name only."""
    image = Image(PRIVATE, (binary("/sleep", BUSYBOX),), ("/sleep", "3600"))
    return build(image, tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def private(facts: Facts, layout: Layout) -> str:
    """The reference by digest of a private image."""
    registry = facts["registry"]
    with Registry(registry["host"], registry["user"], registry["password"]) as opened:
        return f"{PRIVATE.partition(':')[0]}@{opened.push(layout, PRIVATE)}"


@pytest.fixture(scope="module")
def credential(facts: Facts, kubectl: Kubectl) -> str:
    """The name of an image pull Secret for ghcr.io."""
    registry = facts["registry"]
    kubectl(
        "create", "secret", "docker-registry", "pull", "--docker-server=ghcr.io",
        f"--docker-username={registry['user']}", f"--docker-password={registry['password']}",
    )  # fmt: skip
    return "pull"


def sleeper(name: str, image: str, **spec: Any) -> dict[str, Any]:
    return pod(name, ["/sleep", "3600"], image, container={"imagePullPolicy": "Always"}, **spec)


def refusal(kubectl: Kubectl, name: str) -> str:
    """Why the pod's image cannot be pulled, in the container runtime's words."""
    found = wait_for(f"the image of {name} is refused", lambda: waiting(kubectl, name), is_refusal, seconds=PULL_LIMIT)
    return str(found["message"])


def waiting(kubectl: Kubectl, name: str) -> dict[str, str]:
    """Why the pod's container waits, in reason and message."""
    statuses = kubectl.get("pod", name)["status"].get("containerStatuses", [])
    return next((status["state"].get("waiting", {}) for status in statuses), {})


def is_refusal(found: dict[str, str]) -> bool:
    """Whether it says why: while the kubelet backs off, it repeats the error after the words about that."""
    return found.get("reason") == "ErrImagePull" or "ErrImagePull: " in found.get("message", "")


def test_private_image_is_not_given_to_everybody(kubectl: Kubectl, private: str) -> None:
    kubectl.apply(sleeper("stranger", private))
    assert "authorization failed" in refusal(kubectl, "stranger")


def test_wrong_credential_is_refused(kubectl: Kubectl, private: str) -> None:
    kubectl(
        "create", "secret", "docker-registry", "wrong", "--docker-server=ghcr.io",
        "--docker-username=robot", "--docker-password=wrong",
    )  # fmt: skip
    kubectl.apply(sleeper("liar", private, imagePullSecrets=[{"name": "wrong"}]))
    assert re.search(r"401|authorization failed", refusal(kubectl, "liar"))


def test_private_image_is_pulled_with_the_credential_by_tag(kubectl: Kubectl, private: str, credential: str) -> None:
    kubectl.apply(sleeper("by-tag", PRIVATE, imagePullSecrets=[{"name": credential}]))
    kubectl.ready("by-tag")
    assert kubectl.get("pod", "by-tag")["status"]["containerStatuses"][0]["imageID"] == private


def test_private_image_is_pulled_with_the_credential_by_digest(kubectl: Kubectl, private: str, credential: str) -> None:
    kubectl.apply(sleeper("by-digest", private, imagePullSecrets=[{"name": credential}]))
    kubectl.ready("by-digest")


@pytest.mark.parametrize(
    "image", [PRIVATE.replace(":1", ":none"), "ghcr.io/brianlong/lab-test/nothing:1", "docker.io/library/nothing:1"]
)
def test_what_is_not_there_is_not_found(kubectl: Kubectl, credential: str, private: str, image: str) -> None:
    name = re.sub(r"[^a-z0-9]+", "-", image)
    kubectl.apply(sleeper(name, image, imagePullSecrets=[{"name": credential}]))
    assert "not found" in refusal(kubectl, name)


def ask(facts: Facts, reference: str, password: str = "") -> int:
    """The status of a request for a manifest."""
    _, _, path = reference.partition("/")
    repository, _, tag = path.partition(":")
    request = urllib.request.Request(f"http://{facts['registry']['host']}/v2/{repository}/manifests/{tag}")
    request.add_header("Accept", "application/vnd.oci.image.manifest.v1+json")
    if password:
        word = base64.b64encode(f"{facts['registry']['user']}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {word}")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("version", VERSIONS)
def test_control_plane_is_there_and_private(facts: Facts, version: str) -> None:
    reference = f"{REPOSITORY}:{version}"
    assert ask(facts, reference) == 401
    assert ask(facts, reference, facts["registry"]["password"]) == 200


def test_public_image_needs_no_credential(facts: Facts) -> None:
    assert ask(facts, Busybox().reference) == 200


def test_load_makes_an_archive_pullable(facts: Facts, kubectl: Kubectl, layout: Layout, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    with tarfile.open(archive, "w") as packed:
        for path in sorted(layout.path.iterdir()):
            packed.add(path, path.name)
    reference = f"docker.io/lab/{kubectl.namespace}:loaded"
    command = [LAB, "--name", facts["name"], "load", archive, reference]
    loaded = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert loaded.returncode == 0, loaded.stderr
    assert layout.digest in loaded.stdout
    kubectl.apply(sleeper("loaded", reference))
    kubectl.ready("loaded")
