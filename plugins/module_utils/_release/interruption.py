# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stopped a release half-way, as a finding: who refused which object, in the server's words. Pure."""

from __future__ import annotations

import pathlib
import traceback

from .._cluster.api_resources import KINDS
from .._cluster.errors import UNAUTHORIZED, ApiError, ClusterError, Unreachable
from .._findings import registry
from .._findings.finding import Finding
from .planning.admission_errors import refusal

SERVER = "API server"
KIND_OF = {kind.plural: name for (dummy, name), kind in KINDS.items()}
UNRECORDED = (
    "How it ended could not be recorded{why}, so nothing was undone: what it had changed by then stands. Once that is "
    "mended run this again: it finds the release unfinished and finishes it; the play rollback undoes it instead."
)


def stopped_by(error: ClusterError) -> Finding:
    """The finding for an error in the middle of a release."""
    if not isinstance(error, ApiError) or error.status == UNAUTHORIZED:
        return error.finding(SERVER)
    return refusal(error, _object_of(error.request))


def stopped_by_defect(error: Exception) -> Finding:
    """The finding for an exception that nobody foresaw; the place is evidence for whoever mends it."""
    places = traceback.extract_tb(error.__traceback__)[-3:]
    return registry.UNEXPECTED_ERROR.found(
        type(error).__name__,
        str(error) or "it says nothing more",
        [f"{pathlib.Path(each.filename).name}:{each.lineno} in {each.name}" for each in places],
    )


def is_out_of_reach(error: Exception) -> bool:
    """Whether nothing can be asked of the server at all, whatever it is about."""
    return isinstance(error, Unreachable) or (isinstance(error, ApiError) and error.status == UNAUTHORIZED)


def unrecorded(error: Exception) -> str:
    """What it means that the end of a release could not be recorded, and what to do."""
    return UNRECORDED.format(why="" if is_out_of_reach(error) else f" ({str(error).rstrip('.')})")


def _object_of(request: str) -> str:
    """`Service shop/maestro` for `PATCH /api/v1/namespaces/shop/services/maestro`; the request where it names none."""
    parts = request.partition(" ")[2].strip("/").split("/")
    if len(parts) < 3 or parts[-2] not in KIND_OF:
        return request or SERVER
    name = f"{parts[-3]}/{parts[-1]}" if parts[-4:-3] == ["namespaces"] else parts[-1]
    return f"{KIND_OF[parts[-2]]} {name}"
