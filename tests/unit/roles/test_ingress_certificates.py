# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of the public entrance: who issues it, how the right to the name is proven, when its key changes."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.rendering import of_kind, only, render


@pytest.mark.parametrize(
    ("variables", "kind", "name"),
    [
        ({"ingress_tls_issuer": "letsencrypt-staging"}, "Issuer", "maestro-issuer"),
        ({"ingress_tls_issuer": "ca", "ingress_tls_ca_secret": "own-ca"}, "Issuer", "maestro-issuer"),
        ({"ingress_tls_issuer": "existing", "ingress_tls_issuer_name": "corp"}, "ClusterIssuer", "corp"),
        (
            {
                "ingress_tls_issuer": "existing",
                "ingress_tls_issuer_name": "corp",
                "ingress_tls_issuer_kind": "Issuer",
            },
            "Issuer",
            "corp",
        ),
    ],
)
def test_certificate_names_its_issuer(variables: dict[str, str], kind: str, name: str) -> None:
    manifests = render("ingress", **variables)
    reference = only(of_kind(manifests, "Certificate"))["spec"]["issuerRef"]
    assert (reference["kind"], reference["name"]) == (kind, name)
    assert bool(of_kind(manifests, "Issuer")) == (name == "maestro-issuer")


def test_staging_of_lets_encrypt_is_another_server() -> None:
    issuer = only(of_kind(render("ingress", ingress_tls_issuer="letsencrypt-staging"), "Issuer"))
    assert issuer["spec"]["acme"]["server"] == "https://acme-staging-v02.api.letsencrypt.org/directory"


def test_private_keys_change_with_each_renewal_a_month_before_the_end() -> None:
    spec = only(of_kind(render("ingress"), "Certificate"))["spec"]
    assert spec["privateKey"] == {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
    assert spec["renewBefore"] == "720h0m0s"
    assert "duration" not in spec, "Let's Encrypt decides"


@pytest.mark.parametrize(
    ("variables", "solver"),
    [
        ({}, {"http01": {"ingress": {"ingressClassName": "nginx"}}}),
        (
            {"ingress_provider": "traefik", "ingress_class": "traefik"},
            {"http01": {"ingress": {"ingressClassName": "traefik"}}},
        ),
        (
            {"ingress_acme_solver": "dns01", "ingress_acme_dns01": {"route53": {"region": "eu-central-1"}}},
            {"dns01": {"route53": {"region": "eu-central-1"}}},
        ),
    ],
)
def test_the_right_to_the_name_is_proven(variables: dict[str, t.Any], solver: dict[str, t.Any]) -> None:
    issuer = only(of_kind(render("ingress", **variables), "Issuer"))
    assert only(issuer["spec"]["acme"]["solvers"]) == solver


def test_a_secret_that_exists_needs_no_cert_manager() -> None:
    manifests = render("ingress", ingress_tls_source="secret")
    assert {manifest["kind"] for manifest in manifests} == {"Ingress"}
