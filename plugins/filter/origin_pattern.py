# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes an origin with wildcards as the regular expression that a proxy understands."""

from __future__ import annotations

import re
import typing as t

DOCUMENTATION = """
name: origin_pattern
short_description: Regular expression of a CORS origin with wildcards
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Anchored at both ends; everything but C(*) stands for itself.
  - A C(*) stands for exactly one label of a host name, as NGINX does it.
options:
  _input:
    description: The origin, for example C(https://*.intelgraph.ai).
    type: str
    required: true
"""

EXAMPLES = """
- name: Show the pattern of an origin
  ansible.builtin.debug:
    msg: "{{ 'https://*.intelgraph.ai' | intelgraph.maestro.origin_pattern }}"
"""

RETURN = """
_value:
  description: The regular expression, in the syntax that Go, PCRE and Python share.
  type: str
"""

LABEL = "[A-Za-z0-9-]+"


def origin_pattern(origin: str) -> str:
    """The anchored pattern; `https://*.a.b` gives `^https://[A-Za-z0-9-]+\\.a\\.b$`."""
    return "^" + LABEL.join(_literal(part) for part in origin.split("*")) + "$"


def _literal(text: str) -> str:
    """Escapes what regular expressions give a meaning, and nothing more: Go refuses to escape other characters."""
    return re.sub(r"([.+?^$()\[\]{}|\\])", r"\\\1", text)


class FilterModule:
    """Tells Ansible the names of the filters."""

    def filters(self) -> dict[str, t.Callable[[str], str]]:
        return {"origin_pattern": origin_pattern}
