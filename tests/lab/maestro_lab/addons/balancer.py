# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The load balancer in front of the cluster, as a cloud provides it for a Service of type LoadBalancer.

It is a host of its own, `lb`, with nothing but a kube-proxy: this passes connections on to the ready endpoints wherever
they run, so the ingress keeps its address and goes on serving when a node is lost.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from ..addon import Addon
from ..component import ensure
from ..names import Lab
from ..nodes import kube_proxy
from ..step import Step

HOST = "lb"


def ingress_address(lab: Lab) -> IPv4Address:
    """Where the machine, the nodes and the pods reach the ingress controller on ports 80 and 443."""
    return lab.host(HOST).address


def _up(lab: Lab) -> None:
    """A kube-proxy wants to find the Node that it runs on; lb is none, so it takes the first node's view.

    That matters for Services with a `Local` traffic policy only, which the balancer does not serve.
    """
    ensure(lab, kube_proxy(lab, lab.host(HOST), lab.nodes[0]))


ADDON = Addon(
    name="balancer",
    title="Load balancer stands (kube-proxy)",
    steps=(Step("balancer", "Load balancer stands", _up, depends=("nodes",)),),
    components=(f"kube-proxy:{HOST}",),
)
