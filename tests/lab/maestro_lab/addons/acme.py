# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""An ACME server as Let's Encrypt is one: Pebble, which solves HTTP-01 challenges through the lab's own ingress.

It runs on the machine beside a name server that gives every name the ingress' address. cert-manager gets the image of
the pods that answer challenges, and a ClusterIssuer that asks Pebble.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from ..addon import Addon
from ..build import GoPrograms, build
from ..component import Component, ensure
from ..domain import DOMAIN
from ..golang import LAB_MODULE, required_version
from ..kubectl import kubectl
from ..names import Lab
from ..packed import Packed
from ..pki import SERVICES_CA, Leaf, issue, pair
from ..step import Facts, Step
from .balancer import ingress_address
from .issuer import ADDON as ISSUER

MODULE = LAB_MODULE / "go" / "acme"
PEBBLE = "github.com/letsencrypt/pebble/v2"
PROGRAMS = GoPrograms("pebble", (f"{PEBBLE}/cmd/pebble", f"{PEBBLE}/cmd/pebble-challtestsrv"), module=MODULE)
SOLVER = GoPrograms("acme-solver", ("./solver",), module=MODULE)
VERSION = required_version(MODULE, "github.com/cert-manager/cert-manager")
IMAGE = Packed(SOLVER, "solver", f"quay.io/jetstack/cert-manager-acmesolver:{VERSION}")
CLUSTER_ISSUER = "lab-acme"
PORT, DNS_PORT, MANAGEMENT_PORT = 14000, 8053, 15000
NAME = f"acme.{DOMAIN}"
FLAG = f"-acme-http01-solver-image={IMAGE.reference}"


def directory(lab: Lab) -> str:
    """The address that an ACME client begins with."""
    return f"https://{lab.address}:{PORT}/dir"


def _values(lab: Lab) -> Mapping[str, object]:
    authority = pair(lab, SERVICES_CA).certificate.read_bytes()
    return {
        "cluster_issuer": CLUSTER_ISSUER,
        "directory": directory(lab),
        "authority": base64.b64encode(authority).decode(),
    }


def _up(lab: Lab) -> Facts:
    folder, programs = lab.state / "acme", build(PROGRAMS)
    folder.mkdir(exist_ok=True)
    served = issue(lab, Leaf("acme", SERVICES_CA, NAME, addresses=(NAME, str(lab.address))))
    configured = folder / "pebble.json"
    configured.write_text(json.dumps({"pebble": _configuration(lab, str(served.certificate), str(served.key))}))
    names = f"{lab.address}:{DNS_PORT}"
    off = [f"-{way}=" for way in ("http01", "https01", "tlsalpn01", "doh", "defaultIPv6")]
    dns = (
        f"-dnsserver={names}",
        f"-management={lab.address}:{MANAGEMENT_PORT + 1}",
        f"-defaultIPv4={ingress_address(lab)}",
    )
    ensure(lab, Component("acme-dns", (str(programs / "pebble-challtestsrv"), *dns, *off), ready=f"tcp://{names}"))
    ensure(
        lab,
        Component(
            "pebble",
            (str(programs / "pebble"), f"-config={configured}", f"-dnsserver={names}"),
            ready=f"tcp://{lab.address}:{PORT}",
            environment={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
        ),
    )
    return {"acme": {"directory": directory(lab), "cluster_issuer": CLUSTER_ISSUER}}


def _configuration(lab: Lab, certificate: str, key: str) -> Mapping[str, object]:
    return {
        "listenAddress": f"{lab.address}:{PORT}",
        "managementListenAddress": f"{lab.address}:{MANAGEMENT_PORT}",
        "certificate": certificate,
        "privateKey": key,
        "httpPort": 80,
        "tlsPort": 443,
    }


def _name_solver(lab: Lab) -> None:
    """Tell cert-manager which image answers challenges, and wait until it is the one that runs."""
    target = ("--namespace", "cert-manager", "deployment/cert-manager")
    path = "{.spec.template.spec.containers[0].args}"
    if FLAG not in json.loads(kubectl(lab, "get", *target, f"--output=jsonpath={path}")):
        added = [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": FLAG}]
        kubectl(lab, "patch", *target, "--type=json", f"--patch={json.dumps(added)}")
    kubectl(lab, "rollout", "status", *target, "--timeout=120s")


ADDON = Addon(
    name="acme",
    title="Certificates of an ACME server are issued (Pebble)",
    optional=True,
    requires=("registry", "dns", "issuer", "ingress"),
    programs=(PROGRAMS, SOLVER),
    images={"acme_solver": IMAGE},
    kinds=ISSUER.kinds,
    manifest="acme.yaml.j2",
    values=_values,
    steps=(
        Step("acme", "ACME server answers (Pebble)", _up, depends=("certificates", "network")),
        Step("acme-solver", "Challenges are answered by pods", _name_solver, depends=("issuer",)),
    ),
    components=("acme-dns", "pebble"),
)
