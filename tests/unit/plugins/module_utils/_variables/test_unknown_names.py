# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt variable is refused by name, with the nearest right one."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.unknown_names import problems
from tests.unit.rendering import only

KNOWN = ["ingress_provider", "ingress_hostname"]


def test_the_nearest_right_name() -> None:
    assert problems("ingress_", ["ingress_provder"], KNOWN) == [
        "ingress_provder is not a variable of this collection. Did you mean ingress_provider?"
    ]


def test_a_name_without_a_near_one() -> None:
    assert "see docs/variables.md" in only(problems("ingress_", ["ingress_x"], KNOWN))


def test_known_and_foreign_names_are_no_problem() -> None:
    assert problems("ingress_", ["ingress_hostname", "other_name", "my_ingress_x"], KNOWN) == []


def test_problems_come_in_the_order_of_the_names() -> None:
    assert [problem.split()[0] for problem in problems("ingress_", ["ingress_z", "ingress_a"], KNOWN)] == [
        "ingress_a",
        "ingress_z",
    ]
