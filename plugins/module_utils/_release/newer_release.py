# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses to overwrite what another run released after this one had begun: whoever asked for it did not know of it."""

from __future__ import annotations

import datetime as dt
import time
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._findings import registry
from .record.history import INTERRUPTED, PENDING, Record
from .session import PLAY, ReleaseOptions

UNENDED = (PENDING, INTERRUPTED)


class NewerRelease(ClusterError):
    """Another run has made a release since this one began; `str()` says who, when and why."""

    finding_type = registry.NEWER_RELEASE


def require_none(
    cluster: Cluster, options: ReleaseOptions, planned: t.Sequence[Record], found: t.Sequence[Record]
) -> None:
    """Compare the history that the plan was made on with the one `found` under the lock.

    Raises NewerRelease for what another run has released meanwhile. With `replan` that is a warning, and so is left to
    an approved plan, which says by itself that it does not hold any more.
    """
    newer = [
        record
        for record in found
        if record.number != options.rollback_to
        and (_is_newer(record, planned) or _is_of_another_play(record, options, _begun(cluster, options)))
    ]
    if not newer or options.approve is not None:
        return
    said = "; ".join(map(_sentence, newer))
    if not options.replan:
        raise NewerRelease(f"Another run was faster: {said}. This run had begun before and would have overwritten it")
    cluster.warnings.append(f"{said}. This run had begun before, and planned again on top of it (maestro_replan).")


def is_restored_meanwhile(cluster: Cluster, options: ReleaseOptions, record: Record) -> bool:
    """Whether this release was brought back by another run since this one began."""
    return _is_of_another_play(record, options, _begun(cluster, options))


def _is_newer(record: Record, planned: t.Sequence[Record]) -> bool:
    """Whether it was begun after the plan was made, or ended by its own run since."""
    before = {each.number: each.state for each in planned}
    if record.number not in before:
        return True
    return before[record.number] == PENDING and record.state not in UNENDED


def _is_of_another_play(record: Record, options: ReleaseOptions, begun: float) -> bool:
    """Whether it was begun after this play, and not by it."""
    if not begun or record.about.get(PLAY) == options.about.get(PLAY):
        return False
    return _seconds(record.about.get("begun")) > begun


def _begun(cluster: Cluster, options: ReleaseOptions) -> float:
    """When this play began by the server's clock, 0 where that is not known.

    Where the clocks differ, the server's is known to the second.
    """
    if not options.play_begun:
        return 0.0
    clock = cluster.clock
    return clock.now() - (time.monotonic() - options.play_begun) + (1.0 if clock.ahead else 0.0)


def _seconds(stamp: object) -> float:
    try:
        return dt.datetime.fromisoformat(str(stamp)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _sentence(record: Record) -> str:
    who, reason = record.about.get("by", "somebody"), record.about.get("reason")
    why = f" ({reason})" if reason else ""
    return (
        f"release {record.number} was begun by {who}{why} at {record.about.get('begun', 'some time')}: {record.state}"
    )
