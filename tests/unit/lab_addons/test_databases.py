# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The databases' files: private to their user, and passwords that last."""

from __future__ import annotations

import os
import pwd
import stat
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from cryptography import x509

from maestro_lab.addons.databases import ACCESS, Home
from maestro_lab.names import Lab
from maestro_lab.pki import SERVICES_CA, make_authority


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "postgresql").mkdir()
    return Home(tmp_path / "postgresql", pwd.getpwuid(os.getuid()).pw_name)


def test_files_are_private_from_the_start(home: Home) -> None:
    home.write("server.key", "key")
    assert stat.S_IMODE((home.path / "server.key").stat().st_mode) == 0o600


def test_secret_is_made_once(home: Home) -> None:
    first = home.secret("password")
    assert home.secret("password") == first
    assert len(first) >= 32


def test_secret_needs_no_quoting_in_a_url(home: Home) -> None:
    secrets = {home.secret(f"password-{number}") for number in range(50)}
    assert len(secrets) == 50
    assert all(character.isalnum() or character in "-_" for secret in secrets for character in secret)


def test_certificate_names_the_address_and_the_name(home: Home, tmp_path: Path) -> None:
    lab = Lab("test", tmp_path, IPv4Network("10.99.0.0/16"))
    make_authority(lab, SERVICES_CA)
    home.certify(lab)
    leaf = x509.load_pem_x509_certificate((home.path / "server.crt").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["db.maestro-lab.internal"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == [str(lab.host("db").address)]


def test_postgresql_lets_nobody_in_from_outside_without_tls_and_password() -> None:
    rules = [line.split() for line in ACCESS.splitlines()]
    assert [rule for rule in rules if rule[0] != "local"] == [["hostssl", "all", "all", "0.0.0.0/0", "scram-sha-256"]]
