# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the name of a host to the peers of a NetworkPolicy, which knows addresses and namespaces but no DNS names."""

from __future__ import annotations

import ipaddress
import typing as t

Peer = dict[str, t.Any]

PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Where a managed service behind a DNS name lies, when nobody says it closer."""


def of_host(host: str, own_namespace: str, cidrs: t.Sequence[str] = ()) -> list[Peer]:
    """The peers that let traffic to `host` out.

    Given CIDRs win. An address is itself; `pdp.security`, `pdp.security.svc` and `pdp` are Services, so their
    namespace is meant; any other DNS name may be anywhere in the private ranges. Raises ValueError for a bad CIDR.
    """
    if cidrs:
        return [of_cidr(cidr) for cidr in cidrs]
    if is_address(host):
        return [of_cidr(host)]
    namespace = namespace_of_service(host, own_namespace)
    if namespace:
        return [of_namespace(namespace)]
    return [of_cidr(cidr) for cidr in PRIVATE_RANGES]


def of_cidr(cidr: str) -> Peer:
    return {"ipBlock": {"cidr": str(ipaddress.ip_network(cidr))}}


def of_namespace(namespace: str) -> Peer:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def namespace_of_service(host: str, own_namespace: str) -> str:
    """The namespace when `host` is the name of a Service, else an empty string.

    A pod resolves a name of two labels as `<service>.<namespace>` first, so that is what it is taken for.
    """
    labels = host.rstrip(".").split(".")
    if len(labels) == 1:
        return own_namespace
    if len(labels) == 2 or labels[2] == "svc":
        return labels[1]
    return ""
