# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which every module knows a release."""

from __future__ import annotations


class ModuleDocFragment:
    """Name and namespace."""

    DOCUMENTATION = r"""
options:
  name:
    description: Name of the release.
    type: str
    default: maestro
  namespace:
    description: Namespace that holds the release and its history.
    type: str
    default: maestro-system
"""
