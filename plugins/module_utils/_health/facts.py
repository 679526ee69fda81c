# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a release at one moment, and what a judge makes of it. Plain values: no API, no clock."""

from __future__ import annotations

import dataclasses
import typing as t

from .._findings.evaluation import Evaluation

Live = t.Mapping[str, t.Any]
"""One object as the API shows it, never changed."""
Identity = tuple[str, str, str]
"""(kind, namespace, name): the kind with its API group (see `group_kind`), no namespace for what has none."""

LOG, PREVIOUS_LOG, PROBE = "log", "former-log", "probe"


class LogRequest(t.NamedTuple):
    """Evidence that is not in any object and has to be fetched: a container's log, or what its probe is answered.

    `what` is LOG (of the running container), FORMER_LOG (of the one that ended before it) or PROBE (the readiness
    endpoint, or the startup endpoint while that has not passed).
    """

    what: str
    namespace: str
    pod: str
    container: str


@dataclasses.dataclass(frozen=True)
class Facts:
    """The release and everything that it owns.

    `now` is seconds since the epoch by the API server's clock, as its timestamps are. `wanted` are the objects that
    the release declares. `objects` holds, by kind, every observed object: the declared ones, what they own
    (ReplicaSets, Pods, Jobs, EndpointSlices, ...) and Events; a kind that is not a key was not observed. `stale` are
    the kinds whose watch is interrupted, so that what is held of them may be old. `answers` are the lines that came
    back for questions of an earlier judgement. `settle` is the number of seconds for which everything must have been
    ready before the release counts as passed. `begun` is
    when the release began to be made (the clock of `now`; 0: unknown): what was wrong before that is tried again.
    `manifests` are the declared objects as they were declared. `readiness_deadline` is the number of seconds after its
    start by which a container must be ready (0: none but the workload's own), `image_grace` the number for which a
    registry may say that it has no such image.
    """

    now: float
    wanted: tuple[Identity, ...]
    objects: t.Mapping[str, tuple[Live, ...]]
    answers: t.Mapping[LogRequest, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    stale: frozenset[str] = frozenset()
    settle: float = 0.0
    begun: float = 0.0
    manifests: t.Mapping[Identity, Live] = dataclasses.field(default_factory=dict)
    readiness_deadline: float = 0.0
    image_grace: float = 0.0


@dataclasses.dataclass(frozen=True)
class HealthEvaluation(Evaluation):
    """What follows from facts.

    `verdict` is passed, failed, or empty while nothing is decided. `findings` are what is wrong, decided or not;
    `missing` is one line for each thing that is not ready yet. `again_at` is the moment (the clock of `Facts.now`)
    from which the same objects may be judged otherwise: a budget used up, a settling time over; None when only news
    can change the judgement. `questions` are the evidence worth fetching before the findings are told.
    """

    missing: tuple[str, ...] = ()
    again_at: float | None = None
    log_requests: tuple[LogRequest, ...] = ()
