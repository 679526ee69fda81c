# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody does who may write the objects that a history is kept in."""

from __future__ import annotations

import base64
import gzip
import json
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record import Record
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record_secret import (
    CONTENT,
    NUMBER_LABEL,
    OUTCOME,
    PART_LABEL,
    RECORD_LABEL,
    STATE_LABEL,
    Place,
    encoded,
    record_name,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.seal import Link
from tests.unit.plugins.samples import Manifest

KEY = "0123456789abcdef0123456789abcdef"
CLUSTER_ADMIN: Manifest = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "forged"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "ServiceAccount", "name": "attacker", "namespace": "default"}],
}


def packed(content: t.Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()


def config_map_record(place: Place, record: Record) -> Manifest:
    """A record as it was kept before records were Secrets."""
    labels = {
        RECORD_LABEL: place.name,
        NUMBER_LABEL: str(record.number),
        STATE_LABEL: record.state,
        PART_LABEL: "0",
    }
    name = record_name(place.name, record.number)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": place.namespace,
            "labels": labels,
            **({"annotations": {OUTCOME: json.dumps(record.outcome)}} if record.outcome else {}),
        },
        "immutable": True,
        "binaryData": {CONTENT: packed({"about": record.about, "manifests": list(record.manifests)})},
    }


def forged(place: Place, record: Record, previous: Link | None = None, key: str = "") -> Manifest:
    """A record as the product makes it, by somebody who read its source."""
    return encoded(record, place, previous or Link(), key)[0][0]
