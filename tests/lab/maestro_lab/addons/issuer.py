# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Certificates: cert-manager's controllers, and a ClusterIssuer that signs with the lab's authority for services."""

from __future__ import annotations

from collections.abc import Mapping

from ..addon import Addon, Deployment
from ..build import GoPrograms
from ..definitions import Source
from ..golang import LAB_MODULE, required_version
from ..names import Lab
from ..packed import Packed
from ..pki import SERVICES_CA, pair
from ..step import Facts, Step

SOURCE = "github.com/cert-manager/cert-manager"
VERSION = required_version(LAB_MODULE, SOURCE)
PROGRAMS = GoPrograms("cert-manager", ("./go/cert-manager",), {f"{SOURCE}/pkg/util.AppVersion": VERSION})
CLUSTER_ISSUER = "lab-ca"


def _values(lab: Lab) -> Mapping[str, object]:
    authority = pair(lab, SERVICES_CA)
    return {
        "cluster_issuer": CLUSTER_ISSUER,
        "ca": {"certificate": authority.certificate.read_text(), "key": authority.key.read_text()},
    }


def _publish(lab: Lab) -> Facts:
    return {"cluster_issuer": CLUSTER_ISSUER}


ADDON = Addon(
    name="issuer",
    title="Certificates are issued (cert-manager)",
    requires=("registry",),
    programs=(PROGRAMS,),
    images={"cert_manager": Packed(PROGRAMS, "cert-manager", f"quay.io/jetstack/cert-manager-controller:{VERSION}")},
    kinds=(Source(SOURCE, "deploy/crds/*.yaml", LAB_MODULE),),
    manifest="cert-manager.yaml.j2",
    values=_values,
    deployment=Deployment("cert-manager", "cert-manager"),
    steps=(Step("issuer-facts", "The ClusterIssuer is named", _publish),),
)
