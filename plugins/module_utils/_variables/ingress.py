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
CONTROLLER_HSTS = {
    "ingress_hsts_enabled": True,
    "ingress_hsts_max_age_seconds": 31536000,
    "ingress_hsts_include_subdomains": True,
    "ingress_hsts_preload": False,
}


def check(variables: Values) -> list[str]:
    """A sentence for each contradiction between the role's variables (typed, defaults filled in)."""
    parts = (
        _ranges,
        _addresses,
        _annotations,
        _rate_limit,
        _limits,
        _cors,
        _hsts,
        _certificate,
        _gateway,
        _gateway_of_nginx,
        _backend_tls,
    )
    return [problem for part in parts for problem in part(variables)]


def engine(values: Values) -> str:
    """Who keeps the limits: nginx, traefik, or of the Gateway API envoy, nginx-gateway, traefik, standard."""
    if values["ingress_provider"] != "gateway":
        return str(values["ingress_provider"])
    implementation = str(values["ingress_gateway_implementation"])
    return "nginx-gateway" if implementation == "nginx" else implementation


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
    annotations = values["ingress_annotations"]
    found = []
    if annotations and values["ingress_provider"] == "gateway":
        found.append("ingress_annotations has no meaning with ingress_provider gateway. Empty it.")
    for name, value in annotations.items():
        if RISKY_ANNOTATION.fullmatch(name):
            found.append(
                f"ingress_annotations must not hold {name}: it runs foreign configuration in the controller or bends "
                "the routes. Use the role's variables."
            )
        if not isinstance(value, str):
            found.append(f"ingress_annotations[{name}] must be a string. Put the value in quotes.")
    return found


def _rate_limit(values: Values) -> list[str]:
    if not values["ingress_rate_limit_enabled"]:
        return []
    rate, burst = values["ingress_rate_limit_requests_per_second"], values["ingress_rate_limit_burst"]
    found = []
    if engine(values) == "nginx" and rate > 0 and burst % rate:
        found.append(
            f"ingress_rate_limit_burst is {burst}, but NGINX takes a whole multiple of "
            f"ingress_rate_limit_requests_per_second ({rate}). Use for example {rate * max(1, burst // rate)}."
        )
    if engine(values) == "envoy" and burst != rate:
        found.append(
            f"ingress_rate_limit_burst is {burst}, but Envoy Gateway has no burst beside the rate. Set it to {rate}, "
            "as ingress_rate_limit_requests_per_second."
        )
    if engine(values) == "standard":
        found.append(
            "ingress_rate_limit_enabled is true, but the Gateway API itself has no rate limit. Name the implementation "
            "in ingress_gateway_implementation, or set it to false."
        )
    return found + _exemptions(values)


def _exemptions(values: Values) -> list[str]:
    cidrs = values["ingress_rate_limit_exempt_cidrs"]
    if cidrs and engine(values) != "nginx":
        return ["ingress_rate_limit_exempt_cidrs works with ingress_provider nginx only. Empty it."]
    return [
        f"ingress_rate_limit_exempt_cidrs must hold networks such as 10.0.0.0/8, but {str(cidr)!r} was given."
        for cidr in cidrs
        if not _is_network(cidr)
    ]


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _limits(values: Values) -> list[str]:
    found = []
    if values["ingress_connections_per_client"] and engine(values) not in ("nginx", "traefik"):
        found.append(
            f"ingress_connections_per_client is {values['ingress_connections_per_client']}, but "
            f"{engine(values)} of the Gateway API has no such limit. Set it to 0."
        )
    if values["ingress_body_limit_mebibytes"] and engine(values) == "standard":
        found.append(
            "ingress_body_limit_mebibytes is not known to the Gateway API itself. Name the implementation in "
            "ingress_gateway_implementation, or set it to 0."
        )
    return found


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


def _hsts(values: Values) -> list[str]:
    if values["ingress_provider"] != "nginx":
        return []
    return [
        f"{name} is {str(values[name]).lower()}, but ingress-nginx takes HSTS from its own ConfigMap. Change it there "
        f"(hsts, hsts-max-age, hsts-include-subdomains, hsts-preload) and leave {name} at {str(default).lower()}."
        for name, default in CONTROLLER_HSTS.items()
        if values[name] != default
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
    existing = values["ingress_provider"] == "gateway" and bool(values["ingress_gateway_name"])
    if existing and values["ingress_tls_source"] != "gateway":
        return [
            (
                f"ingress_tls_source is {values['ingress_tls_source']}, but the Gateway "
                f"{values['ingress_gateway_name']} that exists terminates TLS with its own certificate. Set it to "
                "gateway."
            )
        ]
    if not existing and values["ingress_tls_source"] == "gateway":
        return [
            (
                "ingress_tls_source is gateway, but no Gateway that exists is named. Set ingress_provider to gateway "
                "and ingress_gateway_name, or use certificate or secret."
            )
        ]
    return []


def _gateway_of_nginx(values: Values) -> list[str]:
    """NGINX Gateway Fabric 2 puts NGINX and its load balancer into the namespace of each Gateway."""
    own = values["ingress_gateway_namespace"] in ("", values["maestro_namespace"])
    if engine(values) != "nginx-gateway" or (values["ingress_gateway_name"] and not own):
        return []
    return [
        (
            "ingress_gateway_implementation nginx needs a Gateway in another namespace: NGINX Gateway Fabric runs "
            f"NGINX and its load balancer in the namespace of the Gateway, and {values['maestro_namespace']} is closed "
            "to both by its network policies and its quota. Name the Gateway in ingress_gateway_name and "
            "ingress_gateway_namespace, and its namespace in namespace_ingress_controller_namespaces as well."
        )
    ]


def _backend_tls(values: Values) -> list[str]:
    if not values["ingress_backend_tls_enabled"]:
        return []
    if values["ingress_provider"] == "traefik":
        return [
            (
                "ingress_backend_tls_enabled cannot be kept with ingress_provider traefik, which reads it from the "
                "Service. Use nginx or gateway, or encrypt below the service (WireGuard of the CNI, or a mesh)."
            )
        ]
    return [
        f"{name} is needed with ingress_backend_tls_enabled, or nothing is verified."
        for name in ("ingress_backend_tls_server_name", "ingress_backend_tls_ca")
        if not values[name]
    ]
