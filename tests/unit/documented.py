# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's documentation says, with what it shares with others by fragments."""

from __future__ import annotations

import importlib
import typing as t

import yaml

PREFIX = "intelgraph.maestro."
APART = "intelgraph.maestro.connection"
"""Left out: the options of the connection have tests of their own."""


def documented(documentation: str) -> dict[str, t.Any]:
    """A module's documentation with the options and attributes of the collection's own fragments."""
    own: dict[str, t.Any] = yaml.safe_load(documentation)
    for name in own.get("extends_documentation_fragment", ()):
        if name.startswith(PREFIX) and name != APART:
            for section, entries in _fragment(name.removeprefix(PREFIX)).items():
                own[section] = {**entries, **own.get(section, {})}
    return own


def _fragment(name: str) -> dict[str, t.Any]:
    file, _dot, section = name.partition(".")
    module = importlib.import_module(f"ansible_collections.intelgraph.maestro.plugins.doc_fragments.{file}")
    text = getattr(module.ModuleDocFragment, section.upper() or "DOCUMENTATION")
    return t.cast("dict[str, t.Any]", yaml.safe_load(text))
