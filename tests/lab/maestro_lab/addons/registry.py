# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The image registry on the lab's bridge: the nodes' mirror of every public registry.

It holds the lab's images from the start. What lies below `brianlong/` is private; pushing needs the credential as well.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..addon import Addon
from ..build import GoPrograms
from ..component import Component, ensure
from ..failure import LabError
from ..images import Image, binary, directory, symlink, text, unpack
from ..names import Lab
from ..packed import PASSWD, Packed
from ..registry_client import Registry
from ..registry_server import PROGRAMS, Served, command, configuration
from ..step import Facts, Step

USER = "maestro-lab"
BUSYBOX = Path("/bin/busybox")
PAUSE = GoPrograms("pause", ("./go/pause",))


@dataclass(frozen=True)
class Busybox:
    """Debian's static busybox under all its names: a shell and small tools for helper pods and tests."""

    reference: str = "docker.io/library/busybox:1.35"

    def image(self) -> Image:
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
        return Image(self.reference, entries, (), ("/bin/sh",), environment={"PATH": "/bin"})


def _up(lab: Lab) -> Facts:
    folder = lab.state / "registry"
    (folder / "storage").mkdir(parents=True, exist_ok=True)
    configured = folder / "registry.json"
    if not configured.is_file():
        served = Served(lab.registry, USER, secrets.token_urlsafe(24))
        configured.touch(mode=0o600)
        configured.write_text(configuration(served, folder / "storage"))
    ensure(lab, Component("registry", tuple(command(configured)), ready=f"http://{lab.registry}/"))
    served = credential(lab)
    return {"registry": {"host": served.address, "user": served.user, "password": served.password}}


def credential(lab: Lab) -> Served:
    """Where the lab's registry answers and who may push, from its configuration."""
    configured = json.loads((lab.state / "registry" / "registry.json").read_text())
    private = configured["auth"]["private"]
    return Served(configured["http"]["addr"], private["user"], private["password"])


def load(lab: Lab, archive: Path, reference: str) -> str:
    """Push an image archive (docker or OCI) to the lab's registry. Returns the reference by digest.

    The registry mirrors all others, so `reference` is the image's full public name, such as ghcr.io/brianlong/x:1.
    """
    with tempfile.TemporaryDirectory(prefix="load-") as scratch, Registry(*credential(lab)) as registry:
        digest = registry.push(unpack(archive, Path(scratch) / "image"), reference)
    return f"{reference.rpartition(':')[0]}@{digest}"


ADDON = Addon(
    name="registry",
    title="Image registry answers (distribution)",
    programs=(PROGRAMS, PAUSE),
    images={"busybox": Busybox(), "pause": Packed(PAUSE, "pause", "registry.k8s.io/pause:3.10", user=65535)},
    steps=(Step("registry", "Image registry answers", _up, depends=("network", "images")),),
    components=("registry",),
)
