# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The cluster's parts as data: the Go modules that they are built from and the images that run them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..build import GO_MODULES, GoModule, build, required_version
from ..failure import LabError
from ..images import Image, binary, directory, symlink, text

PRIVATE = "brianlong/"
"""Repositories below this need the credential, as the product's own repository does."""

CONTROL_PLANE = "ghcr.io/brianlong/intelgraph/maestro-control-plane"
CONTROL_PLANE_VERSIONS = ("2.0.0-prod", "2.1.0-prod")
CONTROL_PLANE_USER = 10001
BUSYBOX = Path("/bin/busybox")
BUSYBOX_REFERENCE = "docker.io/library/busybox:1.35"
PASSWD = "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"


def _module(name: str, package: str = ".", version: str = "", of: str = "", prefix: str = "v") -> GoModule:
    """The Go module tests/lab/go/NAME. `version` is the variable that is linked with the version of the module `of`."""
    folder = GO_MODULES / name
    variables = {version: prefix + required_version(folder, of).removeprefix("v")} if version else {}
    return GoModule(folder, (package,), variables)


REGISTRY = _module("registry")
PAUSE = _module("pause")
COREDNS = _module("coredns", "github.com/coredns/coredns")
METRICS_SERVER = _module(
    "metrics-server",
    "sigs.k8s.io/metrics-server/cmd/metrics-server",
    "k8s.io/component-base/version.gitVersion",
    "sigs.k8s.io/metrics-server",
)
STORAGE = _module(
    "storage", "github.com/rancher/local-path-provisioner", "main.VERSION", "github.com/rancher/local-path-provisioner"
)
TRAEFIK = _module(
    "traefik",
    "github.com/traefik/traefik/v3/cmd/traefik",
    "github.com/traefik/traefik/v3/pkg/version.Version",
    "github.com/traefik/traefik/v3",
    prefix="",
)
CERT_MANAGER = _module(
    "cert-manager",
    ".",
    "github.com/cert-manager/cert-manager/pkg/util.AppVersion",
    "github.com/cert-manager/cert-manager",
)
HELM = _module("helm", "helm.sh/helm/v4/cmd/helm", "helm.sh/helm/v4/internal/version.version", "helm.sh/helm/v4")


def _control_plane(version: str) -> GoModule:
    return GoModule(GO_MODULES.parent / "controlplane", variables={"main.version": version})


MODULES = (
    REGISTRY,
    PAUSE,
    COREDNS,
    METRICS_SERVER,
    STORAGE,
    *(_control_plane(version) for version in CONTROL_PLANE_VERSIONS),
    CERT_MANAGER,
    TRAEFIK,
)
"""Built with the lab, the quickest first."""

ON_DEMAND: Mapping[str, GoModule] = {"helm": HELM}
"""Built when asked for by name."""


@dataclass(frozen=True)
class Packed:
    """An image that holds one program of a module, and nothing else but a list of users."""

    module: GoModule
    program: str
    reference: str
    user: int = 65532
    labels: Mapping[str, str] = field(default_factory=dict)

    def image(self) -> Image:
        path = f"/{self.program}"
        entries = (
            binary(path, build(self.module) / self.program),
            directory("/tmp", 0o1777),
            text("/etc/passwd", f"{PASSWD}app:x:{self.user}:{self.user}:app:/:/sbin/nologin\n"),
        )
        return Image(self.reference, entries, (path,), user=f"{self.user}:{self.user}", labels=self.labels)


def _packed(module: GoModule, program: str, repository: str, of: str, user: int = 65532) -> Packed:
    return Packed(module, program, f"{repository}:{required_version(module.folder, of)}", user)


PACKED: Mapping[str, Packed] = {
    "pause": Packed(PAUSE, "pause", "registry.k8s.io/pause:3.10", user=65535),
    "coredns": _packed(COREDNS, "coredns", "registry.k8s.io/coredns/coredns", "github.com/coredns/coredns", user=0),
    "metrics_server": _packed(
        METRICS_SERVER, "metrics-server", "registry.k8s.io/metrics-server/metrics-server", "sigs.k8s.io/metrics-server"
    ),
    "storage": _packed(
        STORAGE,
        "local-path-provisioner",
        "docker.io/rancher/local-path-provisioner",
        "github.com/rancher/local-path-provisioner",
    ),
    "traefik": _packed(TRAEFIK, "traefik", "docker.io/library/traefik", "github.com/traefik/traefik/v3"),
    "cert_manager": _packed(
        CERT_MANAGER, "cert-manager", "quay.io/jetstack/cert-manager-controller", "github.com/cert-manager/cert-manager"
    ),
}


def _control_plane_packed(version: str) -> Packed:
    """The stand-in for the product's private image."""
    labels = {"org.opencontainers.image.version": version, "org.opencontainers.image.title": "maestro-control-plane"}
    reference = f"{CONTROL_PLANE}:{version}"
    return Packed(_control_plane(version), "controlplane", reference, CONTROL_PLANE_USER, labels)


def busybox() -> Image:
    """Debian's static busybox under all its names: a shell and small tools for helper pods and tests."""
    if not BUSYBOX.is_file():
        raise LabError(f"{BUSYBOX} is not there: apt-get install busybox-static")
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
    links = tuple(symlink(f"/bin/{name}", "busybox") for name in applets if name != "busybox")
    entries = (
        binary("/bin/busybox", BUSYBOX),
        *links,
        directory("/tmp", 0o1777),
        directory("/root", 0o700),
        text("/etc/passwd", PASSWD.replace("/sbin/nologin", "/bin/sh")),
        text("/etc/group", "root:x:0:\nnobody:x:65534:\n"),
    )
    return Image(BUSYBOX_REFERENCE, entries, (), ("/bin/sh",), environment={"PATH": "/bin"})


IMAGES: tuple[Callable[[], Image], ...] = (
    busybox,
    *(packed.image for packed in PACKED.values()),
    *(_control_plane_packed(version).image for version in CONTROL_PLANE_VERSIONS),
)
"""What the lab's registry holds; calling one builds its program first when need be."""


def references() -> dict[str, str]:
    """The references of the parts' images by the names that the manifests use."""
    return {"busybox": BUSYBOX_REFERENCE} | {name: packed.reference for name, packed in PACKED.items()}
