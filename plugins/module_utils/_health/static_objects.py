# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks once at the objects that are not watched: whether each is there and stays."""

from __future__ import annotations

import functools
import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import ApiError, Cluster
from .._objects.group_kind import kind_of
from .facts import Live
from .field_filter import trimmed
from .kinds.registry import is_static

UNREADABLE = frozenset({401, 403, 404, 405})
MANY = 2
"""So many objects of a kind are listed with one request; fewer are read one by one."""

Place = tuple[str, str, str]
"""(apiVersion, kind, namespace)"""


def look(cluster: Cluster, manifests: t.Iterable[Manifest], selector: str) -> dict[str, tuple[Live, ...]]:
    """The live objects by kind, of each kind that may be read; raises ClusterError when the API does not answer.

    A kind is left out when one of its objects may not be read: nothing can be said of it then.
    """
    places: dict[Place, list[Manifest]] = {}
    for manifest in filter(is_static, manifests):
        place = manifest["apiVersion"], manifest["kind"], manifest["metadata"].get("namespace", "")
        places.setdefault(place, []).append(manifest)
    calls = [functools.partial(_of_place, cluster, place, each, selector) for place, each in places.items()]
    found: dict[str, tuple[Live, ...]] = {}
    unread: set[str] = set()
    for place, answer in zip(places, cluster.parallel(lambda call: call(), calls), strict=True):
        kind = kind_of({"apiVersion": place[0], "kind": place[1]})
        unread |= {kind} if answer is None else set()
        found[kind] = (*found.get(kind, ()), *(answer or ()))
    return {kind: items for kind, items in found.items() if kind not in unread}


def _of_place(cluster: Cluster, place: Place, manifests: t.Sequence[Manifest], selector: str) -> list[Live] | None:
    """Secrets are read one by one: a list brings those of others."""
    api_version, kind, namespace = place
    names = {manifest["metadata"]["name"] for manifest in manifests}
    types = {"apiVersion": api_version, "kind": kind}
    try:
        if namespace and len(names) >= MANY and kind != "Secret":
            listed = cluster.list_objects(api_version, kind, namespace, labelSelector=selector)["items"]
            there = {item["metadata"]["name"]: item for item in listed}
            others = [cluster.find(*place, name) for name in sorted(names - there.keys())]
            items = [*(there[name] for name in sorted(names & there.keys())), *filter(None, others)]
        else:
            items = [item for item in (cluster.find(*place, name) for name in sorted(names)) if item]
    except ApiError as error:
        if error.status in UNREADABLE:
            return None
        raise
    return [trimmed({**types, **item}) for item in items]
