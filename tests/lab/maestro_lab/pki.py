# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The lab's certificate authorities and what they sign. All is new for each lab and lies in STATE/pki.

Each authority signs for one purpose, so that a certificate for one thing opens no other. Authorities carry a key-usage
extension and leaf certificates proper names, as strict TLS clients demand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .names import Lab

CLUSTER_CA = "cluster-ca"
ETCD_CA = "etcd-ca"
FRONT_PROXY_CA = "front-proxy-ca"
SERVICES_CA = "services-ca"
AUTHORITIES = (CLUSTER_CA, ETCD_CA, FRONT_PROXY_CA, SERVICES_CA)
SERVICE_ACCOUNT_KEY = "service-accounts.key"
LIFETIME = timedelta(days=365)


@dataclass(frozen=True)
class Pair:
    """The files of a certificate and its private key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Leaf:
    """A certificate to be signed: whom it names, for which addresses it serves, and by which authority."""

    name: str
    authority: str
    common_name: str
    organization: str = ""
    addresses: tuple[str, ...] = ()


def pair(lab: Lab, name: str) -> Pair:
    """Where the certificate of that name lies."""
    return Pair(lab.pki / f"{name}.crt", lab.pki / f"{name}.key")


def make_authority(lab: Lab, name: str) -> Pair:
    """A self-signed certificate authority, made unless it exists."""
    files = pair(lab, name)
    if not files.certificate.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(f"{name} of lab {lab.name}")
        certificate = (
            _dated(subject, subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(files, key, certificate)
    return files


def issue(lab: Lab, leaf: Leaf) -> Pair:
    """A certificate for clients and servers alike, signed by an authority made before; made unless it exists."""
    files = pair(lab, leaf.name)
    if files.certificate.exists():
        return files
    authority = pair(lab, leaf.authority)
    signer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    signing_key = serialization.load_pem_private_key(authority.key.read_bytes(), None)
    assert isinstance(signing_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _dated(_subject(leaf.common_name, leaf.organization), signer.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if leaf.addresses:
        builder = builder.add_extension(x509.SubjectAlternativeName(_names(leaf.addresses)), critical=False)
    _write(files, key, builder.sign(signing_key, hashes.SHA256()))
    return files


def make_key(lab: Lab, name: str) -> Path:
    """A private key alone, made unless it exists."""
    path = lab.pki / name
    if not path.exists():
        _write_private(path, ec.generate_private_key(ec.SECP256R1()))
    return path


def _dated(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(common_name: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _names(addresses: Sequence[str]) -> list[x509.GeneralName]:
    return [_name(address) for address in addresses]


def _name(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _write(files: Pair, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    files.key.parent.mkdir(parents=True, exist_ok=True)
    _write_private(files.key, key)
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )


def cluster_leaves(lab: Lab) -> tuple[Leaf, ...]:
    """Every certificate of the control plane and the nodes."""
    server = (
        "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
        "localhost", "127.0.0.1", str(lab.address), str(lab.services[1]),
    )  # fmt: skip
    here = (str(lab.address),)
    return (
        Leaf("etcd", ETCD_CA, "etcd", addresses=here),
        Leaf("etcd-client", ETCD_CA, "kube-apiserver"),
        Leaf("kube-apiserver", CLUSTER_CA, "kube-apiserver", addresses=server),
        Leaf("kubelet-client", CLUSTER_CA, "kube-apiserver-kubelet-client", "system:masters"),
        Leaf("front-proxy-client", FRONT_PROXY_CA, "front-proxy-client"),
        Leaf("admin", CLUSTER_CA, "lab-admin", "system:masters"),
        Leaf("kube-controller-manager", CLUSTER_CA, "system:kube-controller-manager", addresses=here),
        Leaf("kube-scheduler", CLUSTER_CA, "system:kube-scheduler", addresses=here),
        Leaf("kube-proxy", CLUSTER_CA, "system:kube-proxy"),
        *(
            Leaf(node.name, CLUSTER_CA, f"system:node:{node.name}", "system:nodes", (node.name, str(node.address)))
            for node in lab.nodes
        ),
    )


def make_all(lab: Lab) -> None:
    """All authorities, certificates and keys that the cluster itself needs."""
    for name in AUTHORITIES:
        make_authority(lab, name)
    for leaf in cluster_leaves(lab):
        issue(lab, leaf)
    make_key(lab, SERVICE_ACCOUNT_KEY)
