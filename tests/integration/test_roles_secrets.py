# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets role on the real API: every object of every source is valid."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.rendered import restricted, whole
from tests.unit.rendering import Manifest
from tests.unit.roles.test_secrets import EXTERNAL, INLINE, PROVIDERS


def certificate() -> dict[str, str]:
    """A real pair: the API server warns of anything else in a TLS Secret."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "maestro.test")])
    now = dt.datetime.now(dt.UTC)
    tomorrow = now + dt.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, tomorrow)
    made = builder.sign(key, hashes.SHA256())
    pkcs8 = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return {
        "secrets_tls_certificate": made.public_bytes(serialization.Encoding.PEM).decode(),
        "secrets_tls_private_key": key.private_bytes(serialization.Encoding.PEM, *pkcs8).decode(),
    }


VARIANTS: dict[str, dict[str, t.Any]] = {
    "inline": INLINE,
    "inline-certificate": {**INLINE, **certificate()},
    "external-store-of-the-company": {**EXTERNAL, "secrets_external_store_name": "company"},
    **{
        f"external-{provider}": {
            **EXTERNAL,
            "secrets_external_provider": provider,
            "secrets_external_tls_remote_key": "production/tls",
            **variables,
        }
        for provider, (variables, _expected) in PROVIDERS.items()
    },
}


@pytest.fixture(scope="module")
def home(cluster: Cluster) -> t.Iterator[str]:
    """A namespace that the tests of this module share; they leave nothing in it that another could see."""
    with restricted(cluster, "test-roles-secrets") as name:
        yield name


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_api_takes_every_object_without_a_warning(
    variant: str, home: str, api_dry_run: t.Callable[[Manifest], tuple[str, ...]]
) -> None:
    manifests = whole("secrets", home, **VARIANTS[variant])
    warned = {f"{item['kind']} {item['metadata']['name']}": api_dry_run(item) for item in manifests}
    assert len(warned) >= 2
    assert {name: warnings for name, warnings in warned.items() if warnings} == {}
