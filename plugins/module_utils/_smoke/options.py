# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the parameters of the module to what will be sent: everything that must not be sent is refused here.

Parameters are judged once, at the edge; behind it there are only SmokeOptions and the SmokePlan in them.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import os
import re
import ssl
import typing as t

from .._cluster.port_forward.service_endpoints import ServicePort, service_port_of
from .checks.assertions import TLS_VERSIONS, Check, expression_error
from .checks.availability import query_of
from .checks.defaults import Expectations, default_checks
from .http.request import NotAllowed, Url, below, parse_url, refuse_foreign, refuse_unused, wire
from .load.gates import GATES
from .load.rate_limiter import Limiter
from .load.schedule import LoadPlan, Request, refuse_excess
from .load.statistics import requests_needed

Params = t.Mapping[str, t.Any]
LEAST_SECONDS = 10.0
MISSING_SHARE, MISSING_LEAST = 0.01, 3
"""Answers that may be missing for a service to keep up with a rate: this share of them, or this many."""
SPARE = 1.05
"""So much more than the smallest sample is planned when no length of the load is given."""


@dataclasses.dataclass(frozen=True)
class SmokePlan:
    """All that a run will do. `load` and `limiter` are None where they are not asked for."""

    url: Url
    checks: tuple[Check, ...]
    status: Url | None
    load: LoadPlan | None
    gates: t.Mapping[str, float]
    extensions: int
    limiter: Limiter | None
    limiter_plan: LoadPlan | None


@dataclasses.dataclass(frozen=True)
class Prometheus:
    """Where to look for the availability; without a URL nothing is looked for."""

    url: str = ""
    query: str = ""
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    target: float = 0.999
    days: int = 30


@dataclasses.dataclass(frozen=True)
class SmokeOptions:
    """The parameters of a smoke run, judged: which release, what to send, whom to trust, how long to wait.

    With a `port_forward` there is no `plan` yet: it depends on what the port speaks (see past_ingress.inner), which
    takes the parameters as they were `given`. `pods` is cluster, given or off. In a release (`in_release`) the figures
    of a load from a busy machine are warnings.
    """

    name: str
    namespace: str
    plan: SmokePlan | None
    port_forward: ServicePort | None
    trust: ssl.SSLContext
    resolve: t.Mapping[str, str]
    timeout: float
    deadline: float
    interval: float
    pods: str
    expected_pods: tuple[str, ...]
    expected_revision: str
    prometheus: Prometheus
    in_release: bool
    given: Params


def smoke_options(params: Params) -> SmokeOptions:
    """The parameters of the module smoke. Raises NotAllowed with the reason."""
    trust = _trust(params["ca_path"])
    forwarded = _port_forward(params["port_forward"]) if params["port_forward"] else None
    return SmokeOptions(
        name=params["name"],
        namespace=params["namespace"],
        plan=None if forwarded else smoke_plan(params),
        port_forward=forwarded,
        trust=trust,
        resolve=params["resolve"],
        timeout=params["timeout"],
        deadline=params["deadline"],
        interval=params["interval"],
        pods=params["pods"],
        expected_pods=tuple(params["expected_pods"]),
        expected_revision=params["expected_revision"],
        prometheus=_prometheus(params),
        in_release=params.get("in_release", False),
        given=params,
    )


def _port_forward(text: str) -> ServicePort:
    target = service_port_of(text)
    if target is None:
        raise NotAllowed(f"port_forward is {text!r} and should be service/NAME or service/NAME:PORT")
    return target


def _trust(ca_path: str | None) -> ssl.SSLContext:
    """The system's authorities, and those of a file."""
    context = ssl.create_default_context()
    if ca_path:
        try:
            context.load_verify_locations(ca_path)
        except (OSError, ssl.SSLError) as error:
            raise NotAllowed(f"ca_path {ca_path} holds no certificates: {error}") from None
    return context


def _prometheus(params: Params) -> Prometheus:
    token, url = params["prometheus_token"], prometheus_of(params)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if url:
        try:
            wire(url, headers=headers)
        except NotAllowed as refusal:
            raise NotAllowed(f"prometheus_url or prometheus_token: {refusal}") from None
    return Prometheus(
        url=params["prometheus_url"],
        query=params["prometheus_query"] or query_of(params["namespace"], params["availability_days"]),
        headers=headers,
        target=params["availability_target"],
        days=params["availability_days"],
    )


