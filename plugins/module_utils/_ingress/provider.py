# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ingress provider is: one object that answers all that the roles, the checks and the rules ask of it.

Nothing else in the collection switches on a provider's name. docs/developing.md says how to add one.
"""

from __future__ import annotations

import dataclasses
import typing as t

Values = t.Mapping[str, t.Any]
"""The variables of the role ingress, typed, with the shared ones."""
Live = t.Mapping[str, t.Any]
Rule = t.Callable[[Values], t.Iterator[str]]
"""A sentence for each variable that the provider would ignore."""

RATE_LIMIT, CORS, HSTS, BODY_LIMIT = "rate-limit", "cors", "hsts", "body-limit"
FEATURES = {
    RATE_LIMIT: "ingress_rate_limit_enabled",
    CORS: "ingress_cors_enabled",
    HSTS: "ingress_hsts_enabled",
    BODY_LIMIT: "ingress_body_limit_mebibytes",
}
"""What can be recognised on objects, and the variable that switches it on."""


class Objects(t.Protocol):
    """The objects of one release, live or rendered, among which a route finds what it refers to."""

    @property
    def namespace(self) -> str: ...

    def of(self, *kinds: str) -> t.Sequence[Live]: ...

    def find(self, kind: str, name: str) -> Live | None: ...


Recognise = t.Callable[[Objects, Live], bool]
"""Whether an Ingress or HTTPRoute among these objects has a feature."""


class Software(t.NamedTuple):
    """A controller or operator. `image` matches the repository that its containers run (empty: nobody looks for them).

    `groups` are the API groups that it brings, `without` says what to set to deploy without it.
    """

    name: str
    image: str
    groups: tuple[str, ...]
    without: str


class Metrics(t.NamedTuple):
    """The counter of requests that a controller exports, for the alerts on the rate limit and on missing metrics.

    `matcher` holds {name} and {namespace} of the release; `status` is the label of the HTTP status. `is_exported`
    says that the release's namespace is a label of its own, which a scrape may rename to exported_namespace.
    """

    name: str
    source: str
    series: str
    matcher: str
    status: str
    is_exported: bool = False


class Retirement(t.NamedTuple):
    """A controller that gets no more releases: since when, and its last one."""

    since: str
    last_release: tuple[int, ...]


def never(_objects: Objects, _route: Live) -> bool:
    """Recognises nothing."""
    return False


@dataclasses.dataclass(frozen=True)
class Provider:
    """What serves the routes. `name` and `implementation` are values of the variables that choose it.

    `software` is the controller that has to run; `classes` are the controllers that an IngressClass or a GatewayClass
    names for it, and `stand_ins` is other software that serves such a class. `templates` are the files of the role
    that are its own; `kinds` are the kinds of other API groups that they render, with their plural names. `features`
    recognise on objects what `refused` does not refuse; a feature without an entry is not said on objects.
    `variables` are the least with which the role renders a complete ingress for it.
    """

    name: str
    title: str
    software: Software
    classes: tuple[str, ...]
    templates: tuple[str, ...]
    controller_namespaces: tuple[str, ...]
    features: t.Mapping[str, Recognise]
    refused: tuple[Rule, ...]
    variables: Values
    routes: str = "Ingress"
    implementation: str = ""
    stand_ins: tuple[Software, ...] = ()
    requires: tuple[Software, ...] = ()
    kinds: t.Mapping[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    only_redirects: Recognise = never
    metrics: Metrics | None = None
    retirement: Retirement | None = None
    listener_ports: tuple[int, int] = (80, 443)
    route_filter: str = ""
    has_route_timeout: bool = True

    @property
    def id(self) -> str:
        """The name, with the implementation where there are several."""
        return f"{self.name}-{self.implementation}" if self.implementation else self.name

    def problems(self, values: Values) -> list[str]:
        """A sentence for each variable that the provider would ignore."""
        return [problem for rule in self.refused for problem in rule(values)]

    def context(self) -> dict[str, t.Any]:
        """What the role's templates ask, as plain values."""
        return {
            "templates": list(self.templates),
            "routes": self.routes,
            "http_port": self.listener_ports[0],
            "https_port": self.listener_ports[1],
            "route_filter": self.route_filter,
            "has_route_timeout": self.has_route_timeout,
        }


def annotations_of(item: Live) -> t.Mapping[str, t.Any]:
    return item["metadata"].get("annotations") or {}


def annotated(*names: str) -> Recognise:
    """Recognises a feature by one of these annotations; empty, 0 and false mean that it is off."""

    def recognise(_objects: Objects, item: Live) -> bool:
        found = annotations_of(item)
        return any(str(found.get(name, "")).strip().lower() not in ("", "0", "0m", "false") for name in names)

    return recognise
