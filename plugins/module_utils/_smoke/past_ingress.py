# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another way than the public one: past the ingress to the pods, by a tunnel that bears little and may break. Pure.

What the ingress does is not seen there, so the checks of it are left out by name; and a failure that the tunnel
explains is no proof against the service.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._findings import registry
from .._findings.finding import Finding
from .._findings.registry import by_severity
from .http.request import PORTS, NotAllowed, Url, parse_url
from .load import statistics
from .options import SmokePlan, smoke_plan

Params = t.Mapping[str, t.Any]
MOST_RATE = 200.0
"""Requests a second that an API server is given to carry; it has other work."""
CONNECTIONS = 16
OF_THE_INGRESS: dict[str, t.Any] = {
    "closed": [],
    "redirect": False,
    "hsts_seconds": 0,
    "allowed_origin": "",
    "refused_origin": "",
}
OWN_OF_THE_INGRESS = ("closed", "cors_origin", "hsts_seconds", "redirect")
"""The expectations whose checks say something of the ingress alone, and those of a user's own checks."""
OF_TLS = ("certificate", "TLS version")
SAID, APART = ("4xx", "5xx", "unexpected"), ("429", "unable")
UNANSWERED = frozenset({registry.SERVICE_UNREACHABLE.id})
OF_A_LOAD = frozenset(
    each.id
    for each in (registry.ERROR_RATIO_HIGH, registry.LATENCY_HIGH, registry.THROUGHPUT_LOW, registry.LOAD_STOPPED)
)
SEE_PODS = "See why these pods take no connection: the port of their container, their log."
SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Signs:
    """What became of the tunnel's connections: those that broke on the way, and those that a pod did not take."""

    broken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def inner(params: Params, tls: bool) -> tuple[SmokePlan, tuple[str, ...]]:
    """What is asked of the pods instead, and the names of what is left out. Raises NotAllowed.

    The name of the public URL stays that of the requests; `tls` says whether the pods speak TLS themselves.
    """
    if (params["limiter"] or {}).get("rate"):
        raise NotAllowed("the rate limiter is the ingress's, which port_forward goes past: leave out limiter")
    public = parse_url(params["url"])
    url = _url(public, tls)
    checks = [_moved(check, public, url) for check in params["checks"]]
    changed = {
        **params,
        "url": url.with_credentials(),
        "expect": {**(params["expect"] or {}), **OF_THE_INGRESS},
        "checks": [check for check in checks if check],
        "load": _bounded(params["load"], public, url),
    }
    plan = smoke_plan(changed)
    before = smoke_plan({**params, "load": None, "limiter": None})
    kept = {check.name for check in plan.checks}
    left_out = [check.name for check in before.checks if check.name not in kept]
    hsts = ["hsts"] if any(check.hsts_seconds for check in before.checks) else []
    return plan, (*(OF_TLS if public.scheme == "https" and not tls else ()), *hsts, *left_out)


def spread(plan: SmokePlan, pods: int) -> SmokePlan:
    """The same with a load that opens a connection to each pod before it uses one again."""
    if plan.load is None:
        return plan
    return dataclasses.replace(plan, load=dataclasses.replace(plan.load, least=min(pods, plan.load.connections)))


def not_asked(reported: str, left_out: t.Sequence[str]) -> Finding:
    """What such a run does not show."""
    text = f"asked {reported} by the API server's port-forward, past the ingress"
    lines = [f"left out: {', '.join(left_out)}"] if left_out else []
    return registry.INGRESS_NOT_TESTED.found(
        "the way in",
        f"{text}: nothing is known of what users meet there",
        (*lines, "times hold the API server's share"),
    )


def weighed(found: t.Sequence[Finding], load: Params, signs: Signs) -> tuple[list[Finding], bool]:
    """The findings in the light of what became of the tunnel, and whether it leaves something open.

    Without an answer it may have been the tunnel; what the service said itself stands, as far as it is too much alone.
    """
    doubtful = UNANSWERED if _service_said_so(load) else UNANSWERED | OF_A_LOAD
    concerned = [finding for finding in found if finding.severity == "error" and finding.id in doubtful]
    if not concerned:
        return list(found), False
    others = [finding for finding in found if finding not in concerned]
    if not signs.broken:
        return [*others, *(_refused(finding, signs.refused[:SHOWN]) for finding in concerned)], False
    text = f"the way to the pods broke, which may explain that {concerned[0].message}"
    broken = registry.PORT_FORWARD_INTERRUPTED.found("the way in", text, signs.broken[:SHOWN])
    return by_severity([broken, *others, *map(_excused, concerned)]), True


def _service_said_so(load: Params) -> bool:
    """Whether the failures that the service put in words are more than may be, had all others ended well."""
    results = {kind: count for kind, count in load.get("results", {}).items() if kind not in APART}
    limits = [gate["limit"] for gate in load.get("gates", ()) if gate["gate"] == "error_ratio"]
    reported = sum(results.get(kind, 0) for kind in SAID)
    return bool(limits) and statistics.compare(reported, sum(results.values()), limits[0]) == statistics.ABOVE


def _refused(finding: Finding, lines: t.Sequence[str]) -> Finding:
    """A finding with what the kubelet says of pods that took no connection, when it does."""
    if not lines:
        return finding
    return dataclasses.replace(finding, evidence=(*finding.evidence, *lines), next_step=SEE_PODS)


def _excused(finding: Finding) -> Finding:
    """A finding that another one may explain, with what to do about that one."""
    return dataclasses.replace(finding, severity="note", next_step=registry.PORT_FORWARD_INTERRUPTED.next_step)


def _url(public: Url, tls: bool) -> Url:
    """The URL with the scheme that the pods speak, and the same name."""
    scheme = "https" if tls else "http"
    usual = public.port == PORTS[public.scheme]
    return dataclasses.replace(public, scheme=scheme, port=PORTS[scheme] if usual else public.port)


def _moved(check: Params, public: Url, url: Url) -> Params | None:
    """A check at the service's origin as it is made of the pods; None for one that is of the ingress."""
    asked = parse_url(check["url"], str(public))
    if asked.host != public.host:
        return check
    if asked.origin != public.origin or any(check.get(name) for name in OWN_OF_THE_INGRESS):
        return None
    return {**check, "url": str(dataclasses.replace(url, target=asked.target))}


def _bounded(load: Params | None, public: Url, url: Url) -> Params | None:
    if not load or not load["rate"]:
        return load
    if load["rate"] > MOST_RATE:
        raise NotAllowed(
            f"{load['rate']:g} requests/s are more than the {MOST_RATE:g} that may go through the API server"
        )
    requests = [_moved_request(request, public, url) for request in load["requests"]]
    return {**load, "connections": min(load["connections"], CONNECTIONS), "requests": requests}


def _moved_request(request: Params, public: Url, url: Url) -> Params:
    asked = parse_url(request["path"], str(public))
    return (
        {**request, "path": str(dataclasses.replace(url, target=asked.target))}
        if asked.origin == public.origin
        else request
    )
