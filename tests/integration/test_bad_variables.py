# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that cannot be used are refused by name before anything is asked of the cluster or changed on it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.conftest import Player

REFUSALS: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "an unknown variable": (
        {"workload_imgae": "x"},
        ("workload_imgae is not a variable", "Did you mean workload_image?"),
    ),
    "an unknown shared variable": (
        {"maestro_hostnam": "x"},
        ("maestro_hostnam is not a variable", "Did you mean maestro_hostname?"),
    ),
    "a wrong type": (
        {"workload_autoscaling_max_replicas": "many"},
        ("workload_autoscaling_max_replicas", "int"),
    ),
    "a text that is no boolean": (
        {"maestro_takeover": "maybe"},
        ("maestro_takeover must be a boolean", "'maybe' was given", "true or false"),
    ),
    "a choice that there is not": (
        {"ingress_provider": "apache"},
        ("ingress_provider", "nginx, traefik, gateway"),
    ),
    "a missing secret": (
        {"secrets_values": {"DATABASE_URL": "postgresql://u:canary-31f7@db/x"}},
        ("secrets_values", "ANTHROPIC_API_KEY"),
    ),
    "an impossible persistence": (
        {"workload_persistence_mode": "shared", "workload_persistence_access_mode": "ReadWriteOnce"},
        ("workload_persistence_access_mode", "ReadWriteOnce"),
    ),
    "fewer replicas at most than at least": (
        {
            "workload_autoscaling_enabled": True,
            "workload_autoscaling_min_replicas": 5,
            "workload_autoscaling_max_replicas": 4,
        },
        ("workload_autoscaling_max_replicas",),
    ),
    "a name that is none": ({"maestro_name": "Maestro!"}, ("maestro_name must be a DNS label", "'Maestro!'")),
}


@pytest.mark.parametrize("given", REFUSALS)
def test_it_is_refused_by_name_and_nothing_is_made(
    given: str, namespace: str, deploy: Player, cluster: Cluster
) -> None:
    variables, words = REFUSALS[given]
    done = deploy(**variables)
    assert done.rc != 0
    for word in words:
        assert word in done.failure
    assert "canary-31f7" not in done.output
    assert not any(entry["action"].endswith((".cluster_info", ".release")) for entry in done.tasks)
    assert cluster.find("v1", "Namespace", "", namespace) is None
