# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter smoke_defaults, its example, and the roots that it names."""

from __future__ import annotations

import ssl

import yaml

from ansible_collections.intelgraph.maestro.plugins.filter import smoke_defaults as plugin
from tests.unit.plugins.module_utils._variables.defaults import of_role

smoke_defaults = plugin.FilterModule().filters()["smoke_defaults"]


def test_the_usual_ingress_only_names_the_origin_that_it_allows() -> None:
    expect = {"allowed_origin": "https://intelgraph.ai"}
    assert smoke_defaults(of_role("ingress"), rate=1000) == {"expect": expect, "ca_path": "", "rate": 1000}


def test_the_example_names_all_that_is_read() -> None:
    given = yaml.safe_load(plugin.EXAMPLES)[0]["vars"]["ingress"]
    assert smoke_defaults(given, rate=1000)["expect"] == {"healthy": [], "allowed_origin": "https://intelgraph.ai"}


def test_the_staging_issuer_brings_its_roots() -> None:
    path = smoke_defaults(of_role("ingress", ingress_tls_issuer="letsencrypt-staging"), rate=1)["ca_path"]
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(path)
    roots = trust.get_ca_certs()
    assert len(roots) == 4
    assert all("(STAGING)" in str(root["subject"]) and root["subject"] == root["issuer"] for root in roots)
