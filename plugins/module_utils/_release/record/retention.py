# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the remembered releases a rollback goes back to, and which can be forgotten. Pure."""

from __future__ import annotations

import typing as t

from ..._findings.finding import PASSED
from ..objects.content_hash import named_by_content
from .history import Record

FIRST_AS = "first_released_as"
"""Where the record of a restored release says under which number it was made, however often it came back since."""


def before_current(records: t.Sequence[Record]) -> Record | None:
    """The last release that passed, that is another one than the current, and that came before what is current now.

    What is current after a restore is the restored release, so a second restore goes further back and not forth again.
    A restore that was interrupted or failed counts for nothing: the next one tries the same again.
    """
    finished = [record for record in records if record.state == PASSED or not record.about.get("rollback_to")]
    if not finished:
        return None
    current = finished[-1]
    bound = current.about.get(FIRST_AS) or current.about.get("rollback_to") or current.number
    passed = [record for record in finished if record.state == PASSED and record.number < bound]
    return next((record for record in reversed(passed) if record.manifests != current.manifests), None)


def forgettable(records: t.Sequence[Record]) -> Record | None:
    """The oldest record that nothing needs any more.

    Needed are the last release that passed, the one that a rollback goes back to from there, and whatever alone
    remembers an object that came after the last good release: the next good one has to find and prune it.
    """
    since = max((record.number for record in records if record.state == PASSED), default=0)
    before = before_current([record for record in records if record.number <= since])
    needed = {since, before.number if before else 0}
    return next(
        (
            record
            for record in records
            if record.number not in needed and (record.number < since or not _remembers_alone(record, records))
        ),
        None,
    )


def _remembers_alone(record: Record, records: t.Iterable[Record]) -> bool:
    """Whether an object is in no other record; settings named by their content go with their record."""
    known = {key for other in records if other is not record for key in other.keys}
    return not record.keys - named_by_content(record.manifests) <= known
