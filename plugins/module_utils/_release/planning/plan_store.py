# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where approved plans are kept: a file that only its owner may read, or a word in a variable."""

from __future__ import annotations

import json

from ..._files import atomic
from .plan_file import PlanUnreadable, SavedPlan, decode

MOST = 32 * 1024 * 1024
"""Characters of a file that are read; a plan of hundreds of objects has a few million."""


def save(saved: SavedPlan, path: str) -> None:
    """Write the plan, readable for its owner only; a former file is replaced at once. Raises PlanUnwritable."""
    try:
        atomic.write(path, json.dumps(saved, indent=1))
    except OSError as error:
        raise PlanUnwritable(f"The plan cannot be written to {path}: {error.strerror or error}.") from error


def load(path: str, word: str) -> SavedPlan | None:
    """The plan of a file, or the one that a variable holds, or None when neither is given. Raises PlanUnreadable."""
    if word:
        return decode(word)
    if not path:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return decode(file.read(MOST))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanUnreadable(f"The plan cannot be read from {path}: {error}.") from error


class PlanUnwritable(PlanUnreadable):
    """The file of a plan cannot be written."""

    own_next_step = "Nothing was changed. Give another path for the plan, in a folder that can be written."
