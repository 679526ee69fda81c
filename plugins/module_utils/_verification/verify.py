# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a release prove from outside that it serves: what the cluster knows of it meets what the service answers."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._findings import registry
from .._findings.finding import INCONCLUSIVE, Finding
from .._release.endpoints import serving
from .._release.session import SmokeResult, Verify
from .._smoke.arguments import SMOKE
from .._smoke.checks.pod_coverage import Expected
from .._smoke.http.request import NotAllowed, Url
from .._smoke.options import SmokeOptions, SmokePlan, smoke_options
from .._smoke.past_ingress import inner
from .._smoke.runner import Transport, run
from .pod_requests import directly
from .port_forward_mode import opened
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


class SmokeRefused(ClusterError):
    """What was asked for must not be sent."""

    finding_type = registry.SMOKE_NOT_ALLOWED


def asked(params: Params, only_checks: bool = False) -> Values:
    """The result of a smoke run with the parameters of the module smoke. Raises Refused, ClusterError.

    They hold the connection to the cluster as well.
    """
    return _run(_parsed(params), params, only_checks=only_checks)


def options(given: Params, connection: Params) -> Values:
    """The parameters of a smoke run, from some of its options and the connection of another module.

    Raises Refused for what the module smoke would not take either.
    """
    checked = ModuleArgumentSpecValidator(SMOKE).validate(dict(given))
    if checked.error_messages:
        raise SmokeRefused(f"The options of the smoke test cannot be used: {'; '.join(checked.error_messages)}")
    params = {**connection, **checked.validated_parameters}
    _parsed(params)
    return params


def _parsed(params: Params) -> SmokeOptions:
    try:
        parsed = smoke_options(params)
        if parsed.port_forward:
            inner(params, tls=False)
    except NotAllowed as refusal:
        raise SmokeRefused(str(refusal)) from None
    return parsed


def _run(parsed: SmokeOptions, connection: Params, only_checks: bool) -> Values:
    transport = Transport(
        parsed.trust,
        parsed.resolve,
        parsed.timeout,
        parsed.deadline,
        parsed.interval,
        only_checks=only_checks,
        in_release=parsed.in_release,
    )
    try:
        with contextlib.ExitStack() as stack:
            through = stack.enter_context(opened(parsed, connection)) if parsed.port_forward else None
            plan = through.plan if through else t.cast(SmokePlan, parsed.plan)
            expected = _expected(parsed, connection, plan.status, stack)
            transport = through.transport(transport) if through else transport
            result = run(plan, expected, transport, parsed.prometheus)
            return {**result, "port_forward": through.as_dict() if through else {}}
    except NotAllowed as refusal:
        raise SmokeRefused(str(refusal)) from None


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
    except (NotAllowed, SmokeRefused) as refusal:
        return _unproven(
            registry.SMOKE_NOT_ALLOWED.found("smoke", str(refusal), severity="warning", next_step=ALLOWING)
        )
    try:
        result = asked({**params, "in_release": True})
    except ClusterError as error:
        about = params["port_forward"] or "smoke"
        return _unproven(error.finding(about, severity="warning"))
    findings = tuple(map(Finding.from_values, result["findings"]))
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


def _expected(
    parsed: SmokeOptions, connection: Params, status: Url | None, stack: contextlib.ExitStack
) -> Expected | None:
    """Who should answer. The connection to the cluster, which pods are asked by directly, ends with the stack."""
    if parsed.pods == "off" or not status:
        return None
    if parsed.pods == "given":
        return Expected(parsed.expected_pods, parsed.expected_revision)
    cluster = stack.enter_context(Cluster.connect(connection))
    behind = serving(cluster, parsed.namespace, parsed.name)
    ask = directly(cluster, parsed.namespace, parsed.name, behind, status, parsed.timeout)
    return Expected(behind.pods, behind.revision, behind.leaving, ask, behind.unowned)
