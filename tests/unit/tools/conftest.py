# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The scripts of tools/ import each other by name, as they do when Python starts one of them."""

from __future__ import annotations

import pathlib
import sys

TOOLS = str(pathlib.Path(__file__).resolve().parents[3] / "tools")
if TOOLS not in sys.path:
    sys.path.append(TOOLS)
