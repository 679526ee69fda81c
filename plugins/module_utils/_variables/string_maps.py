# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dictionaries that Kubernetes takes only with strings in them: labels, annotations, environment."""

from __future__ import annotations

import typing as t


def not_strings(name: str, mapping: t.Mapping[t.Any, t.Any]) -> t.Iterator[str]:
    """A sentence for each value of the variable `name` that is no string, as `true` or 1 without quotes."""
    for key, value in mapping.items():
        if not isinstance(value, str):
            yield f"{name}.{key} must be a string, but a {type(value).__name__} was given. Put the value in quotes."
