# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a judgement is made of: what is needed, what there is, and what the caller expects besides."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.batch_get import Endpoint
from .requirements import Needs
from .snapshot import PreflightSnapshot

OFF = "off"
"""A severity that switches a check off."""


@dataclasses.dataclass(frozen=True)
class PreflightOptions:
    """Expectations that no manifest tells. Each severity is `error`, `warning` or `off`; times are seconds."""

    cluster_uid: str = ""
    minimum_version: str = "1.33"
    production: bool = True
    endpoints: tuple[Endpoint, ...] = ()
    endpoint_timeout: float = 3.0
    endpoint_severity: str = "error"
    capacity_severity: str = "error"
    controller_severity: str = "warning"
    digest_severity: str = "warning"
    port_forward: bool = False


class PreflightView(t.NamedTuple):
    """All that a check looks at."""

    needs: Needs
    snapshot: PreflightSnapshot
    options: PreflightOptions
