# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a load is sent to."""

from __future__ import annotations

import errno
import os
import socket
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http import address_probe
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.address_probe import others_told, reachable

HERE = "127.0.0.1"


@pytest.fixture
def port() -> t.Iterator[int]:
    """A port that takes connections at one address of this machine only."""
    with socket.create_server((HERE, 0)) as listening:
        yield listening.getsockname()[1]


def at(place: str, port: int) -> tuple[int, tuple[str, int]]:
    return socket.AF_INET, (place, port)


def test_an_address_that_takes_no_connection_is_an_error_and_stays_a_target(port: int) -> None:
    both = [at("127.0.0.2", port), at(HERE, port)]
    addresses, [finding] = reachable(both, 1)
    assert addresses == both
    assert (finding.id, finding.object, finding.severity) == ("address-unreachable", "127.0.0.2", "error")
    assert finding.evidence == ("Connection refused",)


def test_a_dead_address_beside_the_one_that_the_inventory_names_is_told(port: int) -> None:
    [finding] = others_told("maestro.example.com", [at("127.0.0.2", port), at(HERE, port)], 1)
    assert (finding.object, finding.severity) == ("127.0.0.2", "note")
    assert "the inventory gives another address" in finding.message


@pytest.mark.parametrize("why", [errno.ENETUNREACH, errno.EAFNOSUPPORT])
def test_where_this_machine_has_no_way_it_is_a_note(why: int, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def connect(self, address: t.Any) -> None:
            if address[0] == "127.0.0.2":
                raise OSError(why, os.strerror(why))
            super().connect(address)

    monkeypatch.setattr(address_probe.socket, "socket", Socket)
    addresses, [finding] = reachable([at("127.0.0.2", port), at(HERE, port)], 1)
    assert (addresses, finding.severity) == ([at(HERE, port)], "note")


def test_all_are_kept_when_none_takes_a_connection(port: int) -> None:
    nowhere = [at("127.0.0.2", port), at("127.0.0.3", port)]
    assert reachable(nowhere, 1) == (nowhere, [])


def test_a_single_address_is_not_tried() -> None:
    nowhere = [at("127.0.0.2", 1)]
    assert reachable(nowhere, 1) == (nowhere, [])
