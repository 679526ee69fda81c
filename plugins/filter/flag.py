# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boolean variable that may have arrived as a text or as nothing."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.plain_text import settled

DOCUMENTATION = r"""
name: flag
short_description: A boolean variable that may have arrived as a text or as nothing
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Turns C(true), C(yes), C(on), C(false), C(no) and C(off), in any case, into a boolean.
  - Null and an empty text, as surveys send them, mean the default.
positional: default
options:
  _input:
    description: The value of the variable.
    type: raw
    required: true
  default:
    description: What nothing means.
    type: bool
    required: true
"""

EXAMPLES = r"""
- name: Show that a survey's text is no truth by itself
  ansible.builtin.debug:
    msg: "{{ 'false' | intelgraph.maestro.flag(true) }}"  # false
"""

RETURN = r"""
_value:
  description: The boolean.
  type: bool
"""


def flag(value: t.Any, default: bool) -> bool:
    found = settled({"value": value}, {"value": {"type": "bool", "default": default}})["value"]
    if not isinstance(found, bool):
        raise AnsibleFilterError(f"flag: {value!r} is neither true nor false")
    return found


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"flag": flag}
