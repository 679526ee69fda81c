# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of a release, once, for the rules of the posture. Plain values: no API."""

from __future__ import annotations

import dataclasses

from .._cluster.batch_get import Unavailable
from .._health.facts import Live
from .permissions import Access


@dataclasses.dataclass(frozen=True)
class PostureSnapshot:
    """`declared` are the manifests of release `number`, `live` its objects and those that bear on it.

    `access` is what its ServiceAccount may do (None where that was not read), `unavailable` what could not be read:
    (what was requested, why there is no answer).
    """

    name: str
    namespace: str
    number: int
    declared: tuple[Live, ...]
    live: tuple[Live, ...]
    pods: tuple[Live, ...] = ()
    access: Access | None = None
    unavailable: tuple[tuple[str, Unavailable], ...] = ()
