# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say for how long a release is waited for; documented in doc_fragments/deadlines.py."""

from __future__ import annotations

import typing as t

from .._cluster.arguments import WAIT_TIMEOUT

DEADLINES: dict[str, dict[str, t.Any]] = {
    "wait_timeout": {"type": "int", "default": WAIT_TIMEOUT},
    "settle_seconds": {"type": "int", "default": 5},
    "readiness_deadline": {"type": "int", "default": 0},
    "image_grace": {"type": "int", "default": 0},
    "progress": {"type": "bool", "default": True},
}
NOT_NEGATIVE = dict.fromkeys(("wait_timeout", "settle_seconds", "readiness_deadline", "image_grace"), 0)
"""The least value of each number of them."""


def deadlines_of(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The seconds of these options, named as `ReleaseOptions` names them."""
    return {
        "timeout": float(params["wait_timeout"]),
        "settle": float(params["settle_seconds"]),
        "readiness_deadline": float(params["readiness_deadline"]),
        "image_grace": float(params["image_grace"]),
    }
