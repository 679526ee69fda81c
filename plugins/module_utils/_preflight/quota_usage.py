# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a release as quotas count them: by kind, and Services by what they take of nodes and cloud."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._cluster.api_resources import KINDS
from .._objects.manifest import Key, Manifest, key_of
from .references import made_by
from .requirements import Needs
from .resource_math import ZERO, amounts, plus

ONE = Decimal(1)
SCOPES_OF_ALL = frozenset({"NotTerminating", "NotBestEffort"})
"""Scopes that hold for every long-running pod with requests; a quota with another scope may not concern it."""
COUNTED_WITH_PODS = frozenset({"Pod", "PersistentVolumeClaim"})
"""Kinds whose number follows the replicas."""
RECORD = Key("v1", "Secret", "", "")
"""What the history adds for each release."""


def quotas_in_force(needs: Needs, live: t.Iterable[Manifest]) -> list[Manifest]:
    """The release's own quotas as they will be and the live ones that they leave, without those of certain pods."""
    own = needs.of_kind("ResourceQuota")
    names = {item["metadata"]["name"] for item in own}
    kept = [item for item in live if item["metadata"]["name"] not in names]
    whole = [*own, *({**item, "apiVersion": "v1", "kind": "ResourceQuota"} for item in kept)]
    return [quota for quota in whole if _concerns_all(quota)]


def limited_objects(needs: Needs, quotas: t.Iterable[Manifest]) -> dict[Key, Manifest]:
    """What the release or its controllers make in the namespace of the kinds whose number a quota limits."""
    limited = {name for quota in quotas for name in quota["spec"].get("hard") or ()}
    made: dict[Key, Manifest] = {key: {} for manifest in needs.manifests if (key := made_by(manifest))}
    own = {key_of(manifest): manifest for manifest in needs.manifests}
    return {
        key: manifest
        for key, manifest in {**made, **own}.items()
        if key.namespace == needs.namespace
        and key.kind not in COUNTED_WITH_PODS
        and limited.intersection(count_of(key, manifest))
    }


def count_of(key: Key, body: Manifest) -> dict[str, Decimal]:
    """What an object takes of a quota; nothing when its kind is not known."""
    kind = KINDS.get((key.api_version, key.kind))
    if kind is None:
        return {}
    group = key.api_version.rpartition("/")[0]
    if group:
        return {f"count/{kind.plural}.{group}": ONE}
    count = {f"count/{kind.plural}": ONE, kind.plural: ONE}
    return {**count, **_of_service(body.get("spec") or {})} if key.kind == "Service" else count


def used(live: t.Iterable[Manifest]) -> dict[str, Decimal]:
    """What the live quotas count at present."""
    found: dict[str, Decimal] = {}
    for quota in filter(_concerns_all, live):
        for name, value in amounts((quota.get("status") or {}).get("used")).items():
            found[name] = max(value, found.get(name, ZERO))
    return found


def added(objects: t.Mapping[Key, Manifest], live: t.Mapping[Key, t.Any]) -> dict[str, Decimal]:
    """What the counts grow by; `live` has None for an object that is not there, and nothing for one that is not known.

    A release that makes something new also makes a record of itself.
    """
    grown = [_growth(key, body, live[key]) for key, body in objects.items() if key in live]
    total = {name: value for name, value in plus(*grown).items() if value > 0}
    return plus(total, count_of(RECORD, {})) if total else {}


def _growth(key: Key, body: Manifest, live: Manifest | None) -> dict[str, Decimal]:
    before = {} if live is None else count_of(key, live)
    return {name: value - before.get(name, ZERO) for name, value in count_of(key, body).items()}


def _of_service(spec: Manifest) -> dict[str, Decimal]:
    """The ports that it opens on the nodes, and whether the cloud gives it a load balancer."""
    ports = spec.get("ports") or ()
    is_balanced = spec.get("type") == "LoadBalancer"
    if is_balanced and spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    opened = len(ports) if is_balanced or spec.get("type") == "NodePort" else 0
    return {"services.nodeports": Decimal(opened), "services.loadbalancers": Decimal(is_balanced)}


def _concerns_all(quota: Manifest) -> bool:
    spec = quota.get("spec") or {}
    return SCOPES_OF_ALL.issuperset(spec.get("scopes") or ()) and not spec.get("scopeSelector")
