# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What a registry is filled with and how it is configured."""

from __future__ import annotations

import json
from pathlib import Path

from maestro_lab.image_store import link_tree
from maestro_lab.registry_server import Served, configuration


def tree(top: Path, **files: str) -> Path:
    for name, content in files.items():
        path = top / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return top


def test_trees_are_united_by_links(tmp_path: Path) -> None:
    one = tree(tmp_path / "one", blobs__a="a", repositories__x__tag="a")
    two = tree(tmp_path / "two", blobs__a="a", blobs__b="b")
    target = tmp_path / "target"
    link_tree(one, target)
    link_tree(two, target)
    files = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert files == {"blobs/a": "a", "blobs/b": "b", "repositories/x/tag": "a"}
    assert (target / "blobs/a").samefile(one / "blobs/a")


def test_removing_the_target_leaves_the_source(tmp_path: Path) -> None:
    one = tree(tmp_path / "one", blob="a")
    link_tree(one, tmp_path / "target")
    (tmp_path / "target" / "blob").unlink()
    assert (one / "blob").read_text() == "a"


def test_registry_is_told_where_to_listen_what_is_private_and_who_may() -> None:
    told = json.loads(configuration(Served("10.88.0.1:5000", "robot", "secret"), Path("/storage")))
    assert told["http"] == {"addr": "10.88.0.1:5000"}
    assert told["storage"]["filesystem"] == {"rootdirectory": "/storage"}
    assert told["auth"] == {
        "private": {"realm": "ghcr.io", "user": "robot", "password": "secret", "repositories": ["brianlong/"]}
    }
