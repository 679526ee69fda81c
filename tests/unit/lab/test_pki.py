# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Certificates: strict TLS accepts them, each authority signs for its own purpose only, keys stay private."""

from __future__ import annotations

import socket
import ssl
import stat
import threading

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from maestro_lab import pki
from maestro_lab.names import Lab


def handshake(lab: Lab, leaf: pki.Leaf, trusted: str, name: str) -> None:
    """Speak TLS as the leaf and as a strict client of the trusted authority, over a socket pair."""
    files = pki.issue(lab, leaf)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(pki.pair(lab, trusted).certificate))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(far, server_side=True).close()
        except (ssl.SSLError, OSError):
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname=name):
            pass
    finally:
        near.close()
        thread.join()


@pytest.fixture
def authorities(lab: Lab) -> Lab:
    for name in pki.AUTHORITIES:
        pki.make_authority(lab, name)
    return lab


def test_a_strict_client_accepts_a_leaf_by_name_and_by_address(authorities: Lab) -> None:
    leaf = pki.Leaf("db", pki.SERVICES_CA, "db", addresses=("db.example", "10.77.0.21"))
    handshake(authorities, leaf, pki.SERVICES_CA, "db.example")
    handshake(authorities, leaf, pki.SERVICES_CA, "10.77.0.21")


def test_another_name_is_refused(authorities: Lab) -> None:
    leaf = pki.Leaf("db", pki.SERVICES_CA, "db", addresses=("db.example",))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(authorities, leaf, pki.SERVICES_CA, "other.example")


def test_a_certificate_of_one_authority_is_nothing_to_another(authorities: Lab) -> None:
    leaf = pki.Leaf("db", pki.SERVICES_CA, "db", addresses=("db.example",))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer certificate|self-signed"):
        handshake(authorities, leaf, pki.CLUSTER_CA, "db.example")


def test_what_exists_is_not_made_anew(authorities: Lab) -> None:
    leaf = pki.Leaf("db", pki.SERVICES_CA, "db")
    first = pki.issue(authorities, leaf).certificate.read_bytes()
    assert pki.issue(authorities, leaf).certificate.read_bytes() == first


def test_nobody_else_can_read_a_key(lab: Lab) -> None:
    pki.make_all(lab)
    keys = list(lab.pki.glob("*.key"))
    assert keys
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)


def test_a_kubelet_is_known_as_its_node_and_serves_at_its_address(lab: Lab) -> None:
    leaf = next(leaf for leaf in pki.cluster_leaves(lab) if leaf.name == "node-2")
    pki.make_authority(lab, pki.CLUSTER_CA)
    certificate = x509.load_pem_x509_certificate(pki.issue(lab, leaf).certificate.read_bytes())
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "system:node:node-2"
    assert certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [lab.node("node-2").address]
