# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module in the controller's process: for modules that talk to an API and to nothing else.

It spares packing the module, starting an interpreter and importing the Kubernetes client for each task (together
0.6 s), and secret values never leave the process. With another connection than a local one the module goes its
ordinary way.
"""

from __future__ import annotations

import functools
import os
import typing as t

from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import parent_process
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.progress import silent
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import (
    Arguments,
    Call,
    Ending,
    confidential,
    perform,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import is_telling
from ansible_collections.intelgraph.maestro.plugins.module_utils._text.printable import one_line
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._contributions import contributed
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._given import given, misspelt

Values = dict[str, t.Any]


class InProcess(ActionBase):
    """Base of an action plugin; a subclass names the module's arguments, the rules between them, and its body."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    ARGUMENTS: Arguments
    RULES: Values = {}
    CONTRIBUTED: tuple[str, ...] = ()
    """Arguments that default to what the roles of the play have contributed."""
    OPAQUE: tuple[str, ...] = ()
    """Results of digests and digits, to be given back as they are: a value that they seem to hold is none."""
    WHEN_STOPPED = ""
    """What to do after a run that was interrupted, as far as there is something to do."""
    ON_CONTROLLER = False
    """Whether this is about the controller, so that it runs there with any connection."""

    def body(self, call: Call) -> Ending:
        """What the module does."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        self._task.args = given({**self._contributions(task_vars or {}), **self._task.args}, self.ARGUMENTS)
        if problem := misspelt(task_vars or ()):
            return {**result, "failed": True, "msg": problem}
        if not self.ON_CONTROLLER and self._connection.transport not in ("local", "ansible.builtin.local"):
            return {**result, **self._execute_module(task_vars=task_vars)}
        checked = ModuleArgumentSpecValidator(self.ARGUMENTS, **self.RULES).validate(self._task.args)
        if checked.error_messages:
            return {**result, "failed": True, "msg": "; ".join(checked.error_messages)}
        self._take_environment()
        params, is_check = checked.validated_parameters, bool(self._task.check_mode)
        host = (task_vars or {}).get("inventory_hostname", "")
        hidden = _hidden(params, checked._no_log_values)
        tell = functools.partial(self._tell, host, hidden)
        is_told = params.get("progress", False) and not is_check
        call = Call(params, is_check, bool(self._task.diff), tell if is_told else silent)
        ending = self._performed(call, host)
        opaque = {name: value for name, value in ending.values.items() if name in self.OPAQUE}
        displayed = {**remove_values(ending.values, hidden), **opaque}
        self._show(remove_values(ending.lines, hidden), host)
        warnings = remove_values(ending.warnings, hidden)
        return {"changed": False, **result, **displayed, "failed": ending.failed, "warnings": warnings}

    def _performed(self, call: Call, host: str) -> Ending:
        """Do the work as long as somebody waits for it. A process that was left alone, or told to stop, ends here."""
        try:
            with parent_process.watched():
                ending = perform(self.body, call)
                parent_process.require()
                return ending
        except parent_process.Stopped:
            if self.WHEN_STOPPED and not call.check and parent_process.has_parent():
                self._display.display(f"[{host}] {self.WHEN_STOPPED}")
            parent_process.end()

    def _contributions(self, variables: Values) -> Values:
        """Given components stand for themselves: other roles' values do not belong to them."""
        if "components" in self._task.args:
            return {}
        return {name: value for name, value in contributed(variables).items() if name in self.CONTRIBUTED}

    def _tell(self, host: str, secrets: t.Collection[str], line: str) -> None:
        """Print a line about the host at once, while the task runs on; what it quotes is shown, never acted on.

        Raises Stopped when nobody is there to read it.
        """
        parent_process.require()
        self._display.display(f"  [{host}] {one_line(remove_values(line, secrets))}")

    def _show(self, lines: list[str], host: str) -> None:
        """Print a text, whose first line names the host that it is about."""
        if lines:
            self._display.display("\n".join([f"[{host}] {lines[0]}", *lines[1:]]))

    def _take_environment(self) -> None:
        """The task's `environment` holds for this process, which is the task's own fork."""
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        os.environ.update(environment)


def _hidden(params: Values, no_log: t.Collection[str]) -> set[str]:
    """The values that are taken out of results: not those which any text may hold, nor the name of the release."""
    public = (params.get("name"), params.get("namespace"))
    return {value for value in {*no_log, *confidential(params)} if is_telling(value) and value not in public}
