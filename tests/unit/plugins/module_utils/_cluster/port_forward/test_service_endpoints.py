# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Service leads to: its ports by name and number, and only the pods that are ready."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.listener import Backend
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.service_endpoints import (
    NotForwardable,
    Port,
    ServicePort,
    backends_of,
    port_of,
    service_port_of,
)

HTTP = {"name": "http", "port": 80, "targetPort": "http"}
METRICS = {"name": "metrics", "port": 9090}
ALONE = {"port": 443}


def service(*ports: dict[str, t.Any], **spec: t.Any) -> dict[str, t.Any]:
    return {"metadata": {"name": "maestro"}, "spec": {"ports": list(ports), **spec}}


def slice_of(port: int, *pods: str, name: str = "http", **conditions: bool) -> dict[str, t.Any]:
    endpoints = [{"targetRef": {"kind": "Pod", "name": pod}, "conditions": conditions} for pod in pods]
    return {"ports": [{"name": name, "port": port, "protocol": "TCP"}], "endpoints": endpoints}


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("service/maestro", ServicePort("maestro")),
        ("svc/maestro:http", ServicePort("maestro", "http")),
        (" service/maestro:8080 ", ServicePort("maestro", "8080")),
        ("maestro", None),
        ("pod/maestro", None),
        ("service/Maestro", None),
        ("service/maestro:", None),
        ("service/maestro/x", None),
    ],
)
def test_a_way_is_written_as_kubectl_writes_it(text: str, way: ServicePort | None) -> None:
    assert service_port_of(text) == way


@pytest.mark.parametrize(
    ("found", "wanted", "port"),
    [
        (service(METRICS, HTTP), "", Port("http", 80)),
        (service(METRICS, HTTP), "metrics", Port("metrics", 9090)),
        (service(METRICS, HTTP), "9090", Port("metrics", 9090)),
        (service(METRICS), "", Port("metrics", 9090)),
        (service(ALONE), "", Port("", 443, tls=True)),
        (service({**ALONE, "appProtocol": "http"}), "", Port("", 443)),
        (service({"name": "https", "port": 8443}), "", Port("https", 8443, tls=True)),
        (service({**HTTP, "appProtocol": "HTTPS"}), "", Port("http", 80, tls=True)),
    ],
)
def test_a_port_is_found_by_name_and_number(found: dict[str, t.Any], wanted: str, port: Port) -> None:
    assert port_of(found, wanted) == port


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        (service(METRICS, HTTP), "web", "has no TCP port web; its ports: metrics (9090), http (80)"),
        (service(METRICS, ALONE), "", "has no TCP port http; its ports: metrics (9090), unnamed (443)"),
        (service({"name": "dns", "port": 53, "protocol": "UDP"}), "dns", "its ports: none"),
        (service(type="ExternalName", externalName="else.where"), "", "stands for else.where, which is outside"),
    ],
)
def test_a_port_that_is_not_there_is_named_with_those_that_are(found: dict[str, t.Any], wanted: str, said: str) -> None:
    with pytest.raises(NotForwardable, match="Service maestro") as raised:
        port_of(found, wanted)
    assert said in str(raised.value)


def test_ready_pods_with_the_number_that_the_port_has_in_each() -> None:
    slices = [
        slice_of(8080, "b", "a", ready=True),
        slice_of(8080, "a", ready=True),
        slice_of(8081, "c"),
        slice_of(8080, "not-ready", ready=False),
        slice_of(8080, "ending", ready=True, terminating=True),
        slice_of(9090, "a", name="metrics", ready=True),
        {"ports": [{"name": "http", "port": 8080}], "endpoints": [{"addresses": ["192.0.2.1"]}]},
        {"ports": None, "endpoints": None},
    ]
    assert backends_of(slices, Port("http", 80)) == [Backend("a", 8080), Backend("b", 8080), Backend("c", 8081)]
