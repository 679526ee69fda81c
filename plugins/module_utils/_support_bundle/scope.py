# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis is about, and what was found for it. Plain values."""

from __future__ import annotations

import dataclasses
import typing as t

from .._health.facts import Identity, Live
from .._objects.group_kind import identity


class Recorded(t.Protocol):
    """One release as the history remembers it."""

    @property
    def number(self) -> int: ...

    @property
    def state(self) -> str: ...

    @property
    def manifests(self) -> t.Sequence[Live]: ...

    @property
    def about(self) -> t.Mapping[str, t.Any]: ...

    @property
    def outcome(self) -> t.Mapping[str, t.Any]: ...


class LeftOut(t.NamedTuple):
    """A part that the archive lacks, wholly or partly, and why."""

    part: str
    why: str


class Bounds(t.NamedTuple):
    """How much is read at most: bytes of one log, bytes of all logs, seconds for everything."""

    log_bytes: int = 256 * 1024
    logs_bytes: int = 32 * 1024 * 1024
    seconds: float = 120.0


class LogName(t.NamedTuple):
    """A container's log: of the container that runs, or of the one that ended before it (`former`)."""

    pod: str
    container: str
    previous: bool = False

    @property
    def path(self) -> str:
        return f"logs/{self.pod}/{self.container}{'.previous' if self.previous else ''}.log"


@dataclasses.dataclass(frozen=True)
class BundleSubject:
    """A release. `records` are its history, the oldest first; `values` secret values known beforehand, by label."""

    name: str
    namespace: str
    records: tuple[Recorded, ...] = ()
    values: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def wanted(self) -> tuple[Identity, ...]:
        """What the newest release declares."""
        return tuple(identity(manifest) for manifest in self.records[-1].manifests) if self.records else ()


@dataclasses.dataclass
class Collected:
    """What the cluster told. `objects` are those of the release and its surroundings by kind, as the API shows them.

    A kind that could not be read is no key of it.
    """

    subject: BundleSubject
    host: str
    now: float
    version: str = ""
    objects: dict[str, tuple[Live, ...]] = dataclasses.field(default_factory=dict)
    values: dict[str, str] = dataclasses.field(default_factory=dict)
    nodes: tuple[Live, ...] = ()
    usage: tuple[Live, ...] = ()
    logs: dict[LogName, str] = dataclasses.field(default_factory=dict)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)

    @property
    def knows_secrets(self) -> bool:
        """Whether the values to take out are those that the cluster holds."""
        return not any(entry.part == "objects/Secret" for entry in self.left_out)

    def of(self, kind: str) -> tuple[Live, ...]:
        return self.objects.get(kind, ())
