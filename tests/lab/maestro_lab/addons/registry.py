# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The image registry on the lab's bridge: the nodes' mirror of every public registry.

It holds the lab's images from the start. What lies below `brianlong/` is private; pushing needs the credential as well.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from pathlib import Path

from ..component import Component, ensure
from ..images import unpack
from ..names import Lab
from ..step import Facts, Step
from .catalogue import IMAGES
from .push import Registry
from .serving import Served, command, configuration
from .store import link_tree, stores

USER = "maestro-lab"


def _up(lab: Lab) -> Facts:
    folder = lab.state / "registry"
    for store in prepare():
        link_tree(store, folder / "storage")
    configured = folder / "registry.json"
    if not configured.is_file():
        served = Served(lab.registry, USER, secrets.token_urlsafe(24))
        configured.touch(mode=0o600)
        configured.write_text(configuration(served, folder / "storage"))
    ensure(lab, Component("registry", tuple(command(configured)), ready=f"http://{lab.registry}/"))
    served = credential(lab)
    return {"registry": {"host": served.address, "user": served.user, "password": served.password}}


def prepare() -> list[Path]:
    """The stores of the lab's images, made where the cache has not got them."""
    return stores([image() for image in IMAGES])


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


STEP = Step(
    name="registry",
    title="Image registry answers",
    up=_up,
    depends=("network",),
)
