# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approval step: a plan is kept in one run and required in another."""

from __future__ import annotations

import secrets
import typing as t

from .._cluster.client import ApiError, Cluster
from .outcome import Outcome
from .planning.plan_file import PlanContext, encode, require_same, saved_plan
from .planning.plan_store import load, save
from .session import Approval

FORBIDDEN = 403
Params = t.Mapping[str, t.Any]


def keep_plan(cluster: Cluster, params: Params, outcome: Outcome, by: str) -> dict[str, str]:
    """Write or return the plan, as the parameters want. Raises PlanUnwritable."""
    if not (params["save_plan"] or params["return_plan"]):
        return {}
    context = _context(cluster, params, outcome.number - outcome.changed)
    notes = {"made": cluster.clock.stamp(), "by": by, "reason": params["reason"], "msg": outcome.message}
    saved = saved_plan(outcome.plan, context, secrets.token_hex(16), **notes)
    if params["save_plan"]:
        save(saved, params["save_plan"])
    return {"saved_plan": encode(saved)} if params["return_plan"] else {}


def approval(cluster: Cluster, params: Params) -> Approval | None:
    """What refuses any other plan than the approved one, None when none was given. Raises PlanUnreadable."""
    approved = load(params["plan_file"], params["approved_plan"])
    if approved is None:
        return None
    return lambda plan, base: require_same(approved, plan, _context(cluster, params, base))


def _context(cluster: Cluster, params: Params, base: int) -> PlanContext:
    return PlanContext(params["name"], params["namespace"], _uid(cluster), base)


def _uid(cluster: Cluster) -> str:
    """The cluster's identity; an account that may not read it knows the address of the API at least."""
    try:
        return cluster.uid
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        return cluster.host
