# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stopped a release half-way, as a finding: who refused which object, in the server's words. Pure."""

from __future__ import annotations

from .._cluster.errors import ApiError, ClusterError, Unreachable
from .._cluster.kinds import KINDS
from .._health.catalogue import POD_REFUSED
from .._health.finding import Check, Finding
from .._health.judging.creation import refusal_of

SERVER = "API server"
CREDENTIALS = 401
KIND_OF = {kind.plural: name for (dummy, name), kind in KINDS.items()}
CREDENTIALS_REFUSED = Check(
    "credentials-refused",
    "error",
    "Get a new token or client certificate and give it to maestro_connection; one that outlives the whole run.",
)
REFUSED = Check("refused-by-server", "error", "Correct the variables behind the object, or the cluster's policy.")
UNRECORDED = (
    "How it ended could not be recorded{why}, so nothing was undone: what it had changed by then stands. Once that is "
    "mended run this again: it finds the release unfinished and finishes it; the play rollback undoes it instead."
)


def stopped_by(error: ClusterError) -> Finding:
    """The finding for an error in the middle of a release."""
    if not isinstance(error, ApiError):
        return Finding(error.id, "error", SERVER, str(error), next_step=error.next_step)
    if error.status == CREDENTIALS:
        return CREDENTIALS_REFUSED.found(SERVER, str(error))
    check = refusal_of(error.message)
    more = [cause for cause in error.causes if cause not in error.message]
    return (REFUSED if check is POD_REFUSED else check).found(_object_of(error.request), error.message, more)


def is_out_of_reach(error: ClusterError) -> bool:
    """Whether nothing can be asked of the server at all, whatever it is about."""
    return isinstance(error, Unreachable) or (isinstance(error, ApiError) and error.status == CREDENTIALS)


def unrecorded(error: ClusterError) -> str:
    """What it means that the end of a release could not be recorded, and what to do."""
    return UNRECORDED.format(why="" if is_out_of_reach(error) else f" ({str(error).rstrip('.')})")


def _object_of(request: str) -> str:
    """`Service shop/maestro` for `PATCH /api/v1/namespaces/shop/services/maestro`; the request where it names none."""
    parts = request.partition(" ")[2].strip("/").split("/")
    if len(parts) < 3 or parts[-2] not in KIND_OF:
        return request or SERVER
    name = f"{parts[-3]}/{parts[-1]}" if parts[-4:-3] == ["namespaces"] else parts[-1]
    return f"{KIND_OF[parts[-2]]} {name}"
