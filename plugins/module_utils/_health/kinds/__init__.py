# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind says of itself: ready, waited for, failed or unknown. Pure; a file for each family of kinds."""

from __future__ import annotations
