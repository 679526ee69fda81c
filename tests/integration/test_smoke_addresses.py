# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name with an address that takes no connection from here: whole runs against servers on loopback."""

from __future__ import annotations

import socket
import ssl
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke import runner
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http import probe
from tests.smoke_servers.server import serving
from tests.unit.plugins.module_utils._smoke.test_options import asked

CHECKS = [{"name": "root", "url": "/"}]


@pytest.mark.parametrize(
    ("behaviour", "given"),
    [
        ("forgetful", {"load": {"rate": 300, "seconds": 1, "warm_up": 0.5, "gates": {"error_ratio": 0.05}}}),
        ("limited", {"limiter": {"rate": 400, "limit": 200, "burst": 200, "tolerance": 0.5}}),
    ],
)
def test_a_name_with_a_dead_address_fails_before_a_load_is_sent(
    behaviour: str, given: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(behaviour) as server:
        both = [(socket.AF_INET, (place, server.port)) for place in ("127.0.0.2", "127.0.0.1")]
        for module in (probe, runner):
            monkeypatch.setattr(module, "lookup", lambda *_name: both)
        wish = asked(f"http://localhost:{server.port}", defaults=False, checks=CHECKS, **given)
        transport = runner.Transport(ssl.create_default_context(), {}, interval=0.05)
        came = runner.run(wish, None, transport, runner.Prometheus())
    assert (came["verdict"], came["load"], came["limiter"]) == ("failed", {}, {})
    assert "[address-unreachable] 127.0.0.2" in came["msg"]
