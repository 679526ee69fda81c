# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the variables of the namespace role fit together."""

from __future__ import annotations

import ipaddress
import itertools
import re
import typing as t

from . import quantity, string_maps
from .shared import release_context

Values = t.Mapping[str, t.Any]

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
PINNED_VERSION = re.compile(r"v1\.[0-9]+")
IDENTITIES = {
    "irsa": ("role", "the ARN of an IAM role", re.compile(r"arn:aws[-a-z]*:iam::[0-9]{12}:role/\S+")),
    "gke": (
        "role",
        "the e-mail of a Google service account",
        re.compile(r"[^@\s]+@[^@\s]+\.iam\.gserviceaccount\.com"),
    ),
    "azure": (
        "client_id",
        "the client ID of a managed identity",
        re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    ),
}
"""What names the cloud identity, for each provider that needs a name on the ServiceAccount."""
NOTHING = re.compile("")
IRSA_ANNOTATION = "eks.amazonaws.com/role-arn"

TEXTS = (
    "namespace_labels",
    "namespace_service_account_annotations",
    "namespace_dns_labels",
    "namespace_dns_cache_labels",
)
CIDR_LISTS = (
    "namespace_dns_cidrs",
    "namespace_ingress_controller_cidrs",
    "namespace_database_cidrs",
    "namespace_redis_cidrs",
)
RESOURCES = ("cpu", "memory", "ephemeral_storage")
LIMITS = ("default_request", "default", "max")
"""From the least to the most."""
QUANTITIES = (
    *(f"namespace_quota_{side}_{resource}" for side in ("requests", "limits") for resource in RESOURCES),
    "namespace_quota_requests_storage",
    *(f"namespace_limits_{part}_{resource}" for part in LIMITS for resource in RESOURCES),
)
COUNTS = tuple(f"namespace_quota_{what}" for what in ("pods", "volume_claims", "load_balancers", "node_ports"))

FORBIDDEN_VERBS = {
    "escalate": "raises its own rights",
    "bind": "binds itself to stronger roles",
    "impersonate": "acts as somebody else",
}
FORBIDDEN_RESOURCES = {
    "serviceaccounts/token": "makes tokens of other accounts",
    "pods/exec": "runs commands in other pods",
}


def check(values: Values) -> list[str]:
    """Every rule that the values break, a sentence each."""
    rules = (_texts, _version, _identity, _rights, _token, _figures, _limits, _addresses, _upstreams)
    return [problem for rule in rules for problem in rule(values)]


def _texts(values: Values) -> t.Iterator[str]:
    for name in TEXTS:
        yield from string_maps.not_strings(name, values[name])


def _version(values: Values) -> t.Iterator[str]:
    version = str(values["namespace_pod_security_version"])
    if not PINNED_VERSION.fullmatch(version):
        yield (
            f"namespace_pod_security_version must be a minor version such as v1.33, but {version!r} was given. It is "
            "pinned so that a cluster upgrade cannot refuse pods that run."
        )


def _identity(values: Values) -> t.Iterator[str]:
    identity = release_context(values)["identity"]
    provider = identity["provider"]
    needed, words, form = IDENTITIES.get(provider, ("", "", NOTHING))
    if needed and not form.fullmatch(identity[needed]):
        yield (
            f"maestro_identity.{needed} must be {words} with provider {provider}, "
            f"but {str(identity[needed])!r} was given."
        )
    for field in sorted({"role", "client_id"} - {needed}):
        if identity[field]:
            yield f"maestro_identity.{field} has no effect with provider {provider}. Remove it, or change the provider."
    if IRSA_ANNOTATION in values["namespace_service_account_annotations"]:
        yield (
            f"namespace_service_account_annotations must not hold {IRSA_ANNOTATION}: a ServiceAccount has either an "
            "IRSA role or a Pod Identity association. Use maestro_identity with provider irsa and the role."
        )


def _rights(values: Values) -> t.Iterator[str]:
    for index, rule in enumerate(values["namespace_rbac_rules"]):
        for problem in _too_much(rule):
            yield f"namespace_rbac_rules[{index}] {problem}."


def _too_much(rule: Values) -> t.Iterator[str]:
    """Why a rule grants more than a control plane may have."""
    for part in ("api_groups", "resources", "verbs"):
        if not rule[part]:
            yield f"has no {part}; name them, or remove the rule"
        if any("*" in item for item in rule[part]):
            yield f"has a wildcard in {part}; name what is needed"
    for verb in sorted(FORBIDDEN_VERBS.keys() & set(rule["verbs"])):
        yield f"has the verb {verb}, with which a pod {FORBIDDEN_VERBS[verb]}; remove it"
    for resource in sorted(FORBIDDEN_RESOURCES.keys() & set(rule["resources"])):
        yield f"names {resource}, with which a pod {FORBIDDEN_RESOURCES[resource]}; remove it"
    if "secrets" in rule["resources"] and not rule.get("resource_names"):
        yield "opens all Secrets of the namespace; name the Secrets in resource_names"
    if "secrets" in rule["resources"] and {"list", "watch"} & set(rule["verbs"]):
        yield "lets pods list or watch Secrets, which shows their values; use get with resource_names"


def _token(values: Values) -> t.Iterator[str]:
    if values["namespace_rbac_rules"] and not values["namespace_service_account_token"]:
        yield (
            "namespace_rbac_rules grants rights, but no pod has a token to use them. Set "
            "namespace_service_account_token to true, and open the way to the API server in namespace_egress_upstreams."
        )


def _figures(values: Values) -> t.Iterator[str]:
    for name in COUNTS:
        if values[name] < 0:
            yield f"{name} must be 0 or more, but {values[name]} was given."
    for name in QUANTITIES:
        yield from quantity.problem(name, values[name])


def _limits(values: Values) -> t.Iterator[str]:
    """A default request above the default limit, or a limit above the maximum, refuses every such pod."""
    for resource in RESOURCES:
        for low, high in itertools.pairwise(f"namespace_limits_{part}_{resource}" for part in LIMITS):
            if quantity.exceeds(values[low], values[high]):
                yield f"{low} ({values[low]}) must not exceed {high} ({values[high]})."


def _addresses(values: Values) -> t.Iterator[str]:
    for name in CIDR_LISTS:
        yield from _ranges(name, values[name])
    for index, upstream in enumerate(values["namespace_egress_upstreams"]):
        yield from _ranges(f"namespace_egress_upstreams[{index}].cidrs", upstream.get("cidrs") or [])


def _ranges(name: str, cidrs: t.Iterable[str]) -> t.Iterator[str]:
    for cidr in cidrs:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            yield f"{name} must hold address ranges such as 10.20.0.0/24, but {str(cidr)!r} was given ({error})."


def _upstreams(values: Values) -> t.Iterator[str]:
    upstreams = values["namespace_egress_upstreams"]
    names = [upstream["name"] for upstream in upstreams]
    for index, upstream in enumerate(upstreams):
        where = f"namespace_egress_upstreams[{index}]"
        if not DNS_LABEL.fullmatch(upstream["name"]):
            yield f"{where}.name must be a DNS label (a-z, 0-9 and -), but {upstream['name']!r} was given."
        if not upstream["host"]:
            yield f"{where}.host must be a DNS name or an address, but it is empty."
        if not 1 <= upstream["port"] <= 65535:
            yield f"{where}.port must be between 1 and 65535, but {upstream['port']} was given."
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"namespace_egress_upstreams holds the name {name} more than once; give each upstream its own."
