# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes quantity in MiB."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import quantity

DOCUMENTATION = r"""
name: mebibytes
short_description: A Kubernetes quantity in whole MiB
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Turns a quantity of memory or storage into whole mebibytes, rounded down.
options:
  _input:
    description: The quantity, for example C(4Gi) or C(512Mi).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show how many MiB 4Gi are
  ansible.builtin.debug:
    msg: "{{ '4Gi' | intelgraph.maestro.mebibytes }}"  # 4096
"""

RETURN = r"""
_value:
  description: Whole mebibytes.
  type: int
"""


def mebibytes(text: str) -> int:
    try:
        return quantity.mebibytes(text)
    except ValueError as error:
        raise AnsibleFilterError(f"mebibytes: {error}") from error


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mebibytes": mebibytes}
