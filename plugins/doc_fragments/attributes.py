# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what modules have in common beside their options."""

from __future__ import annotations


class ModuleDocFragment:
    """The action group of all that talk to a cluster; C(attributes.reading) for those that only read it."""

    DOCUMENTATION = r"""
attributes:
  action_group:
    description: Is in the action group C(intelgraph.maestro.cluster).
    support: full
    membership:
      - intelgraph.maestro.cluster
"""

    READING = r"""
attributes:
  check_mode:
    description: Reads only, so it does the same.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
"""
