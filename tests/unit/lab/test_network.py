# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Choosing a network: one that nothing on the machine has a route to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_lab.failure import LabError
from maestro_lab.network import CANDIDATES, free_network, hardware_address

IDENTS = st.integers(0, 0xFFFFFF).map(lambda number: f"lab{number:06x}")
ALL = [IPv4Network(f"10.{octet}.0.0/16") for octet in CANDIDATES]


@given(IDENTS, st.lists(st.sampled_from(ALL), max_size=len(ALL) - 1))
def test_the_network_overlaps_nothing_in_use(ident: str, used: list[IPv4Network]) -> None:
    chosen = free_network(ident, used)
    assert chosen in ALL
    assert not any(chosen.overlaps(other) for other in used)


@given(IDENTS)
def test_the_same_lab_gets_the_same_network_when_it_is_free(ident: str) -> None:
    assert free_network(ident, []) == free_network(ident, [])


@given(IDENTS)
def test_a_route_to_one_address_of_a_network_rules_it_out(ident: str) -> None:
    wanted = free_network(ident, [])
    assert free_network(ident, [IPv4Network((int(wanted[77]), 32))]) != wanted


def test_a_machine_without_a_free_network_is_told_so() -> None:
    with pytest.raises(LabError, match=r"10\.64\.0\.0/16 to 10\.127\.0\.0/16 are in use"):
        free_network("lab000000", [IPv4Network("10.0.0.0/8")])


def test_hardware_address_follows_from_the_address_alone() -> None:
    assert hardware_address(IPv4Address("10.88.0.21")) == "02:00:0a:58:00:15"
