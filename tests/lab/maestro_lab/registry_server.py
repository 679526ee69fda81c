# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""How the registry's program is configured and started."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .build import GoPrograms, build
from .failure import LabError

PROGRAMS = GoPrograms("registry", ("./go/registry",))
PRIVATE = "brianlong/"
"""Repositories below this need the credential, as the product's own repository does."""

START_LIMIT = 10.0  # seconds
LISTENING = re.compile(r"listening on ([0-9.]+:[0-9]+)")


class Served(NamedTuple):
    """Where a registry answers ("host:port") and the credential that may push to it and pull what is private."""

    address: str
    user: str
    password: str


def program() -> Path:
    return build(PROGRAMS) / "registry"


def configuration(served: Served, storage: Path) -> str:
    """The registry's configuration file; JSON is YAML too."""
    private = {"realm": "ghcr.io", "user": served.user, "password": served.password, "repositories": [PRIVATE]}
    return json.dumps(
        {
            "version": "0.1",
            "log": {"level": "info", "formatter": "json"},
            "storage": {
                "filesystem": {"rootdirectory": str(storage)},
                "cache": {"blobdescriptor": "inmemory"},
                "delete": {"enabled": True},
            },
            "http": {"addr": served.address},
            "auth": {"private": private},
        },
        indent=2,
    )


def command(configured: Path) -> list[str]:
    return [str(program()), "serve", str(configured)]


@contextmanager
def scratch_registry(folder: Path, storage: Path) -> Iterator[Served]:
    """A registry on a free loopback port for as long as the block runs; its files besides `storage` lie in `folder`."""
    wanted = Served("127.0.0.1:0", "lab", secrets.token_urlsafe())
    configured, log = folder / "registry.json", folder / "registry.log"
    configured.write_text(configuration(wanted, storage))
    with log.open("w") as output:
        process = subprocess.Popen(command(configured), stdout=output, stderr=output)
    try:
        yield wanted._replace(address=_listening(process, log))
    finally:
        process.terminate()
        process.wait()


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        if found := LISTENING.search(log.read_text()):
            return found.group(1)
        time.sleep(0.02)
    raise LabError(f"The registry that images are prepared with does not start. It says: {log.read_text()[-2000:]}")
