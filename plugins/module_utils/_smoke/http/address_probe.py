# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a name's addresses take a connection from here.

A client of one request tries the next address when one takes none, so that a check may never meet a dead one. Users
meet it: each address is probed by itself. A load is sent to all but those to which this machine itself has no route,
as a host without IPv6.
"""

from __future__ import annotations

import concurrent.futures
import socket
import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from .connection import OURS
from .probe import Addresses, sentence

PATIENCE = 3.0
"""Seconds that an address is given to take a connection."""
AT_ONCE = 8


class ReachableAddresses(t.NamedTuple):
    """The addresses to send to, and what is wrong with some of them."""

    addresses: Addresses
    findings: list[Finding]


def reachable(addresses: Addresses, timeout: float) -> ReachableAddresses:
    """Try each address once; a single one, and all where none takes a connection, are left to the requests to tell."""
    if len(addresses) < 2:
        return ReachableAddresses(addresses, [])
    errors = errors_of(addresses, timeout)
    if len(errors) == len(addresses):
        return ReachableAddresses(addresses, [])
    routed = [each for each in addresses if getattr(errors.get(each), "errno", None) not in OURS]
    return ReachableAddresses(routed, [_unreachable(each, error) for each, error in errors.items()])


def errors_of(addresses: Addresses, timeout: float) -> dict[tuple[int, t.Any], OSError]:
    """Why each address that takes no connection takes none."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE, thread_name_prefix="address") as pool:
        errors = pool.map(lambda address: _error(address, min(timeout, PATIENCE)), addresses)
        return {address: error for address, error in zip(addresses, errors, strict=True) if error}


def others_told(host: str, addresses: Addresses, timeout: float) -> list[Finding]:
    """A note on each dead address of a name that is not the one which the inventory gives for it."""
    text = f"it takes no connection from here; DNS has it for {host}, for which the inventory gives another address"
    return [
        registry.ADDRESS_UNREACHABLE.found(place_of(each), text, (sentence(error),), severity="note")
        for each, error in errors_of(addresses, timeout).items()
    ]


def place_of(address: tuple[int, t.Any]) -> str:
    """The address itself, without its port."""
    return str(address[1][0])


def _error(address: tuple[int, t.Any], patience: float) -> OSError | None:
    family, place = address
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(patience)
            sock.connect(place)
    except OSError as error:
        return error
    return None


def _unreachable(address: tuple[int, t.Any], error: OSError) -> Finding:
    """An error where the other side takes no connection; a note where this machine has no route there."""
    if error.errno in OURS:
        text = "this machine has no route to it, so nothing is sent to it"
        return registry.ADDRESS_UNREACHABLE.found(place_of(address), text, (sentence(error),), severity="note")
    text = f"it takes no connection on port {address[1][1]}, so users who get this address get no answer"
    return registry.ADDRESS_UNREACHABLE.found(place_of(address), text, (sentence(error),))
