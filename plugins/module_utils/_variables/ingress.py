# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the variables of the ingress role fit together, and what a provider cannot do.

What a provider would silently ignore is refused: a limit that is written down but not kept is worse than none.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .._ingress import providers

Values = t.Mapping[str, t.Any]

HOSTNAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+")
ORIGIN = re.compile(r"https?://[A-Za-z0-9*][-A-Za-z0-9.*]*(:[0-9]{1,5})?")
RISKY_ANNOTATION = re.compile(r".*/([a-z-]*-snippet|rewrite-target|auth-url|auth-signin|app-root)")
AT_LEAST_ONE = (
    "ingress_timeout_seconds",
    "ingress_connect_timeout_seconds",
    "ingress_rate_limit_requests_per_second",
    "ingress_rate_limit_burst",
    "ingress_tls_duration_days",
    "ingress_tls_renew_before_days",
)
GATEWAY_PORTS = ("ingress_gateway_http_port", "ingress_gateway_https_port")
AT_LEAST_ZERO = (
    "ingress_body_limit_mebibytes",
    "ingress_connections_per_client",
    "ingress_cors_max_age_seconds",
    "ingress_hsts_max_age_seconds",
    "ingress_traefik_forwarded_depth",
    *GATEWAY_PORTS,
)


def check(variables: Values) -> list[str]:
    """A sentence for each contradiction between the role's variables (typed, defaults filled in)."""
    parts = (_ranges, _addresses, _annotations, _exempt_networks, _cors, _certificate, _gateway)
    found = [problem for part in parts for problem in part(variables)]
    return [*found, *providers.of(variables).problems(variables)]


def context(values: Values, _chosen: Values) -> dict[str, t.Any]:
    """What the role's templates ask of the provider."""
    return {"provider": providers.of(values).context()}


def _ranges(values: Values) -> list[str]:
    return [
        f"{name} must be {least} or more, but {values[name]} was given."
        for names, least in ((AT_LEAST_ONE, 1), (AT_LEAST_ZERO, 0))
        for name in names
        if values[name] < least
    ] + [
        f"{name} must be at most 65535, but {values[name]} was given." for name in GATEWAY_PORTS if values[name] > 65535
    ]


def _addresses(values: Values) -> list[str]:
    hosts = [("maestro_hostname", values["maestro_hostname"])]
    hosts += [("ingress_extra_hostnames", host) for host in values["ingress_extra_hostnames"]]
    found = [
        f"{name} must hold DNS names in lower case such as maestro.intelgraph.ai, but {str(host)!r} was given."
        for name, host in hosts
        if not HOSTNAME.fullmatch(host)
    ]
    if len({host for _name, host in hosts}) < len(hosts):
        found.append("ingress_extra_hostnames names a host twice, or maestro_hostname again. Remove the double.")
    if not values["ingress_paths"]:
        found.append("ingress_paths is empty, so nothing would be reachable. Name path prefixes, or / for all.")
    return found + [
        f"ingress_paths must hold absolute paths such as /api, but {str(path)!r} was given."
        for path in values["ingress_paths"]
        if not path.startswith("/")
    ]


def _annotations(values: Values) -> list[str]:
    found = []
    for name, value in values["ingress_annotations"].items():
        if RISKY_ANNOTATION.fullmatch(name):
            found.append(
                f"ingress_annotations must not hold {name}: it runs foreign configuration in the controller or bends "
                "the routes. Use the role's variables."
            )
        if not isinstance(value, str):
            found.append(f"ingress_annotations[{name}] must be a string. Put the value in quotes.")
    return found


def _exempt_networks(values: Values) -> list[str]:
    return [
        f"ingress_rate_limit_exempt_cidrs must hold networks such as 10.0.0.0/8, but {str(cidr)!r} was given."
        for cidr in values["ingress_rate_limit_exempt_cidrs"]
        if not _is_network(cidr)
    ]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _cors(values: Values) -> list[str]:
    if not values["ingress_cors_enabled"]:
        return []
    origins = values["ingress_cors_origins"]
    if not origins:
        return ["ingress_cors_origins is empty. Name the origins, or set ingress_cors_enabled to false."]
    return [
        f"ingress_cors_origins must hold a scheme and a host such as https://*.intelgraph.ai, but {str(origin)!r} was "
        "given. Every origin (*) is not allowed, because the service answers with credentials."
        for origin in origins
        if not ORIGIN.fullmatch(origin)
    ]


def _certificate(values: Values) -> list[str]:
    if values["ingress_tls_source"] != "certificate":
        return []
    issuer = values["ingress_tls_issuer"]
    found = []
    if values["ingress_tls_renew_before_days"] >= values["ingress_tls_duration_days"]:
        found.append(
            f"ingress_tls_renew_before_days is {values['ingress_tls_renew_before_days']}, but must be less than "
            f"ingress_tls_duration_days ({values['ingress_tls_duration_days']})."
        )
    if issuer == "existing" and not values["ingress_tls_issuer_name"]:
        found.append("ingress_tls_issuer_name is needed with ingress_tls_issuer existing. Name the issuer.")
    if issuer == "ca" and not values["ingress_tls_ca_secret"]:
        found.append("ingress_tls_ca_secret is needed with ingress_tls_issuer ca. Name the Secret with its key pair.")
    return found + (_acme(values) if issuer.startswith("letsencrypt-") else [])


def _acme(values: Values) -> list[str]:
    found = []
    if "@" not in values["ingress_acme_email"]:
        found.append("ingress_acme_email must be an e-mail address; Let's Encrypt asks for one.")
    if (values["ingress_acme_solver"] == "dns01") != bool(values["ingress_acme_dns01"]):
        found.append(
            "ingress_acme_dns01 and ingress_acme_solver dns01 belong together: give the solver's settings, for example "
            "{route53: {region: eu-central-1}}, or neither."
        )
    return found


def _gateway(values: Values) -> list[str]:
    exists = providers.of(values).routes == "HTTPRoute" and values["ingress_gateway_name"]
    if exists or values["ingress_tls_source"] != "gateway":
        return []
    return [
        (
            "ingress_tls_source is gateway, but no Gateway that exists is named. Set ingress_provider to gateway "
            "and ingress_gateway_name, or use certificate or secret."
        )
    ]
