# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which logs there are, and how the end of one is asked for. Pure."""

from __future__ import annotations

import typing as t

from .._health.facts import Live
from .scope import Bounds, LogName

LEAST = 4096
"""Bytes of a log's end that are kept however many logs there are."""
LINES = (4000, 500, 60, 1)
"""Lines to ask for: as many as fit. The API server cuts a long answer at its end, which is what matters."""
OVERSIZE = 4
"""So many times the bound may be read to get at the end."""


def log_names(pods: t.Iterable[Live]) -> list[LogName]:
    """The logs that exist, those of containers that are not ready or were restarted first."""
    found = [
        (_is_well(status), LogName(pod["metadata"]["name"], status["name"], previous))
        for pod in pods
        for status in _containers(pod)
        for previous in (False, True)
        if (_was_started_before(status) if previous else _was_started(status))
    ]
    return [name for _well, name in sorted(found)]


def share(bounds: Bounds, logs: int) -> int:
    """Bytes for each log: its own bound or, when there are many, its part of the bound for all."""
    return max(LEAST, min(bounds.log_bytes, bounds.logs_bytes // max(logs, 1)))


def reading(name: LogName, most: int) -> t.Iterator[dict[str, t.Any]]:
    """The queries to try, until an answer stays below its own `limitBytes`."""
    for lines in LINES:
        query = {"container": name.container, "timestamps": "true", "tailLines": lines, "limitBytes": OVERSIZE * most}
        yield {**query, "previous": "true"} if name.previous else query


def tail(text: str, most: int) -> tuple[str, bool]:
    """The last whole lines that fit into so many bytes, and whether something was cut."""
    raw = text.encode()
    if len(raw) <= most:
        return text, False
    kept = raw[-most:]
    return (kept.partition(b"\n")[2] or kept).decode("utf-8", "ignore"), True


def _containers(pod: Live) -> list[dict[str, t.Any]]:
    status = pod.get("status") or {}
    return [
        container
        for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
        for container in status.get(field) or ()
    ]


def _was_started(container: Live) -> bool:
    """A container that waits has the log of the one that ended before it, which is asked for as such."""
    return not (container.get("state") or {}).get("waiting") and bool(container.get("containerID"))


def _was_started_before(container: Live) -> bool:
    return bool((container.get("lastState") or {}).get("terminated"))


def _is_well(container: Live) -> bool:
    ended = (container.get("state") or {}).get("terminated") or {}
    return not container.get("restartCount") and bool(container.get("ready") or ended.get("exitCode") == 0)
