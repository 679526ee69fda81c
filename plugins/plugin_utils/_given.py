# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task was really given: null and empty texts are nothing, and names that nobody reads are mistakes. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import unknown_names
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.plain_text import is_unset
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.shared import SHARED

Values = dict[str, t.Any]


def given(arguments: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Mapping[str, t.Any]]) -> Values:
    """The arguments without those of which a survey or an inventory says null or nothing: they have their defaults."""
    return {name: value for name, value in arguments.items() if not _is_nothing(value, spec.get(name, {}))}


def _is_nothing(value: t.Any, option: t.Mapping[str, t.Any]) -> bool:
    return is_unset(value, option) or (value == "" and bool(option.get("default")))


def misspelt(variables: t.Iterable[str]) -> str:
    """What is wrong with the names of the shared variables, for a play without roles; empty when nothing is."""
    problems = unknown_names.problems(unknown_names.OURS, variables, SHARED)
    lines = "\n".join(f"- {problem}" for problem in problems)
    return f"The variables cannot be used; nothing was changed:\n{lines}" if problems else ""
