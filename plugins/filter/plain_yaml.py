# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings as YAML that every parser reads alike."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.plugin_utils._plain_yaml import dump

DOCUMENTATION = r"""
name: plain_yaml
short_description: Settings as YAML that every parser reads alike
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Writes data as YAML with every string in quotes that some version of YAML would read as something else.
  - YAML 1.1 (Python, Ruby) and YAML 1.2 (Node.js, Go) disagree about C(1e3), C(0o17), C(0839), C(on), C(2026-11-30).
options:
  _input:
    description: The data.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show a number and a string that looks like one
  ansible.builtin.debug:
    msg: "{{ {'a': 1000, 'b': '1e3'} | intelgraph.maestro.plain_yaml }}"
"""

RETURN = r"""
_value:
  description: The YAML document.
  type: str
"""


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"plain_yaml": dump}
