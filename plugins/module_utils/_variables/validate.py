# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that can be said of a role's variables without asking anybody: names, types, and how they fit together."""

from __future__ import annotations

import re
import typing as t

from . import ingress, monitoring, namespace, secrets, strict_types, unknown_names, workload
from .shared import SHARED

Values = t.Mapping[str, t.Any]
Options = t.Mapping[str, t.Mapping[str, t.Any]]

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
NAME_LIMIT = 40
"""A release's name is the stem of other names, of at most 63 characters."""

RULES: dict[str, t.Callable[[Values], list[str]]] = {
    "ingress": ingress.check,
    "monitoring": monitoring.check,
    "namespace": namespace.check,
    "secrets": secrets.check,
    "workload": workload.check,
}
"""For each role the rules that hold between several of its variables."""

CONTEXTS: dict[str, t.Callable[[Values, Values], dict[str, t.Any]]] = {
    "ingress": ingress.context,
    "monitoring": monitoring.context,
}
"""For each role what its templates are given beside its variables."""


OF_THE_PROVIDER = ("ingress_provider", "ingress_gateway_implementation")
"""The variables that choose the ingress provider, which other roles adapt to as well."""


def context_of(role: str, values: Values, chosen: Values) -> dict[str, t.Any]:
    """What a role's templates are given beside its variables. Raises LookupError for a provider that there is not.

    `chosen` are those of the host's variables that choose the ingress provider, as far as it has them.
    """
    return CONTEXTS[role](values, chosen) if role in CONTEXTS else {}


def of_role(
    role: str, options: Options, values: Values, given: t.Iterable[str], environment: t.Collection[str] = ()
) -> list[str]:
    """Every problem of a role's variables and of the shared ones, a sentence each.

    `options` is the role's argument spec, `values` its templated variables with the shared ones, `given` the
    names of all variables that the host has, `environment` those that its templates set in containers.
    """
    names = list(given)
    found = unknown_names.problems(f"{role}_", names, options)
    found += unknown_names.problems("maestro_", names, SHARED)
    found += strict_types.problems_of(values, {**SHARED, **options})
    if found:
        return found
    rules = RULES.get(role)
    taken = workload.overridden(values, environment) if role == "workload" else []
    return [*_names(values), *taken, *(rules(values) if rules else [])]


def warnings_of_role(role: str, options: Options, given: t.Iterable[str]) -> list[str]:
    """What is no mistake for sure: names that only begin like the role's."""
    return unknown_names.strangers(f"{role}_", given, options)


def _names(values: Values) -> list[str]:
    return [
        f"{variable} must be a DNS label (a-z, 0-9 and -) of at most {limit} characters, but {values[variable]!r} "
        "was given."
        for variable, limit in (("maestro_name", NAME_LIMIT), ("maestro_namespace", 63))
        if len(values[variable]) > limit or not DNS_LABEL.fullmatch(values[variable])
    ]
