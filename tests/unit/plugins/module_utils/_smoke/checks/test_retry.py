# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check with what a browser sends before it."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.defaults import (
    Expectations,
    default_checks,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.retry import repeat_all
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Asker, Reply
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import Url, parse_url
from tests.unit.rendering import only

ORIGIN = "https://intelgraph.ai"
BASE = parse_url("https://maestro.example.com")


class Service(Asker):
    """Answers an allowed origin, and notes what it was sent; `preflights` says whether OPTIONS are answered well."""

    def __init__(self, preflights: bool) -> None:
        super().__init__(t.cast("t.Any", None))
        self.preflights = preflights
        self.sent: list[bytes] = []

    def __call__(self, url: Url, request: bytes, method: str = "GET", timeout: float = 0.0) -> Reply:
        self.sent.append(request)
        headers = {"access-control-allow-origin": ORIGIN}
        if method == "OPTIONS" and self.preflights:
            headers |= {"access-control-allow-headers": "Authorization, Content-Type"}
        return Reply(url, "192.0.2.1", {"first_byte": 0.01}, 200, headers, b"{}")


def outcome(service: Service) -> t.Any:
    checks = default_checks(BASE, Expectations(allowed_origin=ORIGIN, refused_origin="", successes=1))
    allowed = only(check for check in checks if check.name == "cors allowed")
    return only(repeat_all(service, [allowed], 0.3, 0.05))


def test_a_browser_sends_a_preflight_and_then_the_request() -> None:
    service = Service(preflights=True)
    assert outcome(service).passed
    preflight, request = (each.decode() for each in service.sent)
    assert preflight.startswith("OPTIONS /api/v1/status ")
    assert "Access-Control-Request-Method: POST\r\n" in preflight
    assert "Access-Control-Request-Headers: authorization,content-type\r\n" in preflight
    assert request.startswith("GET /api/v1/status ")
    assert all(f"Origin: {ORIGIN}\r\n" in each for each in (preflight, request))


def test_without_a_right_answer_to_the_preflight_the_request_is_not_sent() -> None:
    service = Service(preflights=False)
    came = outcome(service)
    assert not came.passed
    assert came.findings[0].id == "cors-wrong"
    assert "authorization, content-type" in came.findings[0].message
    assert all(each.startswith(b"OPTIONS") for each in service.sent)
