# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for tests, with a server and a client whose certificates it signed."""

from __future__ import annotations

import datetime as dt
import ipaddress
import pathlib
import ssl
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

START = dt.datetime(2020, 1, 1)
END = dt.datetime(2100, 1, 1)


class Pair(t.NamedTuple):
    """Paths of a certificate and of its key, in PEM."""

    certificate: pathlib.Path
    key: pathlib.Path


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, folder: pathlib.Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.pair = self._written(name, self._key, self._signed(self._key, self._name, is_authority=True))

    def issue(self, name: str, address: str = "127.0.0.1") -> Pair:
        """A certificate for a server at this address, or for a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        return self._written(name, key, self._signed(key, _named(name), names))

    def server(self, name: str = "server", address: str = "127.0.0.1", clients: bool = False) -> ssl.SSLContext:
        """The TLS settings of a server; with `clients` it wants certificates of this authority from them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, address))
        if clients:
            context.load_verify_locations(self.pair.certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _signed(
        self,
        key: ec.EllipticCurvePrivateKey,
        subject: x509.Name,
        names: x509.SubjectAlternativeName | None = None,
        is_authority: bool = False,
    ) -> x509.Certificate:
        constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
        builder = (
            x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number(), START, END)
        ).add_extension(constraints, critical=True)
        if names:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _written(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Pair:
        pair = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