def smoke_plan(params: Params) -> SmokePlan:
    """What the parameters ask for. Raises NotAllowed with the reason."""
    url = parse_url(params["url"])
    expected = expectations(params["expect"] or {})
    checks = [
        *(default_checks(url, expected) if params["defaults"] else []),
        *(_check(url, given, expected) for given in params["checks"]),
    ]
    for check in checks:
        _refuse_unreadable(check)
    load, limiter = params["load"] or {}, params["limiter"] or {}
    plan = _plan(url, load, expected.answering) if load.get("rate") else None
    if plan:
        refuse_excess(plan, load["max_rate"], load["extensions"])
    burst = _limiter(limiter) if limiter.get("rate") else None
    bursting = _limiter_plan(url, limiter, load, burst) if burst else None
    status = below(url, expected.status) if expected.status else None
    targets = [url, *(check.url for check in checks), *([status] if status else [])]
    hosts, prometheus = hosts_of(params), prometheus_of(params)
    refuse_foreign(targets, hosts)
    refuse_unused(params["resolve"], [*targets, *([prometheus] if prometheus else [])], hosts)
    return SmokePlan(
        url=url,
        checks=tuple(_named_once(checks)),
        status=status,
        load=plan,
        gates=_gates_of(plan, load["gates"] or {}) if plan else {},
        extensions=load.get("extensions", 0),
        limiter=burst,
        limiter_plan=bursting,
    )


def prometheus_of(params: Params) -> Url | None:
    """The Prometheus to ask for the availability, None where there is none. Raises NotAllowed."""
    try:
        return parse_url(params["prometheus_url"]) if params["prometheus_url"] else None
    except NotAllowed as refusal:
        raise NotAllowed(f"prometheus_url: {refusal}") from None


def hosts_of(params: Params) -> list[str]:
    """The hosts that may be asked: the service's own, that of the URL unless told, and those that are named."""
    own = params.get("own_host")
    return [parse_url(f"https://{own}" if own else params["url"]).host, *(params.get("allowed_hosts") or ())]


def expectations(given: Params) -> Expectations:
    """What the default checks expect; what is not given is as it is by default."""
    values = {name: value for name, value in given.items() if value is not None}
    lists: dict[str, t.Any] = {
        name: tuple(values[name]) for name in ("healthy", "closed", "preflight_headers") if name in values
    }
    expected = Expectations(**{**values, **lists})
    if expected.successes < 1:
        raise NotAllowed(f"a check that has to succeed {expected.successes} times says nothing (expect.successes)")
    if expected.tls_minimum not in TLS_VERSIONS:
        raise NotAllowed(f"{expected.tls_minimum!r} is no version of TLS to ask for ({', '.join(TLS_VERSIONS)})")
    return expected


def _check(base: Url, given: Params, expected: Expectations) -> Check:
    url = below(base, given["url"])
    values = {name: value for name, value in given.items() if value is not None}
    if values.get("successes", 1) < 1:
        raise NotAllowed(f"check {given['name']} has to succeed {values['successes']} times, which says nothing")
    for pattern in values.get("expect_headers", {}).values():
        try:
            re.compile(str(pattern))
        except re.error as error:
            raise NotAllowed(f"check {given['name']}: {pattern!r} is no regular expression: {error}") from None
    method = given["method"]
    key = base64.b64encode(os.urandom(16)).decode() if values.get("websocket") else ""
    headers = {
        **({"Origin": given["cors_origin"]} if given.get("cors_origin") else {}),
        **(upgrade(key) if key else {}),
        **values.get("headers", {}),
    }
    preflight, preflight_headers = _preflight_of(method, headers)
    return Check(
        name=given["name"],
        url=url,
        request=wire(url, method, headers, values.get("body", "")),
        method=method,
        statuses=frozenset(values.get("status", [101 if key else 200])) if not values.get("redirect") else frozenset(),
        expect_headers={name: str(pattern) for name, pattern in values.get("expect_headers", {}).items()},
        contains=values.get("contains", ""),
        json=values.get("json", {}),
        max_seconds=values.get("max_seconds", expected.max_seconds),
        redirect=values.get("redirect", ""),
        hsts_seconds=values.get("hsts_seconds", 0),
        cors_origin=values.get("cors_origin", ""),
        cors_allowed=values.get("cors_allowed", True),
        preflight=preflight if values.get("cors_origin") else "",
        preflight_headers=preflight_headers,
        websocket=key,
        closed=values.get("closed", False),
        certificate_days=expected.certificate_days if url.scheme == "https" else 0.0,
        tls_minimum=expected.tls_minimum,
        successes=values.get("successes", expected.successes),
    )


