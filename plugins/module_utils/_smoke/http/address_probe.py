# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a name's addresses take a connection from here.

A client of one request tries the next address when one takes none. A load cannot do so without adding what that costs
to its times, so it is given only those that answer: a host without IPv6 sends everything by IPv4.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import socket
import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from .connection import OURS
from .probe import Addresses, sentence

PATIENCE = 3.0
"""Seconds that an address is given to take a connection."""
AT_ONCE = 8


class Reached(t.NamedTuple):
    """The addresses to send to, and what there is to say of the others."""

    addresses: Addresses
    findings: list[Finding]


def reachable(addresses: Addresses, timeout: float) -> Reached:
    """Try each address once. All of them when none takes a connection, so that the load tells why."""
    if len(addresses) < 2:
        return Reached(addresses, [])
    patience = min(timeout, PATIENCE)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE, thread_name_prefix="address") as pool:
        errors = list(pool.map(lambda address: _error(address, patience), addresses))
    good = [address for address, error in zip(addresses, errors, strict=True) if error is None]
    if not good:
        return Reached(addresses, [])
    lost = [(place, error) for (_family, place), error in zip(addresses, errors, strict=True) if error]
    return Reached(good, [_passed_over(str(place[0]), error) for place, error in lost])


def _error(address: tuple[int, t.Any], patience: float) -> OSError | None:
    family, place = address
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(patience)
            sock.connect(place)
    except OSError as error:
        return error
    return None


def _passed_over(place: str, error: OSError) -> Finding:
    """A note where this machine has no way there, a warning where the other side takes no connection."""
    text = f"{place} takes no connection from here, so no load is sent to it"
    severity = "note" if error.errno in OURS else registry.ADDRESS_UNREACHABLE.severity
    return dataclasses.replace(registry.ADDRESS_UNREACHABLE.found(place, text, (sentence(error),)), severity=severity)
