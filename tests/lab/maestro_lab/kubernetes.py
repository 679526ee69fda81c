# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The programs of the control plane and of the nodes: what is built, and where it lies."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .build import GoPrograms, build
from .golang import LAB_MODULE, required_version

CONTAINERD = "github.com/containerd/containerd/v2"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")


def kubernetes_version() -> str:
    return required_version(LAB_MODULE, "k8s.io/kubernetes")


def kubernetes_programs() -> GoPrograms:
    """Kubernetes and etcd as one program of many names, and containerd with its shim and ctr."""
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    component = "k8s.io/component-base/version"
    return GoPrograms(
        name="kubernetes",
        packages=(
            "./go/kubernetes",
            *(f"{CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")),
        ),
        variables={
            f"{component}.gitVersion": version,
            f"{component}.gitMajor": major,
            f"{component}.gitMinor": minor,
            f"{CONTAINERD}/version.Version": required_version(LAB_MODULE, CONTAINERD),
        },
        aliases={"kubernetes": PROGRAMS},
    )


@cache
def programs() -> Path:
    """The directory with all of PROGRAMS and containerd's, built first when need be."""
    return build(kubernetes_programs())
