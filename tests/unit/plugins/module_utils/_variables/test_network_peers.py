# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers of a NetworkPolicy for the name of a host."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import network_peers


def namespace(name: str) -> network_peers.Peer:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.1.2.3", {"ipBlock": {"cidr": "10.1.2.3/32"}}),
        ("fd00::1", {"ipBlock": {"cidr": "fd00::1/128"}}),
        ("pdp", namespace("own")),
        ("pdp.security", namespace("security")),
        ("pdp.security.svc", namespace("security")),
        ("pdp.security.svc.cluster.local.", namespace("security")),
    ],
)
def test_an_address_is_itself_and_a_service_is_its_namespace(host: str, expected: network_peers.Peer) -> None:
    assert network_peers.of_host(host, "own") == [expected]


def test_another_name_is_somewhere_in_the_private_ranges() -> None:
    found = network_peers.of_host("maestro.abc.rds.amazonaws.com", "own")
    assert [peer["ipBlock"]["cidr"] for peer in found] == list(network_peers.PRIVATE_RANGES)


@pytest.mark.parametrize("host", ["10.1.2.3", "pdp.security", "db.example.com", ""])
def test_given_ranges_win(host: str) -> None:
    assert network_peers.of_host(host, "own", ["10.9.0.0/16"]) == [{"ipBlock": {"cidr": "10.9.0.0/16"}}]


def test_a_wrong_range_is_refused() -> None:
    with pytest.raises(ValueError, match="host bits set"):
        network_peers.of_host("db", "own", ["10.9.0.1/16"])
