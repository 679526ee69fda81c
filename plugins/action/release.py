# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module `release` in the controller's process."""

from __future__ import annotations

import os
import typing as t

import ansible.release

from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.modules import release
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._collection import version
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._in_process import InProcess
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._origin import commit_of, origin_of

Values = dict[str, t.Any]
INTERRUPTED = (
    "Interrupted. Run the same play again: it finishes what was begun, and nothing has to be unlocked or removed "
    "first; the play rollback undoes a deploy instead."
)


class ActionModule(InProcess):
    ARGUMENTS = release.ARGUMENTS
    RULES = release.RULES
    CONTRIBUTED = ("components", "secret_values")
    OPAQUE = ("saved_plan",)
    WHEN_STOPPED = INTERRUPTED
    _variables: Values = {}

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        self._variables = task_vars or {}
        return super().run(tmp, task_vars)

    def body(self, call: Call) -> Ending:
        call.params["origin"] = {**self._origin(), **call.params["origin"]}
        return release.carry_out(call)

    def _origin(self) -> Values:
        """Where the play runs: the job, the versions and the inventory that it works with."""
        folder = str(self._variables.get("inventory_dir") or "")
        found = {
            **origin_of(self._variables, os.environ),
            "collection": version(),
            "ansible": ansible.release.__version__,
            "inventory_commit": commit_of(folder),
        }
        return {name: value for name, value in found.items() if value}
