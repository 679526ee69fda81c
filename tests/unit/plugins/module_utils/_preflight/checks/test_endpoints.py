# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the services there that the release talks to?"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.batch_get import Endpoint, Reached
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Unknown
from tests.unit.rendering import only

from ..builders import findings, ids, key, obj, snapshot

DATABASE = Endpoint("PostgreSQL", "db.example.com", 5432)
SERVICE = key("Service", "postgres", "database")
FORBIDDEN = Unknown("read it", "you may not", True)


@pytest.mark.parametrize(("severity", "expected"), [("error", ["error"]), ("warning", ["warning"]), ("off", [])])
def test_an_endpoint_that_is_not_reached(severity: str, expected: list[str]) -> None:
    seen = snapshot(endpoints=(Reached(DATABASE, "Connection refused", 0.01),))
    found = findings(snapshot=seen, endpoint_severity=severity)
    assert [finding.severity for finding in found] == expected
    assert all(finding.object == "PostgreSQL db.example.com:5432" for finding in found)
    assert all("Connection refused" in finding.message for finding in found)


def test_an_endpoint_that_is_reached() -> None:
    assert findings(snapshot=snapshot(endpoints=(Reached(DATABASE, "", 0.01),))) == []


def service(port: int = 5432, **spec: t.Any) -> t.Any:
    return obj("v1", "Service", "postgres", "database", spec={"ports": [{"port": port}], **spec})


def inside(host: str = "postgres.database", *manifests: t.Any, **changes: t.Any) -> t.Any:
    """The findings about a host that only pods can resolve."""
    reached = Reached(Endpoint("PostgreSQL", host, 5432), "Name or service not known", 0.1)
    return findings(*manifests, snapshot=snapshot(endpoints=(reached,), **changes))


@pytest.mark.parametrize("host", ["postgres.database", "postgres.database.svc", "postgres.database.svc.cluster.local."])
def test_a_service_that_pods_reach_is_not_missed_by_this_host(host: str) -> None:
    assert inside(host, live={SERVICE: service()}, backed={SERVICE: True}) == []


def test_a_name_alone_is_a_service_of_the_releases_namespace() -> None:
    found = inside("postgres", live={key("Service", "postgres"): None})
    assert "Service maestro-system/postgres, which pods would take the name for" in only(found).message


@pytest.mark.parametrize(
    ("live", "backed", "says"),
    [
        (None, True, "Service database/postgres, which pods would take the name for, does not exist."),
        (service(5433), True, "Service database/postgres has no port 5432, but 5433."),
        (service(), False, "Service database/postgres has nothing ready behind it."),
    ],
)
def test_a_service_that_pods_cannot_reach_either_is_refused(live: t.Any, backed: bool, says: str) -> None:
    finding = only(inside(live={SERVICE: live}, backed={SERVICE: backed}))
    assert (finding.id, finding.severity) == ("endpoint-unreachable", "error")
    assert "Name or service not known" in finding.message
    assert says in finding.message
    assert "Create the Service" in finding.next_step


def test_a_service_without_an_address_turns_no_port_away() -> None:
    assert inside(live={SERVICE: service(1, clusterIP="None")}, backed={SERVICE: True}) == []


def test_what_an_external_name_leads_to_is_not_judged() -> None:
    external = service(1, type="ExternalName", externalName="db.example.com")
    assert inside(live={SERVICE: external}, backed={SERVICE: False}) == []


@pytest.mark.parametrize(
    "changes",
    [{}, {"live": {SERVICE: FORBIDDEN}}, {"live": {SERVICE: service()}, "backed": {SERVICE: FORBIDDEN}}],
    ids=["not asked", "service", "slices"],
)
def test_a_service_that_may_not_be_read_is_never_refused(changes: t.Any) -> None:
    assert set(ids(inside(**changes))) <= {"fact-unknown"}


def test_an_address_is_no_service() -> None:
    assert "does not exist" not in only(inside("fd00::5")).message
