# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module `health` in the controller's process."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.modules import health
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._in_process import InProcess


class ActionModule(InProcess):
    ARGUMENTS = health.ARGUMENTS

    def body(self, call: Call) -> Ending:
        return health.examine(call)
