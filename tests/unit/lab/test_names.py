# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Names and addresses: derived, inside the lab's own network, and never shared by two labs."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_lab.failure import LabError
from maestro_lab.names import Lab, lab_named

LONGEST_LINK_NAME = 15


def test_every_address_lies_in_the_claimed_network(lab: Lab) -> None:
    addresses = [lab.address, lab.dns, *(host.address for host in lab.hosts)]
    ranges = [lab.pods, lab.services, *(node.pods for node in lab.nodes)]
    assert all(address in lab.claimed for address in addresses)
    assert all(part.subnet_of(lab.claimed) for part in ranges)


def test_ranges_of_hosts_pods_and_services_do_not_overlap(lab: Lab) -> None:
    assert not lab.pods.overlaps(lab.services)
    assert not any(one.pods.overlaps(other.pods) for one, other in combinations(lab.nodes, 2))
    assert not any(host.address in lab.pods or host.address in lab.services for host in lab.hosts)


def test_hosts_have_addresses_cables_and_groups_of_their_own(lab: Lab) -> None:
    for attribute in ("name", "address", "veth", "cgroup", "directory"):
        values = [getattr(host, attribute) for host in lab.hosts]
        assert len(set(values)) == len(values), attribute
    assert lab.address not in [host.address for host in lab.hosts]


def test_each_node_has_a_zone_of_its_own(lab: Lab) -> None:
    assert [node.zone for node in lab.nodes] == ["zone-1", "zone-2", "zone-3"]


def test_link_names_fit_the_kernel(lab: Lab) -> None:
    names = [lab.bridge, *(f"{host.veth}s" for host in lab.hosts)]
    assert max(map(len, names)) <= LONGEST_LINK_NAME


def test_the_same_name_in_another_state_directory_is_another_lab(tmp_path: Path) -> None:
    one, other = Lab("same", tmp_path / "a" / "same"), Lab("same", tmp_path / "b" / "same")
    assert one.ident != other.ident
    assert one.cgroup != other.cgroup


def test_a_lab_that_is_not_up_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"--name asleep up"):
        _ = Lab("asleep", tmp_path / "asleep").address


def test_an_unknown_node_or_host_is_refused_with_those_that_exist(lab: Lab) -> None:
    with pytest.raises(LabError, match="no node node-4; it has node-1, node-2, node-3"):
        lab.node("node-4")
    with pytest.raises(LabError, match=r"no host web; it has .*db"):
        lab.host_named("web")


@pytest.mark.parametrize("name", ["", "Lab", "a/b", "../up", "-a", "a-", "a" * 33, "a b"])
def test_names_that_could_leave_the_state_directory_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot name a lab"):
        lab_named(name)


@given(st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z"))
def test_a_good_name_is_the_last_part_of_the_state_path(name: str) -> None:
    assert lab_named(name).state.name == name


def test_the_state_directory_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAESTRO_LAB_STATE", str(tmp_path))
    assert lab_named("moved").state == tmp_path / "moved"


def test_addresses_follow_the_documented_layout(lab: Lab) -> None:
    assert lab.address == IPv4Address("10.77.0.1")
    assert [str(node.address) for node in lab.nodes] == ["10.77.0.11", "10.77.0.12", "10.77.0.13"]
    assert str(lab.host("db").address) == "10.77.0.21"
    assert str(lab.dns) == "10.77.32.10"
