# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a release prove from outside that it serves: what the cluster knows of it meets what the service answers."""

from __future__ import annotations

import contextlib
import functools
import ssl
import typing as t

from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._findings.finding import Finding
from .._release.endpoints import serving
from .._release.session import SmokeResult, Verify
from .._smoke.arguments import SMOKE
from .._smoke.catalogue import INCONCLUSIVE
from .._smoke.checks.availability import query_of
from .._smoke.checks.pod_coverage import Expected
from .._smoke.http.request import NotAllowed, wire
from .._smoke.options import SmokePlan, prometheus_of, smoke_plan
from .._smoke.runner import Prometheus, Transport, run
from .pod_requests import directly
from .port_forward_mode import evaluated, opened
from .recorded_expectations import recalled

Values = dict[str, t.Any]
Params = t.Mapping[str, t.Any]
NOTHING: Values = {
    "verdict": INCONCLUSIVE,
    "findings": [],
    "checks": [],
    "pods": {},
    "load": {},
    "limiter": {},
    "availability": {},
    "port_forward": {},
    "requests": 0,
    "seconds": 0.0,
}


ALLOWING = "If the name may still be asked, put it into maestro_smoke_allowed_hosts, then run the playbook smoke."


class Refused(ClusterError):
    """What was asked for must not be sent."""

    id = "smoke-not-allowed"
    next_step = "Nothing was sent."


def asked(params: Params, only_checks: bool = False) -> Values:
    """The result of a smoke run with the parameters of the module smoke. Raises Refused, ClusterError."""
    try:
        transport, prometheus = _transport(params, only_checks), _prometheus(params)
        with contextlib.ExitStack() as stack:
            way = stack.enter_context(opened(params)) if params["port_forward"] else None
            plan = way.plan if way else smoke_plan(params)
            expected = _expected(params, plan, stack)
            result = run(plan, expected, way.transport(transport) if way else transport, prometheus)
            return {**result, "port_forward": way.as_dict() if way else {}}
    except NotAllowed as refusal:
        raise Refused(str(refusal)) from None


def options(given: Params, connection: Params) -> Values:
    """The parameters of a smoke run, from some of its options and the connection of another module.

    Raises Refused for what the module smoke would not take either.
    """
    checked = ModuleArgumentSpecValidator(SMOKE).validate(dict(given))
    if checked.error_messages:
        raise Refused(f"The options of the smoke test cannot be used: {'; '.join(checked.error_messages)}")
    params = {**connection, **checked.validated_parameters}
    try:
        if params["port_forward"]:
            evaluated(params)
        else:
            smoke_plan(params)
        _transport(params, only_checks=True)
        _prometheus(params)
    except NotAllowed as refusal:
        raise Refused(str(refusal)) from None
    return params


def verification(params: Params) -> Verify | None:
    """How a release has to prove itself once it is ready. Raises ClusterError for what cannot be tested."""
    if not params["smoke"] or params["state"] == "absent":
        return None
    given = {"name": params["name"], "namespace": params["namespace"], **params["smoke"]}
    options(given, params)
    return functools.partial(smoke_result, given, params)


def smoke_result(given: Params, connection: Params, kept: Params) -> SmokeResult:
    """The same as a part of a release that remembers `kept`: its verdict, its findings, and the figures to remember.

    Whatever keeps it from being asked (the API server, the way through it, a name of then that must not be asked now)
    is nothing against it, and leaves it unproven.
    """
    try:
        params = options(recalled(given, kept), connection)
    except (NotAllowed, Refused) as refusal:
        return _unproven(Finding(Refused.id, "warning", "smoke", str(refusal), next_step=ALLOWING))
    try:
        result = asked(params)
    except ClusterError as error:
        about = params["port_forward"] or "smoke"
        return _unproven(Finding(error.id, "warning", about, str(error), next_step=error.next_step))
    findings = tuple(Finding(**{**each, "evidence": tuple(each["evidence"])}) for each in result["findings"])
    figures = (
        "verdict",
        "msg",
        "checks",
        "pods",
        "load",
        "limiter",
        "availability",
        "port_forward",
        "requests",
        "seconds",
    )
    return SmokeResult(result["verdict"], findings, {key: result[key] for key in figures})


def _unproven(finding: Finding) -> SmokeResult:
    return SmokeResult(INCONCLUSIVE, (finding,), {**NOTHING, "msg": finding.sentence()})


def _transport(params: Params, only_checks: bool) -> Transport:
    context = ssl.create_default_context()
    if params["ca_path"]:
        try:
            context.load_verify_locations(params["ca_path"])
        except (OSError, ssl.SSLError) as error:
            raise NotAllowed(f"ca_path {params['ca_path']} holds no certificates: {error}") from None
    return Transport(
        context, params["resolve"], params["timeout"], params["deadline"], params["interval"], only_checks=only_checks
    )


def _expected(params: Params, plan: SmokePlan, stack: contextlib.ExitStack) -> Expected | None:
    """Who should answer. The connection to the cluster, which pods are asked by directly, ends with the stack."""
    if params["pods"] == "off" or not plan.status:
        return None
    if params["pods"] == "given":
        return Expected(tuple(params["expected_pods"]), params["expected_revision"])
    namespace, name = params["namespace"], params["name"]
    cluster = stack.enter_context(Cluster.connect(params))
    behind = serving(cluster, namespace, name)
    ask = directly(cluster, namespace, name, behind, plan.status, params["timeout"])
    return Expected(behind.pods, behind.revision, behind.leaving, ask, behind.unowned)


def _prometheus(params: Params) -> Prometheus:
    """Whom to ask for the availability. Raises NotAllowed for what cannot be asked."""
    query = params["prometheus_query"] or query_of(params["namespace"], params["availability_days"])
    token = params["prometheus_token"]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = prometheus_of(params)
    if url:
        try:
            wire(url, headers=headers)
        except NotAllowed as refusal:
            raise NotAllowed(f"prometheus_url or prometheus_token: {refusal}") from None
    return Prometheus(
        url=params["prometheus_url"],
        query=query,
        headers=headers,
        target=params["availability_target"],
        days=params["availability_days"],
    )
