# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Cluster DNS: CoreDNS, which answers for the lab's own domain too."""

from __future__ import annotations

from collections.abc import Mapping

from ..addon import Addon, Deployment
from ..build import GoPrograms
from ..domain import DATABASE_NAME, DOMAIN, REGISTRY_NAME
from ..golang import LAB_MODULE, required_version
from ..names import Lab
from ..packed import Packed
from .balancer import ingress_address

PROGRAMS = GoPrograms("coredns", ("./go/coredns",))
VERSION = required_version(LAB_MODULE, "github.com/coredns/coredns")


def _values(lab: Lab) -> Mapping[str, object]:
    return {
        "domain": DOMAIN,
        "dns_address": lab.dns,
        "names": {DATABASE_NAME: lab.host("db").address, REGISTRY_NAME: lab.address},
        "ingress_address": ingress_address(lab),
    }


ADDON = Addon(
    name="dns",
    title="Cluster DNS answers (CoreDNS)",
    requires=("registry",),
    programs=(PROGRAMS,),
    images={"coredns": Packed(PROGRAMS, "coredns", f"registry.k8s.io/coredns/coredns:{VERSION}", user=0)},
    manifest="coredns.yaml.j2",
    values=_values,
    deployment=Deployment("kube-system", "coredns"),
)
