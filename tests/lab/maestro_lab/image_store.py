# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Registry storage made ready once for each image, so that a new lab's registry is filled by linking files.

A store is what a registry has on disk after one image was pushed. Stores lie in the cache by what the image is made of;
a lab's registry gets the union of them.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .images import Image, build
from .locks import cache_lock, held
from .names import cache_directory
from .registry_client import Registry
from .registry_server import scratch_registry

KEPT_STORES = 60
SCRATCH = ".new-"


def stores(images: Sequence[Image]) -> list[Path]:
    """A store for each image; those not in the cache are made with a registry of their own."""
    home = cache_directory() / "stores"
    home.mkdir(parents=True, exist_ok=True)
    wanted = [home / image.key() for image in images]
    with held(cache_lock("stores"), "another lab's start, which makes images"):
        for left in home.glob(f"{SCRATCH}*"):  # of a start that was killed
            shutil.rmtree(left, ignore_errors=True)
        for image, target in zip(images, wanted, strict=True):
            if not target.is_dir():
                _fill(target, image)
            os.utime(target)
        _forget_old(home, keep=set(wanted))
    return wanted


def _fill(target: Path, image: Image) -> None:
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=target.parent) as scratch:
        storage = Path(scratch) / "storage"
        storage.mkdir()
        layout = build(image, Path(scratch) / "images")
        with scratch_registry(Path(scratch), storage) as served, Registry(*served) as registry:
            registry.push(layout, image.reference)
        storage.rename(target)


def _forget_old(home: Path, keep: set[Path]) -> None:
    """Drop the stores not used for longest; a lab that runs keeps its own links."""
    others = sorted((path for path in home.iterdir() if path not in keep), key=lambda path: path.stat().st_mtime)
    for path in others[: max(0, len(others) + len(keep) - KEPT_STORES)]:
        shutil.rmtree(path, ignore_errors=True)


def link_tree(source: Path, target: Path) -> None:
    """Make `target` hold the files of `source` too, as hard links, or as copies on another file system."""
    for folder, _, files in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in files:
            _link(Path(folder) / name, place / name)


def _link(source: Path, target: Path) -> None:
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        shutil.copy2(source, target)
