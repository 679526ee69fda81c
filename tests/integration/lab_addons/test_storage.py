# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Volumes: on one node's disk, shared by all nodes, and from a class that somebody else defined."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import LIMIT, Kubectl, pod


def claim(name: str, mode: str, storage_class: str | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": [mode], "resources": {"requests": {"storage": "10Mi"}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def user_of(claimed: str, name: str, node: str = "") -> dict[str, Any]:
    """A pod as the restricted Pod Security Standard wants it, with the claim at /data."""
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    spec: dict[str, Any] = {
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claimed}}],
        "securityContext": {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001, "runAsNonRoot": True},
    }
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    return pod(name, ["sleep", "3600"], container=mount, **spec)


def write(kubectl: Kubectl, name: str, text: str) -> None:
    kubectl("exec", name, "--", "sh", "-c", f"echo {text} > /data/file")


def read(kubectl: Kubectl, name: str) -> str:
    return kubectl("exec", name, "--", "cat", "/data/file").strip()


def test_default_class_keeps_data_when_the_pod_is_replaced(kubectl: Kubectl) -> None:
    kubectl.apply(claim("default", "ReadWriteOnce", None), user_of("default", "first"))
    kubectl.ready("first")
    write(kubectl, "first", "kept")
    kubectl("delete", "pod", "first")
    kubectl.apply(user_of("default", "second"))
    kubectl.ready("second")
    assert read(kubectl, "second") == "kept"
    assert kubectl.get("pvc", "default")["spec"]["storageClassName"] == "standard"


def test_volume_of_the_default_class_belongs_to_one_node(kubectl: Kubectl) -> None:
    kubectl.apply(claim("bound", "ReadWriteOnce", None), user_of("bound", "here", "node-1"))
    kubectl.ready("here")
    volume = kubectl.get("pv", kubectl.get("pvc", "bound")["spec"]["volumeName"])
    terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == ["node-1"]


def test_shared_class_serves_pods_on_two_nodes(kubectl: Kubectl) -> None:
    kubectl.apply(
        claim("many", "ReadWriteMany", "shared"),
        user_of("many", "writer", "node-1"),
        user_of("many", "reader", "node-2"),
    )
    kubectl.ready("writer")
    kubectl.ready("reader")
    write(kubectl, "writer", "seen")
    assert read(kubectl, "reader") == "seen"


@pytest.fixture
def own_class(kubectl: Kubectl) -> Any:
    name = f"{kubectl.namespace}-gp3-encrypted"
    kubectl.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": "rancher.io/local-path",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    )
    yield name
    kubectl("delete", "storageclass", name)


def test_class_of_any_name_is_served(kubectl: Kubectl, own_class: str) -> None:
    kubectl.apply(claim("own", "ReadWriteOnce", own_class), user_of("own", "owner"))
    kubectl.ready("owner")
    write(kubectl, "owner", "there")
    assert read(kubectl, "owner") == "there"
    kubectl("delete", "pod", "owner")
    kubectl("delete", "pvc", "own")


def test_deleted_claim_takes_its_volume_along(kubectl: Kubectl) -> None:
    kubectl.apply(claim("gone", "ReadWriteOnce", None), user_of("gone", "last"))
    kubectl.ready("last")
    volume = kubectl.get("pvc", "gone")["spec"]["volumeName"]
    kubectl("delete", "pod", "last")
    kubectl("delete", "pvc", "gone")
    kubectl("wait", f"pv/{volume}", "--for=delete", f"--timeout={LIMIT}")
