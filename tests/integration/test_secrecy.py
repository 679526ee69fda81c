# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret value leaves the Secrets: not in output at the highest verbosity, not in diffs, not in the history."""

from __future__ import annotations

import base64
import json
import pathlib
import secrets
import typing as t
import urllib.parse

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import Player

CANARIES = {
    name: f'{name}/"{secrets.token_urlsafe(24)}"{{x}}' for name in ("openai", "anthropic", "jwt", "external", "pull")
}


def disguises(value: str) -> set[str]:
    """The forms in which a value could come out: plain, as JSON, in a URL, and in base64 at each alignment."""
    raw = value.encode()
    encoded = {base64.b64encode(b"x" * shift + raw).decode()[4 * (shift > 0) + 4 : -8] for shift in range(3)}
    return {value, json.dumps(value)[1:-1], urllib.parse.quote(value), *encoded}


@pytest.fixture
def variables(lab: dict[str, t.Any]) -> dict[str, t.Any]:
    """The lab's own database, and canaries for everything that the stand-in does not use."""
    database, redis = lab["database"], lab["redis"]
    address = f"{database['host']}:{database['port']}/{database['name']}"
    return {
        "secrets_values": {
            "DATABASE_URL": f"postgresql://{database['user']}:{database['password']}@{address}?sslmode=verify-full",
            "REDIS_URL": f"rediss://:{redis['password']}@{redis['host']}:{redis['port']}/0",
            "OPENAI_API_KEY": CANARIES["openai"],
            "ANTHROPIC_API_KEY": CANARIES["anthropic"],
            "JWT_SIGNING_KEY": CANARIES["jwt"],
            "EXTERNAL_SERVICE_TOKEN": CANARIES["external"],
        }
    }


def test_no_secret_value_comes_out(
    namespace: str,
    deploy: Player,
    cluster: Cluster,
    lab: dict[str, t.Any],
    variables: dict[str, t.Any],
    reports: pathlib.Path,
) -> None:
    wrong_pull = {**variables, "secrets_registry_password": CANARIES["pull"], "maestro_wait_timeout": 8}
    plays = [
        deploy("-vvvv", "--diff", "--check", **variables),
        deploy("-vvvv", "--diff", **wrong_pull),
        deploy("-vvvv", "--diff", **variables),
    ]
    assert [done.rc for done in plays] == [0, 2, 0], plays[-1].output[-4000:]
    shown = "\n".join(done.output for done in plays)
    kept = "".join(path.read_text(encoding="utf-8") for path in reports.iterdir())
    assert "ImagePullBackOff" in kept or "ErrImagePull" in kept
    recorded = json.dumps([(record.manifests, record.about, record.outcome) for record in history(cluster, namespace)])
    values = [*CANARIES.values(), *(lab[part]["password"] for part in ("database", "redis", "registry"))]
    for form in (form for value in values for form in disguises(value)):
        assert form not in shown
        assert form not in kept
        assert form not in recorded
    assert "(secret)" in recorded
    assert CANARIES["openai"] in held(cluster, namespace)


def held(cluster: Cluster, namespace: str) -> set[str]:
    """The values that the namespace's Secrets hold."""
    found = seeing.declared(cluster, namespace, ("v1", "Secret")).values()
    return {base64.b64decode(value).decode() for item in found for value in (item.get("data") or {}).values()}


def history(cluster: Cluster, namespace: str) -> list[t.Any]:
    records = seeing.history(cluster, namespace)
    assert [record.state for record in records] == ["failed", "passed"]
    return records
