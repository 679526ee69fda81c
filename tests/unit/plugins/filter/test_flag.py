# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey's text is no truth by itself."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.intelgraph.maestro.plugins.filter.flag import FilterModule, flag


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize(
    ("value", "meant"),
    [(True, True), (False, False), ("true", True), ("False", False), ("off", False), (None, None), ("", None)],
)
def test_what_it_means(value: t.Any, meant: bool | None, default: bool) -> None:
    assert flag(value, default) is (default if meant is None else meant)


@pytest.mark.parametrize("value", ["maybe", 1, [], "0"])
def test_what_is_neither_is_refused(value: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="neither true nor false"):
        flag(value, True)


def test_its_name() -> None:
    assert FilterModule().filters() == {"flag": flag}
