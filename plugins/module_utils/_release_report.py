# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells people of a release that failed: a page, JUnit and JSON in a folder beside its evidence."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t

from ._cluster.client import Cluster
from ._report.files import write_report
from ._report.model import report_of

Values = dict[str, t.Any]
FILES = "report_files"
"""Key of a release's result: the paths of what was written."""


def with_pages(cluster: Cluster, params: t.Mapping[str, t.Any], result: Values) -> Values:
    """The result of the module release, which holds no secret value, with FILES.

    Those are written where evidence was kept. What cannot be written is a warning: it hides neither the verdict nor
    the evidence.
    """
    files = _written(cluster, params, result) if result["report"] else []
    page = f"\nReport: {files[-1]}" if files else ""
    return {**result, FILES: files, "msg": f"{result['msg']}{page}"}


def _written(cluster: Cluster, params: t.Mapping[str, t.Any], result: Values) -> list[str]:
    about = {
        "release": params["name"],
        "namespace": params["namespace"],
        "host": cluster.host.partition("://")[2] or cluster.host,
        "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    report = report_of(about, _results(result), params["secret_values"])
    try:
        return write_report(report, pathlib.Path(result["report"]).with_suffix(""))
    except OSError as error:
        cluster.warnings.append(f"The page about release {result['number']} could not be written: {error}")
        return []


def _results(result: Values) -> dict[str, Values]:
    """The release and, when one followed, its rollback, which has a number of its own; the page is about the former."""
    if not result["restored"]:
        return {"release": result}
    return {"release": result, "rollback": {key: value for key, value in result["restored"].items() if key != "number"}}
