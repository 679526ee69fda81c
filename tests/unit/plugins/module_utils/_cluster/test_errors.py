# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong with a cluster, in words that a person can act on."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import errors
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError, ClusterError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release import deploy
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects import assembly
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning import planner
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record import history

PAGES = pathlib.Path(__file__).resolve().parents[5] / "docs" / "findings"
MODULES = (errors, assembly, deploy, history, planner)
KINDS: set[type[ClusterError]] = {
    kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, ClusterError)
}


def test_a_status_object_is_read() -> None:
    causes = [{"field": "spec.x", "message": "is wrong"}, {"message": "also"}]
    body = {"reason": "Invalid", "message": "no", "details": {"causes": causes}}
    error = ApiError.from_body(422, body, "PATCH /x")
    assert str(error) == "The API server refuses the object as invalid (PATCH /x): no"
    assert error.causes == ("spec.x: is wrong", "also")


@pytest.mark.parametrize(
    ("body", "message"),
    [("<html>", "<html>"), ("", "no body"), ({}, "no message"), (["x"], "['x']"), ({"details": None}, "no message")],
)
def test_what_is_no_status_object_is_told_as_it_is(body: t.Any, message: str) -> None:
    assert ApiError.from_body(502, body, "GET /x").message == message


def test_a_long_page_is_cut() -> None:
    assert len(ApiError.from_body(502, "x" * 10_000, "GET /x").message) == 500


@pytest.mark.parametrize("kind", sorted(KINDS, key=str), ids=lambda kind: kind.__name__)
def test_every_error_has_a_next_step_and_a_page(kind: type[ClusterError]) -> None:
    assert kind.next_step.endswith(".")
    assert (PAGES / f"{kind.id}.md").exists()
