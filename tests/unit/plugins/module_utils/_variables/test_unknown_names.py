# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt variable is refused by name, with the nearest right one."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.shared import SHARED
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.unknown_names import problems, strangers
from tests.unit.plugins.module_utils._variables.defaults import of_role
from tests.unit.rendering import only

KNOWN = ["ingress_provider", "ingress_hostname"]
INGRESS = [name for name in of_role("ingress") if name.startswith("ingress_")]
WORKLOAD = [name for name in of_role("workload") if name.startswith("workload_")]


def test_the_nearest_right_name() -> None:
    assert problems("ingress_", ["ingress_provder"], KNOWN) == [
        "ingress_provder is not a variable of this collection. Did you mean ingress_provider?"
    ]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("workload_relicas", "workload_replicas"),
        ("workload_imgae", "workload_image"),
        ("workload_autoscaling_maxreplicas", "workload_autoscaling_max_replicas"),
        ("workload_autoscaling_replicas_max", "workload_autoscaling_max_replicas"),
        ("workload_images", "workload_image"),
        ("workload_enviroment", "workload_environment"),
        ("workload_Image", "workload_image"),
    ],
)
def test_a_near_miss_is_a_mistake(given: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in only(problems("workload_", [given], WORKLOAD))
    assert strangers("workload_", [given], WORKLOAD) == []


@pytest.mark.parametrize(
    "given", ["ingress_nginx_enabled", "ingress_controller_version", "ingress_x", "ingress_namespaces"]
)
def test_a_name_that_merely_shares_the_prefix_is_no_mistake(given: str) -> None:
    assert problems("ingress_", [given], INGRESS) == []
    assert only(strangers("ingress_", [given], INGRESS)).startswith(
        f"{given} begins like a variable of the role ingress"
    )


def test_the_collections_own_prefix_is_for_its_variables_alone() -> None:
    assert "Did you mean maestro_rollback_to?" in only(problems("maestro_", ["maestro_rollbackto"], SHARED))
    assert "see docs/variables.md" in only(problems("maestro_", ["maestro_q"], SHARED))
    assert strangers("maestro_", ["maestro_q"], SHARED) == []


def test_known_and_foreign_names_are_no_problem() -> None:
    assert problems("ingress_", ["ingress_hostname", "other_name", "my_ingress_x"], KNOWN) == []


def test_problems_come_in_the_order_of_the_names() -> None:
    assert [problem.split()[0] for problem in problems("maestro_", ["maestro_z", "maestro_a"], KNOWN)] == [
        "maestro_a",
        "maestro_z",
    ]
