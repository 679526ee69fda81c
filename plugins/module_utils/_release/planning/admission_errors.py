# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who refuses an object, a plan's or a release's: a policy, a quota, a webhook, or the server itself. Pure."""

from __future__ import annotations

from ..._cluster.errors import UNAUTHORIZED, ApiError
from ..._findings import registry
from ..._findings.finding import Finding, FindingType
from ..._health.rules.admission import refusal_of

TOO_MANY, BROKEN = 429, 500
TAKING_OVER = (
    "Leave it to that release (a StorageClass with workload_storage_class_create: false), name it otherwise, or set "
    "takeover (maestro_takeover) to take it over."
)


def refusal(error: ApiError, about: str) -> Finding:
    """The finding for an object that the API server does not take."""
    if error.conflict and error.causes:
        return registry.FIELD_CONFLICT.found(about, "; ".join(error.causes), error.causes)
    more = [cause for cause in error.causes if cause not in error.message]
    return _who(error).found(about, error.message, more)


def of_other(about: str, release: str) -> Finding:
    """The finding for an object that another release has made."""
    return registry.FIELD_CONFLICT.found(about, f"it belongs to release {release}", next_step=TAKING_OVER)


def is_of_server(error: ApiError) -> bool:
    """Whether the error says something of the server or the account, whatever object was asked about."""
    if error.status in (UNAUTHORIZED, TOO_MANY):
        return True
    return error.status >= BROKEN and not error.is_of_object and _who(error) is registry.REFUSED_BY_SERVER


def _who(error: ApiError) -> FindingType:
    check = refusal_of(error.message)
    return registry.REFUSED_BY_SERVER if check is registry.POD_REFUSED else check
