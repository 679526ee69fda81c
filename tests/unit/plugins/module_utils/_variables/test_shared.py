# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several roles share, and what their templates see of it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import strict_types
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.shared import (
    SECRET_KEYS,
    SHARED,
    defaults,
    release_context,
)


def context(**given: t.Any) -> dict[str, t.Any]:
    return release_context({**defaults(), **given})


def test_every_variable_is_described_and_has_a_default_of_its_type() -> None:
    for name, option in SHARED.items():
        assert option["description"], name
        assert strict_types.problems(name, option["default"], option) == []


def test_the_defaults_of_dictionaries_are_those_of_their_options() -> None:
    for name in ("maestro_database", "maestro_redis"):
        assert SHARED[name]["default"] == {key: option["default"] for key, option in SHARED[name]["options"].items()}


def test_names_follow_the_release() -> None:
    release = context(maestro_name="m", maestro_namespace="n", maestro_hostname="h", maestro_environment="lab")
    assert (release["name"], release["namespace"], release["hostname"]) == ("m", "n", "h")
    assert release["environment"] == "lab"
    assert release["secret_name"] == "m-secrets"
    assert release["registry_secret"] == "m-registry"
    assert release["required_secret_keys"] == SECRET_KEYS


def test_names_that_are_given_are_taken() -> None:
    release = context(maestro_secret_name="mine", maestro_registry_secret=False)
    assert (release["secret_name"], release["registry_secret"]) == ("mine", "")


def test_labels_and_selector() -> None:
    release = context(maestro_name="m", maestro_labels={"team": "x"})
    assert release["selector"] == {
        "app.kubernetes.io/name": "maestro",
        "app.kubernetes.io/instance": "m",
        "app.kubernetes.io/component": "control-plane",
    }
    assert release["labels"] == {
        "team": "x",
        **release["selector"],
        "app.kubernetes.io/part-of": "intelgraph",
        "app.kubernetes.io/managed-by": "intelgraph.maestro",
    }


def test_labels_by_which_objects_are_known_cannot_be_changed() -> None:
    assert context(maestro_labels={"app.kubernetes.io/managed-by": "x"})["labels"]["app.kubernetes.io/managed-by"] == (
        "intelgraph.maestro"
    )


@pytest.mark.parametrize(
    ("variable", "key", "given", "expected"),
    [
        ("maestro_database", "database", {"host": "h"}, {"host": "h", "port": 5432, "name": "maestro", "tls": True}),
        ("maestro_redis", "redis", {"tls": False}, {"host": "", "port": 6379, "tls": False}),
        ("maestro_identity", "identity", {"role": "r"}, {"provider": "none", "role": "r", "client_id": ""}),
    ],
)
def test_what_is_not_given_of_a_dictionary_has_its_default(
    variable: str, key: str, given: dict[str, t.Any], expected: dict[str, t.Any]
) -> None:
    assert context(**{variable: given})[key] == expected


def test_the_defaults_are_not_shared_between_hosts() -> None:
    context()["required_secret_keys"].append("X")
    context()["labels"]["x"] = "y"
    assert "X" not in SECRET_KEYS
    assert "x" not in context()["labels"]
