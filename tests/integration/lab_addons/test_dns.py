# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Names as pods see them."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Facts

Inside = Callable[..., str]


def test_services_have_names(inside: Inside) -> None:
    assert "kubernetes.default.svc.cluster.local" in inside("nslookup kubernetes.default.svc.cluster.local")


def test_short_names_are_completed(inside: Inside) -> None:
    assert "bad address" not in inside("wget -q -T 5 -O /dev/null http://kube-dns.kube-system:9153/metrics")


def test_database_has_a_name(inside: Inside, facts: Facts) -> None:
    assert facts["database"]["host"] in inside(f"nslookup -type=a {facts['database']['dns']}")


def test_any_other_name_of_the_domain_leads_to_the_ingress(inside: Inside, facts: Facts) -> None:
    assert facts["ingress"]["address"] in inside(f"nslookup -type=a some-service.{facts['ingress']['domain']}")


def test_name_with_an_ipv4_address_only_exists_in_ipv6_too(inside: Inside, facts: Facts) -> None:
    said = inside(f"nslookup -type=aaaa some-service.{facts['ingress']['domain']}")
    assert "NXDOMAIN" not in said


def test_names_of_the_outside_world_do_not_exist_and_are_refused_at_once(inside: Inside) -> None:
    assert "NXDOMAIN" in inside("timeout 3 nslookup -type=a example.com.")
