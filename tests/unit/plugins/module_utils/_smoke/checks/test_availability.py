# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus says of the availability."""

from __future__ import annotations

import json

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.availability import (
    evaluate,
    query_of,
    value_of,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Reply
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import parse_url


def reply(*values: str) -> Reply:
    result = [{"metric": {}, "value": [1700000000, value]} for value in values]
    body = {"status": "success", "data": {"resultType": "vector", "result": result}}
    return Reply(parse_url("http://prometheus.example.com/"), status=200, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("answer", "value"), [(reply("0.9995"), 0.9995), (reply(), None), (reply("NaN"), None), (reply("+Inf"), None)]
)
def test_a_value_is_read_or_there_is_none(answer: Reply, value: float | None) -> None:
    assert value_of(answer) == value


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"data": {"result": [{}]}}', b"<html>"])
def test_no_answer_of_prometheus_is_no_value(body: bytes) -> None:
    assert value_of(Reply(parse_url("http://a/"), status=200, body=body)) is None


def test_what_is_not_known_is_said() -> None:
    finding = evaluate(None, 0.999, 30)
    assert finding
    assert (finding.id, finding.severity) == ("availability-unproven", "note")
    assert "43 minutes" in finding.message


def test_a_missed_target_is_a_warning_and_a_kept_one_nothing() -> None:
    low = evaluate(0.998, 0.999, 30)
    assert low
    assert (low.id, low.severity) == ("availability-low", "warning")
    assert evaluate(0.9991, 0.999, 30) is None


def test_the_query_is_of_the_releases_namespace() -> None:
    assert query_of("prod", 30).count('namespace="prod"') == 2
    assert query_of("prod", 30).count("[30d]") == 2
