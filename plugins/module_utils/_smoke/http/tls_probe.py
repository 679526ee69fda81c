# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server offers to whoever takes anything: asked after it was refused, so that a person sees what is wrong.

Nothing is sent over such a connection and nothing that comes over it is believed; it ends with the handshake.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import socket
import ssl
import typing as t

try:
    from cryptography import x509

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

SHOWN = 5
"""Names of a certificate that are told."""


@dataclasses.dataclass(frozen=True)
class Offer:
    """The newest version of TLS, and the certificate in words; each is empty where it is not known."""

    version: str = ""
    certificate: str = ""


def offer_of(family: int, place: t.Any, host: str, timeout: float) -> Offer:
    """Ask the server at an address; one that does not shake hands at all offers nothing."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as plain:
            plain.settimeout(timeout)
            plain.connect(place)
            with _anything().wrap_socket(plain, server_hostname=host) as sock:
                return Offer(sock.version() or "", described(sock.getpeercert(binary_form=True) or b""))
    except (OSError, ValueError):
        return Offer()


def described(encoded: bytes) -> str:
    """`it shows a certificate for a.test, issued by Lab, from 2026-01-01 10:00 to 2026-04-01 10:00 UTC`."""
    if not HAS_CRYPTOGRAPHY or not encoded:
        return ""
    try:
        certificate = x509.load_der_x509_certificate(encoded)
        names = ", ".join(_names(certificate)[:SHOWN]) or "no name"
        issuer = "itself" if certificate.issuer == certificate.subject else _called(certificate.issuer)
        begins, ends = (_moment(certificate, f"not_valid_{side}") for side in ("before", "after"))
    except ValueError:
        return ""
    return f"it shows a certificate for {names}, issued by {issuer}, from {begins} to {ends} UTC"


def _anything() -> ssl.SSLContext:
    """Every version that this machine's library knows, and no trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in held]


def _called(name: x509.Name) -> str:
    """The organisation where there is one, else the common name."""
    parts = {part.oid: str(part.value) for part in name}
    known = (parts.get(oid) for oid in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME))
    return next(filter(None, known), "nobody")


def _moment(certificate: x509.Certificate, field: str) -> str:
    """A time of a certificate; older versions of cryptography tell it in UTC without saying so."""
    moment = getattr(certificate, f"{field}_utc", None) or getattr(certificate, field)
    return t.cast(dt.datetime, moment).strftime("%Y-%m-%d %H:%M")
