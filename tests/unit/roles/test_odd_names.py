# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that YAML reads as numbers, booleans or dates stay names, in every role and everywhere in its objects."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.unit.rendering import render

ODD = ["007", "0839", "1e3", "on", "2026-11-30", "0o17", "null"]
SECRETS: dict[str, t.Any] = {
    "secrets_source": "external",
    "secrets_external_remote_key": "maestro",
    "secrets_external_registry_remote_key": "ghcr",
    "secrets_external_aws_region": "eu-west-1",
}
GIVEN: dict[str, dict[str, t.Any]] = {
    "namespace": {},
    "secrets": SECRETS,
    "workload": {"workload_storage_class": "1e3", "workload_persistence_mode": "ephemeral"},
    "ingress": {},
    "monitoring": {},
}


def texts(value: t.Any) -> t.Iterator[t.Any]:
    """Every name in a value, however deep."""
    if isinstance(value, dict):
        yield from (inner for key, inner in value.items() if key in {"name", "namespace", "secretName", "serviceName"})
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


@pytest.mark.parametrize("role", GIVEN)
@pytest.mark.parametrize("odd", ODD)
def test_a_name_stays_a_name(role: str, odd: str) -> None:
    given = {"maestro_name": odd, "maestro_namespace": odd, "maestro_secret_name": odd, **GIVEN[role]}
    manifests = render(role, maestro_labels={"team": odd}, **given)
    found = list(texts(manifests))
    assert found
    assert [name for name in found if not isinstance(name, str)] == []
    assert all(manifest["metadata"]["labels"]["team"] == odd for manifest in manifests)
    assert json.dumps(manifests)
