# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a role as its rules see them: the shared defaults, the role's own, and those of a test."""

from __future__ import annotations

import functools
import typing as t

import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import shared
from tests.unit.rendering import ROLES


@functools.cache
def _text(role: str) -> str:
    return (ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8")


def of_role(role: str, **variables: t.Any) -> dict[str, t.Any]:
    return {**shared.defaults(), **yaml.safe_load(_text(role)), **variables}
