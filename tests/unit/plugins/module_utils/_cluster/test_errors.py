# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong with a cluster, in words that a person can act on."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import (
    ApiError,
    ClusterError,
    Unreachable,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings import registry

ROOT = pathlib.Path(__file__).resolve().parents[5]
PACKAGE = "ansible_collections.intelgraph.maestro.plugins.module_utils"
for path in ROOT.glob("plugins/module_utils/_*/**/*.py"):
    if "(ClusterError)" in path.read_text(encoding="utf-8"):
        name = ".".join(path.relative_to(ROOT / "plugins" / "module_utils").with_suffix("").parts)
        importlib.import_module(f"{PACKAGE}.{name}")


def kinds_of(kind: type[ClusterError]) -> set[type[ClusterError]]:
    return {kind}.union(*map(kinds_of, kind.__subclasses__()))


KINDS = {kind for kind in kinds_of(ClusterError) if kind.__module__.startswith(PACKAGE)}


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
def test_every_error_is_of_a_declared_finding(kind: type[ClusterError]) -> None:
    assert kind.finding_type is registry.BY_ID[kind.finding_type.id]
    assert kind.own_next_step.endswith("." if kind.own_next_step else "")


def test_an_error_knows_its_finding() -> None:
    error = Unreachable("https://x does not answer")
    assert (error.id, error.next_step) == ("api-unreachable", registry.API_UNREACHABLE.next_step)
    found = error.finding("API server", severity="warning")
    assert (found.id, found.severity, found.message) == ("api-unreachable", "warning", "https://x does not answer")


def test_credentials_that_are_refused_have_a_finding_of_their_own() -> None:
    assert ApiError(401, "Unauthorized", "no").id == "credentials-refused"
    assert ApiError(403, "Forbidden", "no").id == "api-error"
