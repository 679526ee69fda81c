# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dictionaries of strings."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import string_maps


def test_values_that_are_no_strings_are_named_with_their_key() -> None:
    found = list(string_maps.not_strings("workload_environment", {"A": "1", "B": 1, "C": True}))
    assert found == [
        "workload_environment.B must be a string, but a int was given. Put the value in quotes.",
        "workload_environment.C must be a string, but a bool was given. Put the value in quotes.",
    ]
