# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers of a NetworkPolicy for the name of a host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.network_peers import Peer, of_host

DOCUMENTATION = r"""
name: network_peers
short_description: The peers of a NetworkPolicy for the name of a host
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - A NetworkPolicy knows addresses and namespaces but no DNS names. This filter says which peers stand for a host.
  - Given CIDRs win. An address stands for itself.
  - C(service), C(service.namespace) and C(service.namespace.svc) stand for the pods of that namespace.
  - Any other name stands for the private address ranges, where the managed services of a cloud lie.
options:
  _input:
    description: DNS name or address of the host.
    type: str
    required: true
  namespace:
    description: The namespace of the pods that connect; what a name without a dot belongs to.
    type: str
    required: true
  cidrs:
    description: Address ranges that the host lies in, when they are known.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show the peers of a Service
  ansible.builtin.debug:
    msg: "{{ 'pdp.security' | intelgraph.maestro.network_peers('maestro-system') }}"

- name: Show the peers of a database whose subnet is known
  ansible.builtin.debug:
    msg: "{{ 'db.example.com' | intelgraph.maestro.network_peers('maestro-system', ['10.20.0.0/24']) }}"
"""

RETURN = r"""
_value:
  description: Peers as they stand under C(to) or C(from) in a NetworkPolicy.
  type: list
  elements: dict
"""


def network_peers(host: str, namespace: str, cidrs: t.Sequence[str] = ()) -> list[Peer]:
    try:
        return of_host(host, namespace, cidrs)
    except ValueError as error:
        raise AnsibleFilterError(f"network_peers of {host}: {error}") from error


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"network_peers": network_peers}
