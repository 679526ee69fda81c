# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's version, from where an installed one and a checkout have it."""

from __future__ import annotations

import pathlib

from ansible_collections.intelgraph.maestro.plugins.plugin_utils._collection import version


def test_of_an_installed_collection(tmp_path: pathlib.Path) -> None:
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "1.2.3"}}', encoding="utf-8")
    assert version(tmp_path) == "1.2.3"


def test_of_a_checkout(tmp_path: pathlib.Path) -> None:
    (tmp_path / "galaxy.yml").write_text("name: maestro\nversion: 2.0.0\n", encoding="utf-8")
    assert version(tmp_path) == "2.0.0"


def test_of_neither(tmp_path: pathlib.Path) -> None:
    assert version(tmp_path) == ""
