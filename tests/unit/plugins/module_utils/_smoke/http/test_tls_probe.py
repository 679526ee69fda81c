# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server offers, in words."""

from __future__ import annotations

import datetime as dt
import pathlib
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http import tls_probe
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.tls_probe import Offer, described, offer_of
from tests.smoke_servers.certificates import issued, self_signed

BEGUN = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


def encoded(path: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(path).read_text(encoding="ascii"))


def bare(*parts: x509.NameAttribute[str]) -> bytes:
    """A certificate without names, issued by whoever these parts name."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateBuilder(x509.Name(parts), x509.Name([]), key.public_key(), 1, BEGUN, BEGUN.replace(month=4))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_names_issuer_and_dates(tmp_path: pathlib.Path) -> None:
    words = described(encoded(self_signed(tmp_path).certificate))
    assert words.startswith("it shows a certificate for localhost, 127.0.0.1, issued by itself, from 20")
    pair, _root = issued(tmp_path, "a.test", whole=False)
    assert described(encoded(pair.certificate)).startswith("it shows a certificate for a.test, issued by Test Issuer, ")


def test_what_a_certificate_does_not_say() -> None:
    organisation = x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Lab")
    common = x509.NameAttribute(x509.NameOID.COMMON_NAME, "R3")
    dates = "from 2026-01-01 10:00 to 2026-04-01 10:00 UTC"
    assert described(bare(common, organisation)) == f"it shows a certificate for no name, issued by Lab, {dates}"
    country = x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE")
    assert described(bare(country)) == f"it shows a certificate for no name, issued by nobody, {dates}"


def test_what_is_no_certificate_or_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert described(b"") == described(b"\x30\x03abc") == ""
    monkeypatch.setattr(tls_probe, "HAS_CRYPTOGRAPHY", False)
    assert described(bare()) == ""


def test_who_is_not_there_offers_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert offer_of(socket.AF_INET, nobody.getsockname(), "a.test", 1.0) == Offer()
