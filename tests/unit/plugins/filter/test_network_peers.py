# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter network_peers."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.intelgraph.maestro.plugins.filter.network_peers import FilterModule

network_peers = FilterModule().filters()["network_peers"]


def test_ranges_are_taken_as_given() -> None:
    assert network_peers("db.example.com", "own", ["10.9.0.0/16"]) == [{"ipBlock": {"cidr": "10.9.0.0/16"}}]


def test_a_wrong_range_names_the_host() -> None:
    with pytest.raises(AnsibleFilterError, match=r"network_peers of db.example.com: .*host bits set"):
        network_peers("db.example.com", "own", ["10.9.0.1/16"])