def upgrade(key: str) -> dict[str, str]:
    """The headers that ask for a WebSocket."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }


def _preflight_of(method: str, headers: t.Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The method and the headers that a CORS preflight asks for; nothing for any other request."""
    named = {name.lower(): str(value) for name, value in headers.items()}
    asked = named.get("access-control-request-method", "")
    if method != "OPTIONS" or not asked:
        return "", ()
    names = named.get("access-control-request-headers", "").split(",")
    return asked, tuple(name.strip() for name in names if name.strip())


def _refuse_unreadable(check: Check) -> None:
    for expression in check.json:
        wrong = expression_error(expression)
        if wrong:
            raise NotAllowed(f"check {check.name}: {wrong}")


def _plan(url: Url, load: Params, answering: str) -> LoadPlan:
    wanted = load["requests"] or ([{"path": answering}] if answering else [])
    if not wanted:
        raise NotAllowed(
            "a load has nothing to ask, because no path is known that should answer 200: name one in the load's "
            "requests, or set its rate to 0"
        )
    requests = tuple(_request(url, given) for given in wanted)
    seconds = load["seconds"] or _needed_seconds(load["rate"], load["gates"] or {})
    return LoadPlan(
        url=url,
        requests=requests,
        rate=load["rate"],
        seconds=seconds,
        warm_up=load["warm_up"],
        timeout=load["timeout"],
        connections=load["connections"],
    )


def _needed_seconds(rate: float, gates: Params) -> float:
    """Long enough for the smallest ratio that a gate allows, were there no error at all."""
    ratio = _gates(gates).get("error_ratio", 0.0)
    return max(LEAST_SECONDS, math.ceil(requests_needed(ratio) * SPARE / rate) if rate > 0 else LEAST_SECONDS)


def _request(base: Url, given: Params) -> Request:
    url = below(base, given["path"])
    if url.origin != base.origin:
        raise NotAllowed(f"a load has one origin: {url} is not at {base.origin}")
    method = given.get("method") or "GET"
    if given.get("weight", 1) < 1:
        raise NotAllowed(f"the weight of {given['path']} is not above 0")
    return Request(
        name=f"{method} {url.target}",
        method=method,
        wire=wire(url, method, given.get("headers") or {}, given.get("body") or ""),
        statuses=frozenset(given.get("status") or [200]),
        weight=given.get("weight", 1),
    )


def _gates_of(plan: LoadPlan, given: Params) -> dict[str, float]:
    """The gates of a load. It has to keep up with its rate where errors are judged, and nothing else is said of it."""
    gates = _gates(given)
    allowed = given.get("error_ratio")
    if given.get("throughput") is None and (allowed is None or allowed >= 0):
        missing = max(MISSING_SHARE, MISSING_LEAST / plan.count)
        gates["throughput"] = plan.rate * max(0.0, 1 - missing) * max(0.0, 1 - (allowed or 0.0))
    return gates


def _gates(given: Params) -> dict[str, float]:
    """The gates with a limit; a negative one switches a gate off."""
    unknown = sorted(set(given) - set(GATES))
    if unknown:
        raise NotAllowed(f"{', '.join(unknown)}: no such gate ({', '.join(GATES)})")
    return {name: float(limit) for name, limit in given.items() if limit is not None and limit >= 0}


def _limiter(given: Params) -> Limiter:
    limiter = Limiter(given["limit"], given["burst"], given["replicas"], given["tolerance"], given["delay"])
    if not (limiter.limit > 0 and limiter.burst > 0 and limiter.replicas > 0 and limiter.delay >= 0):
        raise NotAllowed("a rate limit, its burst and the replicas must be above 0")
    if given["rate"] <= limiter.limit * limiter.replicas:
        raise NotAllowed(
            f"{given['rate']:g} requests/s do not exceed the limit of {limiter.limit * limiter.replicas:g}"
        )
    return limiter


def _limiter_plan(url: Url, given: Params, load: Params, limiter: Limiter) -> LoadPlan:
    plan = LoadPlan(
        url=url,
        requests=(_request(url, {"path": given["path"]}),),
        rate=given["rate"],
        seconds=1.0,
        warm_up=0.0,
        timeout=load.get("timeout") or 10.0,
        connections=load.get("connections") or 256,
    )
    planned = limiter.plan(plan)
    refuse_excess(planned, given["max_rate"])
    return planned


def _named_once(checks: t.Iterable[Check]) -> t.Iterable[Check]:
    """Of several checks with one name the last: a user's own replaces the default one."""
    return {check.name: check for check in checks}.values()
