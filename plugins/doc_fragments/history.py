# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which records of a history are believed."""

from __future__ import annotations


class ModuleDocFragment:
    """The key of the history, and its adoption."""

    DOCUMENTATION = r"""
options:
  history_key:
    description:
      - The key that signs the records of the history, at least 32 characters, from a vault or a credential of AWX.
      - With it, only records that it has signed are believed; without it, all whose digest holds.
    type: str
    default: ""
  history_adopt:
    description:
      - Believe the history as it is found, whoever made it. A release takes it over, and signs it with O(history_key).
      - For one run, after an upgrade from records in ConfigMaps, and when O(history_key) is new, another or lost.
    type: bool
    default: false
"""
