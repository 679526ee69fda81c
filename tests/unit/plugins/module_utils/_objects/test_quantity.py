# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""One parser for quantities: what the API server sends, and what people write."""

from __future__ import annotations

import pathlib
import re
from decimal import Decimal

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", Decimal("0.5")),
        (2, Decimal(2)),
        (0.5, Decimal("0.5")),
        ("1Gi", Decimal(2**30)),
        ("128974848", Decimal(128974848)),
        ("129e6", Decimal(129_000_000)),
        ("1E", Decimal(10**18)),
        ("1E3", Decimal(1000)),
        ("123n", Decimal("0.000000123")),
        ("-1", Decimal(-1)),
        (".5", Decimal("0.5")),
        ("1.", Decimal(1)),
        (" 1Mi ", Decimal(2**20)),
    ],
)
def test_what_the_api_server_sends_is_an_exact_number(text: str | float, value: Decimal) -> None:
    assert quantity.amount(text) == value


@pytest.mark.parametrize("text", ["", "Gi", "1GB", "1gi", "one", "1 Gi", "1e", "\uff11"])
def test_what_is_no_quantity_is_an_error_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        quantity.amount(text)
    assert not quantity.is_plain(text)


@pytest.mark.parametrize("text", ["1", "1.5", "500m", "1k", "1Ki", "2Ei", "4G"])
def test_people_write_plain_ones(text: str) -> None:
    assert quantity.is_plain(text)


@pytest.mark.parametrize("text", ["-1", "+1", "1e3", "1E3", ".5", "1.", "5n", "5u", " 1"])
def test_others_are_not_plain_though_the_api_server_takes_some(text: str) -> None:
    assert quantity.amount(text) is not None
    assert not quantity.is_plain(text)


def test_no_other_file_knows_the_suffixes() -> None:
    folder = pathlib.Path(quantity.__file__).parents[1]
    found = [path.name for path in folder.rglob("*.py") if re.search(r'"[KMGT]i"|\[?[MGTPE]{3,}\]?i', path.read_text())]
    assert found == ["quantity.py"]
