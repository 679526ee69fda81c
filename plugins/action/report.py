# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the verdicts of several checks together, on the screen and on disk."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._files.atomic import safe_name
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import PASSED
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.files import write_report
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.model import Report, report_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.text import render_text
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._in_process import InProcess

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "checks": {"type": "dict", "required": True},
    "name": {"type": "str", "default": "maestro"},
    "namespace": {"type": "str", "default": "maestro-system"},
    "cluster": {"type": "str", "required": True},
    "dir": {"type": "path", "default": ""},
    "secret_values": {"type": "dict", "default": {}, "no_log": True},
    "show": {"type": "bool", "default": True},
}


class ActionModule(InProcess):
    ARGUMENTS = ARGUMENTS
    ON_CONTROLLER = True
    CONTRIBUTED = ("secret_values",)

    def body(self, call: Call) -> Ending:
        params = call.params
        about = {
            "release": params["name"],
            "namespace": params["namespace"],
            "host": params["cluster"],
            "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
        report = report_of(about, params["checks"], params["secret_values"])
        files, problem = ([], "") if call.check else _written(report, params["dir"])
        values = {
            "verdict": report.verdict,
            "msg": f"{report.sentence()} {problem}".rstrip(),
            "checks": {check.name: check.verdict for check in report.checks},
            "files": files,
        }
        lines = [*render_text(report), *(("", f"Report: {files[-1]}") if files else ())]
        return Ending(values, failed=bool(problem) or report.verdict != PASSED, lines=lines if params["show"] else [])


def _written(report: Report, folder: str) -> tuple[list[str], str]:
    """The files, or why they could not be written."""
    if not folder:
        return [], ""
    try:
        return write_report(report, pathlib.Path(folder).absolute() / safe_name(report.host)), ""
    except OSError as error:
        return [], f"The report could not be written: {error}."
