# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects a label selector is about, as the API server judges it. Pure."""

from __future__ import annotations

import typing as t


def selects(selector: t.Mapping[str, t.Any] | None, labels: t.Mapping[str, str]) -> bool:
    """Whether a label selector matches; an empty one matches everything, a missing one nothing."""
    if selector is None:
        return False
    equal = all(labels.get(name) == value for name, value in (selector.get("matchLabels") or {}).items())
    return equal and all(_satisfies(each, labels) for each in selector.get("matchExpressions") or ())


def _satisfies(expression: t.Mapping[str, t.Any], labels: t.Mapping[str, str]) -> bool:
    name, values = expression["key"], expression.get("values") or ()
    tests = {
        "In": labels.get(name) in values,
        "NotIn": labels.get(name) not in values,
        "Exists": name in labels,
        "DoesNotExist": name not in labels,
    }
    return tests.get(expression["operator"], False)
