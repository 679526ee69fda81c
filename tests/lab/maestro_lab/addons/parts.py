# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The parts that run in the cluster: name server, metrics, storage, ingress, certificates.

Their manifests are applied as soon as the API server can take them, so that their pods are scheduled with the nodes'
first breath; each part is waited for on its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..failure import LabError
from ..names import Lab
from ..pki import SERVICES_CA, pair
from ..step import Facts, Step
from .balancer import ingress_address
from .catalogue import references
from .crds import create, definitions
from .kubectl import apply, kubectl
from .naming import DATABASE_NAME, DOMAIN, REGISTRY_NAME

INGRESS_REPLICAS = 2
MANIFESTS = Path(__file__).parent / "manifests"
PROVISIONERS = {
    "node": {
        "nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/var/lib/local-path-provisioner"]}]
    },
    "shared": {"sharedFileSystemPath": "/var/lib/maestro-shared"},
}
PROVISIONER_NAMES = {"node": "rancher.io/local-path", "shared": "maestro-lab.internal/shared"}
WAIT_LIMIT = "120s"
CLUSTER_ISSUER = "lab-ca"


@dataclass(frozen=True)
class Part:
    """A manifest whose Deployment, of the same name, must be available before the lab is called up.

    `defined` says that the manifest has objects of kinds that must be defined first.
    """

    name: str
    title: str
    namespace: str
    deployment: str
    defined: bool = False


PARTS = (
    Part("dns", "Cluster DNS answers (CoreDNS)", "kube-system", "coredns"),
    Part("storage", "Volumes can be claimed (local-path-provisioner)", "local-path-storage", "local-path-provisioner"),
    Part("ingress", "Ingress controller listens (Traefik)", "traefik", "traefik", defined=True),
    Part("issuer", "Certificates are issued (cert-manager)", "cert-manager", "cert-manager", defined=True),
    Part("metrics", "Pod and node metrics are served (metrics-server)", "kube-system", "metrics-server"),
)


def manifests(lab: Lab, parts: Sequence[Part] = PARTS) -> str:
    """The parts' objects as one YAML stream."""
    environment = Environment(
        loader=FileSystemLoader(MANIFESTS), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["to_json"] = json.dumps
    values = _values(lab)
    return "\n---\n".join(environment.get_template(f"{part.deployment}.yaml.j2").render(values) for part in parts)


def _values(lab: Lab) -> Mapping[str, object]:
    authority = pair(lab, SERVICES_CA)
    return {
        "images": references(),
        "domain": DOMAIN,
        "dns_address": lab.dns,
        "names": {DATABASE_NAME: lab.host("db").address, REGISTRY_NAME: lab.address},
        "ingress_address": ingress_address(lab),
        "ingress_replicas": INGRESS_REPLICAS,
        "provisioners": PROVISIONERS,
        "provisioner_names": PROVISIONER_NAMES,
        "cluster_issuer": CLUSTER_ISSUER,
        "ca": {"certificate": authority.certificate.read_text(), "key": authority.key.read_text()},
    }


def _define(lab: Lab) -> None:
    create(lab, definitions())


def _apply(lab: Lab) -> None:
    apply(lab, "-", stdin=manifests(lab, [part for part in PARTS if not part.defined]))


def _apply_defined(lab: Lab) -> None:
    apply(lab, "-", stdin=manifests(lab, [part for part in PARTS if part.defined]))


def _await(part: Part) -> Callable[[Lab], None]:
    def up(lab: Lab) -> None:
        namespace = ("--namespace", part.namespace)
        try:
            kubectl(lab, *namespace, "rollout", "status", f"deployment/{part.deployment}", f"--timeout={WAIT_LIMIT}")
        except LabError as error:
            warnings = _said(lab, *namespace, "events", "--types=Warning")
            log = _said(lab, *namespace, "logs", f"deployment/{part.deployment}", "--all-containers", "--tail=10")
            raise LabError(f"{error}\nWarnings in namespace {part.namespace}:\n{warnings}\nLog:\n{log}") from error

    return up


def _said(lab: Lab, *arguments: str) -> str:
    """What kubectl says, be it that it cannot."""
    try:
        return kubectl(lab, *arguments)
    except LabError as error:
        return str(error)


def _publish(lab: Lab) -> Facts:
    """Tell the cluster the load balancer's address, which a cloud's controller would do."""
    address = str(ingress_address(lab))
    status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    target = ("--namespace", "traefik", "service/traefik", "--subresource=status")
    kubectl(lab, "patch", *target, "--type=merge", f"--patch={json.dumps(status)}")
    facts = {"address": address, "http_port": 80, "https_port": 443, "domain": DOMAIN, "replicas": INGRESS_REPLICAS}
    return {"ingress": facts, "ca_bundle": str(pair(lab, SERVICES_CA).certificate), "cluster_issuer": CLUSTER_ISSUER}


STEPS = (
    Step("definitions", "Other projects' kinds are defined", _define, depends=("nodes",)),
    Step("parts", "The cluster's own parts are applied", _apply, depends=("registry", "controllers")),
    Step("edge", "Ingress and certificates are applied", _apply_defined, depends=("parts", "definitions")),
    *(
        Step(part.name, part.title, _await(part), depends=("edge" if part.defined else "parts", "nodes"))
        for part in PARTS
    ),
    Step("ingress-address", "The ingress has its address", _publish, depends=("edge", "balancer")),
)
