# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each stage needs what the former ones made."""

from __future__ import annotations

import pathlib
import re

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.apply_order import (
    STAGES,
    by_stage,
    in_order,
    stage_of,
)
from tests.unit.plugins.samples import autoscaler, config_map, deployment, manifest, namespace, secret, service

GROUPS = {name: version for version, name in KINDS}
"""The version of each kind's API."""
ROLES = pathlib.Path(__file__).resolve().parents[6] / "roles"


def stage_number(kind: str, **annotations: str) -> int:
    made = manifest(GROUPS.get(kind, "example.org/v1"), kind, "x")
    made["metadata"]["annotations"] = {f"maestro.intelgraph.ai/{name}": value for name, value in annotations.items()}
    return stage_of(made)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("Namespace", "ServiceAccount"),
        ("NetworkPolicy", "Deployment"),
        ("ResourceQuota", "Deployment"),
        ("ServiceAccount", "Deployment"),
        ("RoleBinding", "Deployment"),
        ("StorageClass", "PersistentVolumeClaim"),
        ("SecretStore", "ExternalSecret"),
        ("ClusterSecretStore", "ExternalSecret"),
        ("Issuer", "Certificate"),
        ("ClusterIssuer", "Certificate"),
        ("ClusterRole", "Deployment"),
        ("ClusterRoleBinding", "Deployment"),
        ("PriorityClass", "Deployment"),
        ("ConfigMap", "Deployment"),
        ("Secret", "StatefulSet"),
        ("PersistentVolumeClaim", "Deployment"),
        ("Deployment", "Ingress"),
        ("Service", "HTTPRoute"),
        ("CustomResourceDefinition", "ServiceAccount"),
        ("CustomResourceDefinition", "Widget"),
        ("Secret", "Job"),
        ("Job", "Ingress"),
    ],
)
def test_what_is_needed_comes_first(first: str, later: str) -> None:
    assert stage_number(first) < stage_number(later)


def test_a_kind_has_one_stage() -> None:
    kinds = [kind for stage in STAGES for kind in stage.kinds]
    assert len(kinds) == len(set(kinds))


def test_every_kind_that_no_stage_names_comes_last() -> None:
    assert STAGES[stage_number("Anything")].name == "traffic"


def test_a_kind_is_its_group_and_name() -> None:
    assert stage_of(manifest("serving.knative.dev/v1", "Service", "s")) == stage_number("Anything")
    assert stage_of(manifest("networking.istio.io/v1", "Gateway", "g")) == stage_number("Anything")


def test_a_job_can_ask_to_come_before_or_after_the_workload() -> None:
    assert stage_number("Secret") < stage_number("Job", order="before-workload") < stage_number("Deployment")
    assert stage_number("Job", order="after-workload") > stage_number("Ingress")


def test_pods_find_all_that_the_roles_contribute_besides_traffic_and_monitoring() -> None:
    """A new kind in a template of these roles must be given a stage."""
    kinds = {
        kind
        for role in ("namespace", "secrets", "workload")
        for template in (ROLES / role / "templates").glob("*.j2")
        for kind in re.findall(r"^kind: (\w+)$", template.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert kinds
    assert not [kind for kind in kinds if stage_number(kind) == stage_number("Anything")]


def test_manifests_are_ordered_by_stage_and_otherwise_as_they_came() -> None:
    given = [service("b"), manifest("x/v1", "Other", "o"), secret("s"), config_map("c"), namespace(), service("a")]
    assert [item["metadata"]["name"] for item in in_order(given)] == ["maestro-system", "s", "c", "b", "a", "o"]


def test_stages_have_names_and_empty_ones_are_left_out() -> None:
    given = [deployment(), autoscaler(), namespace()]
    staged = by_stage(given, lambda item: item)
    assert staged == [("namespace", [namespace()]), ("workload", [deployment(), autoscaler()])]
