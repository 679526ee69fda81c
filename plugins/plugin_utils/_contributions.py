# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How components get from the roles to the release: in the variables that the `component` tasks register. Pure.

Not as facts: those outlive the play in a fact cache (AWX and ansible-runner keep one), with every secret value in
clear, and would bring a role's objects into a release that has this role no more.
"""

from __future__ import annotations

import re
import typing as t

Values = t.Mapping[str, t.Any]
VARIABLE = re.compile(r"__[a-z0-9_]+_component")
MANIFESTS, SECRET_VALUES = "manifests", "secret_values"
"""Keys of what a `component` task returns."""


def variable_of(role: str) -> str:
    """The variable that a role registers its component in."""
    return f"__{role}_component"


def is_registered(variable: str, register: t.Any) -> bool:
    """Whether a task's `register` (a name, or in newer versions of Ansible an expression for each name) names it."""
    return variable == register if isinstance(register, str) else variable in (register or ())


def contributed(variables: Values) -> dict[str, t.Any]:
    """`components` and `secret_values` for a release, from a host's variables, in the order of the roles.

    Empty when no role has contributed; one that was skipped counts for nothing.
    """
    found = {
        name.removeprefix("__").removesuffix("_component"): value
        for name, value in variables.items()
        if VARIABLE.fullmatch(name) and isinstance(value, t.Mapping) and MANIFESTS in value
    }
    if not found:
        return {}
    secrets = {name: text for each in found.values() for name, text in (each.get(SECRET_VALUES) or {}).items()}
    return {"components": {role: each[MANIFESTS] for role, each in found.items()}, "secret_values": secrets}
