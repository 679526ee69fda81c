# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a release is to be made, as the module's parameters and its play say, and what one that is refused would be."""

from __future__ import annotations

import time

from ._cluster import parent_process, process_identity
from ._cluster.client import Cluster
from ._findings.finding import FAILED
from ._health.arguments import deadlines_of
from ._module_runner import Call
from ._redaction.live_secrets import LiveSecrets
from ._release.metadata import about
from ._release.outcome import Outcome
from ._release.plan_approval import approval
from ._release.planning.planner import Refused
from ._release.record.history_options import trust_of
from ._release.session import PLAY, SMOKE_RESULT, ReleaseOptions
from ._verification.recorded_expectations import remembered
from ._verification.verify import verification


def release_options(cluster: Cluster, call: Call, mask: LiveSecrets) -> ReleaseOptions:
    """Raises ClusterError for a plan that cannot be read, a weak key, and a smoke test that cannot be asked."""
    params = call.params
    smoke = {SMOKE_RESULT: remembered(params["smoke"], mask.displayed)} if params["smoke"] else {}
    play = process_identity.identity_of(parent_process.parent())
    return ReleaseOptions(
        name=params["name"],
        namespace=params["namespace"],
        wait=params["wait"],
        **deadlines_of(params),
        history_limit=params["history_limit"],
        takeover=params["takeover"],
        replan=params["replan"],
        play_begun=_play_begun(),
        acknowledges=True,
        prune_allowed=tuple(params["prune_allowed"]),
        remove_components=tuple(params["remove_components"]),
        approve=approval(cluster, params),
        about={**about(params), PLAY: play, **smoke},
        tell=call.tell,
        mask=mask,
        expect=mask.expect,
        verify=verification(params),
        trust=trust_of(params),
        rollback_rbac=params["rollback_rbac"],
    )


def refused_outcome(refused: Refused) -> Outcome:
    """What the plan would be without the objects that the server refuses."""
    message = f"{str(refused).rstrip('.')}. {refused.next_step}"
    return Outcome(refused.plan, verdict=FAILED, findings=refused.findings, message=message)


def _play_begun() -> float:
    """When the play that waits for this began, on the monotonic clock; 0 where that is not known."""
    age = process_identity.age_of(parent_process.parent()) if parent_process.parent() else None
    return 0.0 if age is None else time.monotonic() - age
