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


def self_signed(folder: pathlib.Path, name: str = "localhost", days: float = 90, begun: float = 365) -> Pair:
    """A certificate for a name that ends in so many days, or ended so many ago, and began so many days ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _unsigned(name, _named(name), key, (begun, days), authority=0).sign(key, hashes.SHA256())
    return Pair(_write(folder / f"{name}.crt", made), _write(folder / f"{name}.key", key))


def issued(folder: pathlib.Path, name: str = "localhost", whole: bool = True) -> tuple[Pair, str]:
    """A certificate for a name, issued by an intermediate authority that is shown with it if `whole`; and the path of
    the root's certificate."""
    root, middle, key = (ec.generate_private_key(ec.SECP256R1()) for _number in range(3))
    dates = (365.0, 90.0)
    top = _unsigned("Test Root", _named("Test Root"), root, dates, authority=1).sign(root, hashes.SHA256())
    between = _unsigned("Test Issuer", top.subject, middle, dates, authority=0).sign(root, hashes.SHA256())
    leaf = _unsigned(name, between.subject, key, dates).sign(middle, hashes.SHA256())
    pair = Pair(
        _write(folder / f"{name}.crt", *((leaf, between) if whole else (leaf,))), _write(folder / f"{name}.key", key)
    )
    return pair, _write(folder / "root.crt", top)


def _unsigned(
    name: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    dates: tuple[float, float],
    authority: int | None = None,
) -> x509.CertificateBuilder:
    """A certificate for a name (and 127.0.0.1 for localhost) from so many days ago to so many ahead; one of an
    authority may have as many others below it as `authority` says."""
    now = dt.datetime.now(dt.UTC)
    begun, days = (dt.timedelta(days=each) for each in dates)
    names: list[x509.GeneralName] = [x509.DNSName(name)] if " " not in name else []
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    builder = (
        x509.CertificateBuilder(issuer, _named(name), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - begun)
        .not_valid_after(now + days)
        .add_extension(x509.BasicConstraints(ca=authority is not None, path_length=authority), critical=True)
    )
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else builder


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(path: pathlib.Path, *made: x509.Certificate | ec.EllipticCurvePrivateKey) -> str:
    """Write PEM and return the path."""
    path.write_bytes(b"".join(_pem(each) for each in made))
    return str(path)


def _pem(made: x509.Certificate | ec.EllipticCurvePrivateKey) -> bytes:
    if isinstance(made, x509.Certificate):
        return made.public_bytes(serialization.Encoding.PEM)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
