# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes releases against the API double, and reads what came of them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Answer, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import deploy as deploying
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import Release, assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import History, Record
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import ReleaseOptions
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    config_map,
    deployment,
    namespace,
    secret,
    service,
)

WISH = ReleaseOptions("maestro", NAMESPACE, timeout=0.3, about={"by": "me@here", "reason": "test"})
POD: Manifest = {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "maestro-config"}}]}]}
SCALER = "HorizontalPodAutoscaler"
AWAY = Unreachable("The API server cannot be reached")
STUCK = {
    "observedGeneration": 99,
    "replicas": 4,
    "updatedReplicas": 1,
    "availableReplicas": 3,
    "conditions": [
        {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "message": "deadline exceeded",
        }
    ],
}


class TwoVersions(ApiDouble):
    """Serves autoscalers as `autoscaling/v1` too: another way to the same objects, as in the API server."""

    def __init__(self, *namespaces: str) -> None:
        super().__init__(*namespaces)
        self._kinds["autoscaling/v1", "HorizontalPodAutoscaler"] = self._kinds[
            "autoscaling/v2", "HorizontalPodAutoscaler"
        ]

    def request(self, method: str, path: str, *arguments: t.Any, **options: t.Any) -> Answer:
        answer = super().request(method, path.replace("/autoscaling/v1/", "/autoscaling/v2/"), *arguments, **options)
        if isinstance(answer.body, dict) and answer.body.get("kind") == SCALER:
            return answer._replace(body={**answer.body, "apiVersion": "/".join(path.split("/")[2:4])})
        return answer


def autoscaled(version: str, *more: Manifest, **settings: t.Any) -> Release:
    """A release whose autoscaler is declared in this version of its API."""
    scaler = {**autoscaler("other"), "apiVersion": f"autoscaling/{version}"}
    return release(scaler, *more, **settings)


def release(*more: Manifest, **settings: t.Any) -> Release:
    """A whole release whose settings are the keyword arguments."""
    manifests, values = take_out_secrets([namespace(), secret(), config_map(**settings), *more])
    return assemble({"all": [*manifests, deployment(**POD), autoscaler(), service()]}, values)


def deploy(cluster: ApiDouble, wanted: Release | None = None, check: bool = False, **options: t.Any) -> Outcome:
    cluster.writes.clear()
    return deploying(cluster, wanted or release(), dataclasses.replace(WISH, **options), check)


def records(cluster: ApiDouble) -> list[Record]:
    return History(cluster, NAMESPACE, "maestro").read().records


def states(cluster: ApiDouble) -> list[tuple[int, str]]:
    return [(record.number, record.state) for record in records(cluster)]


def settings(cluster: ApiDouble) -> int:
    """How many content-named ConfigMaps there are."""
    return len([name for name in cluster.names("configmaps") if name.startswith("maestro-config-")])
