# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a report on disk: JSON, JUnit and HTML, each whole or not at all."""

from __future__ import annotations

import json
import pathlib

from .._files import atomic
from .junit import render_junit
from .model import Report
from .page import render_html

JSON, JUNIT, HTML = "report.json", "report.xml", "report.html"


def rendered(report: Report) -> dict[str, str]:
    """The text of each file, by its name."""
    return {
        JSON: json.dumps(report.as_dict(), indent=2, sort_keys=True, ensure_ascii=False) + "\n",
        JUNIT: render_junit(report),
        HTML: render_html(report),
    }


def write_report(report: Report, folder: str | pathlib.Path) -> list[str]:
    """Write the files and return their paths. Raises OSError when the folder cannot be made or written."""
    place = pathlib.Path(folder)
    return [str(atomic.write(place / name, text)) for name, text in rendered(report).items()]
