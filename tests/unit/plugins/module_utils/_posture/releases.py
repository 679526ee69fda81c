# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole releases, rendered by the roles, for tests that change one thing in them."""

from __future__ import annotations

import copy
import functools
import json
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.evaluate import evaluate
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.permissions import Access
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.snapshot import PostureSnapshot
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import assemble
from tests.unit.rendering import render_with_secrets

Manifest = dict[str, t.Any]
Change = t.Callable[["Objects"], None]
ROLES = ("namespace", "secrets", "workload", "ingress", "monitoring")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "JWT_SIGNING_KEY", "EXTERNAL_SERVICE_TOKEN")
VARIABLES: dict[str, t.Any] = {
    "secrets_source": "inline",
    "secrets_values": {
        **{key: f"value-of-{key}-0123456789abcdef" for key in KEYS},
        "DATABASE_URL": "postgresql://maestro:pa55@10.0.0.1:5432/maestro?sslmode=verify-full",
        "REDIS_URL": "rediss://:pa55@10.0.0.2:6379/0",
    },
    "maestro_registry_secret": False,
    "maestro_database": {"host": "10.0.0.1"},
    "maestro_redis": {"host": "10.0.0.2"},
    "monitoring_pagerduty_routing_key": "0123456789abcdef0123456789abcdef",
    "monitoring_slack_api_url": "https://hooks.slack.example/services/x",
}


class Objects:
    """The objects of a release, to be changed."""

    def __init__(self, items: t.Iterable[Manifest]) -> None:
        self.items = [copy.deepcopy(item) for item in items]
        self.pods: list[Manifest] = []

    def __getitem__(self, kind: str) -> Manifest:
        """The one object of a kind, or the first of several."""
        return next(item for item in self.items if item["kind"] == kind)

    @property
    def pod(self) -> Manifest:
        """The spec of the workload's pod template."""
        return t.cast("Manifest", self["Deployment"]["spec"]["template"]["spec"])

    @property
    def container(self) -> Manifest:
        return t.cast("Manifest", self.pod["containers"][0])

    def drop(self, kind: str, name: str = "") -> None:
        self.items = [item for item in self.items if item["kind"] != kind or name not in ("", item["metadata"]["name"])]

    def add(self, api_version: str, kind: str, name: str, **fields: t.Any) -> None:
        metadata = {"name": name, "namespace": "maestro-system"}
        self.items.append({"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields})


def manifests(**variables: t.Any) -> tuple[Manifest, ...]:
    """What a release with these variables declares."""
    return _manifests(json.dumps({**VARIABLES, **variables}))


@functools.cache
def _manifests(variables: str) -> tuple[Manifest, ...]:
    components, secrets = {}, {}
    for role in ROLES:
        components[role], values = render_with_secrets(role, **_of(role, json.loads(variables)))
        secrets.update(values)
    return assemble(components, secrets).manifests


def _of(role: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
    """The shared variables and the role's own."""
    return {name: value for name, value in variables.items() if name.startswith(("maestro_", f"{role}_"))}


def changed(change: Change, items: t.Iterable[Manifest] | None = None) -> Objects:
    objects = Objects(manifests() if items is None else items)
    change(objects)
    return objects


def evaluated(
    live: Objects, declared: t.Sequence[Manifest] | None = None, access: Access | None = None
) -> list[Finding]:
    """The findings of a release whose live objects are these."""
    wanted = tuple(manifests() if declared is None else declared)
    snapshot = PostureSnapshot("maestro", "maestro-system", 12, wanted, tuple(live.items), tuple(live.pods), access)
    return list(evaluate(snapshot).findings)
