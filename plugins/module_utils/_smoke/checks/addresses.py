# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the service answers at every address of its name, not only at the one that a client happens to take."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ..._findings.finding import Finding
from ..http import address_probe
from ..http.probe import Addresses, Asker
from ..http.request import Url, address_of
from .assertions import Check
from .retry import CheckOutcome, repeat_all

Lookup = t.Callable[[str, int, float], Addresses]
NameOfAddress = t.Callable[[str], Asker]
"""Makes an Asker that takes this address for the service's name."""
MAIN = "api"


@dataclasses.dataclass(frozen=True)
class Known:
    """What DNS, or the inventory, says of the service's name: its addresses, and what is wrong with some of them."""

    addresses: Addresses = dataclasses.field(default_factory=list)
    findings: tuple[Finding, ...] = ()

    @property
    def dead(self) -> set[str]:
        return {finding.object for finding in self.findings}


def known(url: Url, checks: t.Iterable[Check], resolve: t.Mapping[str, str], timeout: float, find: Lookup) -> Known:
    """Look the name up and try each address, on the port of the service and on those of the checks at its name.

    A name without an address is left to the checks. Where the inventory gives an address for the name, that one is
    tested, and the others that DNS has are only reported.
    """
    patience = min(timeout, address_probe.PATIENCE)
    urls = {(url.host, url.port): url}
    urls.update({(each.url.host, each.url.port): each.url for each in checks if _is_at(each, url)})
    addresses: Addresses = []
    findings: dict[str, Finding] = {}
    for each in urls.values():
        target = address_of(each, resolve)
        found = _found(find, *target, patience)
        reached = address_probe.reachable(found, timeout)
        addresses = addresses or reached.addresses
        told = _others(each, found, find, patience) if target != (each.host, each.port) else []
        for finding in (*reached.findings, *told):
            findings.setdefault(finding.object, finding)
    return Known(addresses, tuple(findings.values()))


def at_each(
    known_addresses: Known, checks: t.Sequence[Check], base: Url, asker: NameOfAddress, deadline: float, interval: float
) -> list[CheckOutcome]:
    """The main check once more at each of several addresses that take a connection."""
    main = _main(checks, base)
    live = [address_probe.place_of(each) for each in known_addresses.addresses]
    live = [place for place in dict.fromkeys(live) if place not in known_addresses.dead]
    if main is None or len(live) < 2:
        return []

    def tried(place: str) -> list[CheckOutcome]:
        check = dataclasses.replace(main, name=f"{main.name} at {place}", successes=1)
        return repeat_all(asker(place), [check], deadline, interval)

    with concurrent.futures.ThreadPoolExecutor(address_probe.AT_ONCE, thread_name_prefix="address") as pool:
        return [outcome for outcomes in pool.map(tried, live) for outcome in outcomes]


def _is_at(check: Check, url: Url) -> bool:
    """Whether a check is one of the service's name that wants an answer."""
    return check.url.host == url.host and not check.closed


def _main(checks: t.Sequence[Check], base: Url) -> Check | None:
    own = [each for each in checks if each.url.origin == base.origin and not each.closed and not each.cors_origin]
    return next((each for each in own if each.name == MAIN), own[0] if own else None)


def _found(find: Lookup, host: str, port: int, timeout: float) -> Addresses:
    try:
        return find(host, port, timeout)
    except OSError:
        return []


def _others(url: Url, given: Addresses, find: Lookup, timeout: float) -> list[Finding]:
    places = {address_probe.place_of(each) for each in given}
    others = [each for each in _found(find, url.host, url.port, timeout) if address_probe.place_of(each) not in places]
    return address_probe.others_told(url.host, others, timeout)
