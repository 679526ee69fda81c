# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""cert-manager's controllers: certificates of the lab's issuer, and the words for those that cannot be had."""

from __future__ import annotations

import base64
from typing import Any

from cryptography import x509

from .conftest import LIMIT, Facts, Kubectl


def certificate(name: str, issuer: str) -> dict[str, Any]:
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": name},
        "spec": {
            "secretName": f"{name}-tls",
            "dnsNames": [f"{name}.example"],
            "issuerRef": {"kind": "ClusterIssuer", "name": issuer},
        },
    }


def test_certificate_is_signed_by_the_labs_authority(kubectl: Kubectl, facts: Facts) -> None:
    kubectl.apply(certificate("signed", facts["cluster_issuer"]))
    kubectl("wait", "certificate/signed", "--for=condition=Ready", f"--timeout={LIMIT}")
    secret = kubectl.get("secret", "signed-tls")
    assert secret["type"] == "kubernetes.io/tls"
    leaf = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
    with open(facts["ca_bundle"], "rb") as bundle:
        authority = x509.load_pem_x509_certificate(bundle.read())
    leaf.verify_directly_issued_by(authority)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["signed.example"]


def test_certificate_of_an_unknown_issuer_says_so(kubectl: Kubectl) -> None:
    kubectl.apply(certificate("unsigned", "nobody"))
    for condition in ("create", "condition=Ready=False"):
        kubectl("wait", "certificaterequest/unsigned-1", f"--for={condition}", f"--timeout={LIMIT}")
    conditions = kubectl.get("certificaterequest", "unsigned-1")["status"]["conditions"]
    messages = [condition["message"] for condition in conditions]
    assert any('clusterissuer.cert-manager.io "nobody" not found' in message for message in messages), messages
