# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the preflight talks to a cluster: one question for its identity, then two rounds in parallel."""

from __future__ import annotations

import time
import typing as t

from .._cluster.batch_get import Unavailable, survey
from .._cluster.client import Cluster
from .._cluster.errors import ApiError, ClusterError
from .._findings import registry
from .._findings.evaluation import Evaluation, evaluation_of
from .._findings.finding import Finding
from . import parse, queries
from .checks.cluster import check_cluster
from .evaluate import evaluate
from .requirements import Needs
from .snapshot import PreflightSnapshot
from .view import PreflightOptions, PreflightView

UNAUTHORIZED = 401


class Preflight(t.NamedTuple):
    """What was seen of a cluster, and what it comes to. Without any answer there are no facts."""

    evaluation: Evaluation
    snapshot: PreflightSnapshot | None
    host: str
    requests: int


def examine(params: t.Mapping[str, t.Any], needs: Needs, options: PreflightOptions) -> Preflight:
    """Connect and judge. What keeps the cluster from answering is a finding like any other."""
    host, requests = "", 0
    try:
        with Cluster.connect({**params, "cluster_uid": ""}) as cluster:
            host = cluster.host
            snapshot = collect(cluster, needs, options)
            requests = cluster.requests
    except ClusterError as error:
        return Preflight(evaluation_of([unusable(host or "maestro_connection", error)]), None, host, requests)
    return Preflight(evaluate(PreflightView(needs, snapshot, options)), snapshot, host, requests)


def collect(cluster: Cluster, needs: Needs, options: PreflightOptions) -> PreflightSnapshot:
    """All facts. Raises ClusterError when the API server cannot be reached or does not accept the credentials."""
    uid = _identity(cluster)
    stranger = PreflightSnapshot(host=cluster.host, uid=parse.identity(uid))
    if any(finding.severity == "error" for finding in check_cluster(PreflightView(needs, stranger, options))):
        return stranger
    answers, reached = survey(cluster, queries.first_round(needs), options.endpoints, options.endpoint_timeout)
    snapshot = parse.snapshot_of(cluster.host, uid, answers, reached, time.time())
    open_questions = queries.second_round(needs, snapshot, parse.rules_of(answers), options.port_forward)
    more = survey(cluster, open_questions)[0]
    return parse.with_second_round(snapshot, more)


def unusable(subject: str, error: ClusterError) -> Finding:
    """The finding for a cluster that gives no answers."""
    if isinstance(error, ApiError) and error.status == UNAUTHORIZED:
        return registry.CREDENTIALS_REFUSED.found(
            subject, f"The API server does not accept the credentials (expired, revoked or wrong): {error.message}."
        )
    return error.finding(subject)


def _identity(cluster: Cluster) -> str | Unavailable:
    """The cluster's UID; an account may be forbidden to read it, which is no reason to stop."""
    try:
        return cluster.uid
    except ApiError as error:
        if error.status == UNAUTHORIZED:
            raise
        return Unavailable(error.status, error.message)
