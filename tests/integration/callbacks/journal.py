# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task's result as a line of JSON to the file named by MAESTRO_JOURNAL, for the tests to read."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: journal
type: aggregate
short_description: Task results as lines of JSON
description: Writes each task's result as a line of JSON to the file named by MAESTRO_JOURNAL.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "journal"

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()

    def v2_playbook_on_task_start(self, *_positional, **_named):
        self._started = time.monotonic()

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_runner_on_failed(self, result, **_):
        self._write("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)

    def _write(self, state, result):
        entry = {
            "task": result.task.get_name(),
            "action": result.task.action,
            "host": result.host.get_name(),
            "state": state,
            "seconds": round(time.monotonic() - self._started, 3),
            "result": result.result,
        }
        with open(os.environ["MAESTRO_JOURNAL"], "a", encoding="utf-8") as journal:
            journal.write(json.dumps(entry, default=str) + "\n")
