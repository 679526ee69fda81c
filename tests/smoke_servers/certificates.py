# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for the servers of known behaviour: right ones, and such as are about to end, or name somebody else."""

from __future__ import annotations

import datetime as dt
import ipaddress
import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Pair(t.NamedTuple):
    """Paths of a certificate, which is its own authority, and of its key, in PEM."""

    certificate: str
    key: str


def self_signed(folder: pathlib.Path, name: str = "localhost", days: float = 90) -> Pair:
    """A certificate for a name (and 127.0.0.1 for localhost) that ends in so many days, or ended so many ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=365))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(str(folder / f"{name}.crt"), str(folder / f"{name}.key"))
    pathlib.Path(pair.certificate).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pathlib.Path(pair.key).write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pair
