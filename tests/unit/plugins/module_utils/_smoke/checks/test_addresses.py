# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every address of a name is tested, not only the one that a client happens to take."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke import runner
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http import probe
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Addresses
from tests.unit.plugins.module_utils._smoke.test_options import asked

GOOD = json.dumps({"revision": "1", "pod": "a"}).encode()


@dataclasses.dataclass
class Server:
    """Answers each connection with one status; `requests` counts them."""

    place: str
    port: int
    status: int = 200
    requests: int = 0
    listening: socket.socket | None = None

    def __enter__(self) -> Server:
        self.listening = socket.create_server((self.place, self.port), backlog=64)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, args=(self.listening,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self.listening:
            self.listening.shutdown(socket.SHUT_RDWR)
            self.listening.close()

    def _serve(self, listening: socket.socket) -> None:
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(GOOD)}\r\nConnection: close\r\n\r\n".encode()
        while True:
            try:
                sock, _peer = listening.accept()
            except OSError:
                return
            with sock:
                if sock.recv(65_536):
                    self.requests += 1
                    sock.sendall(head + GOOD)


def at(port: int, *places: str) -> Addresses:
    return [(socket.AF_INET, (place, port)) for place in places]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """What DNS says; a name that is an address stands for itself."""
    known: dict[str, tuple[str, ...]] = {}

    def lookup(host: str, port: int, _timeout: float) -> Addresses:
        if host not in known and not host.replace(".", "").isdigit():
            raise OSError("no such name")
        return at(port, *known.get(host, (host,)))

    for module in (probe, runner):
        monkeypatch.setattr(module, "lookup", lookup)
    return known


def came(port: int, resolve: dict[str, str] | None = None, **given: t.Any) -> dict[str, t.Any]:
    expect = {"healthy": [], "closed": [], "refused_origin": ""}
    plan = asked(f"http://maestro.test:{port}", expect=expect, resolve=resolve or {}, **given)
    transport = runner.Transport(t.cast("t.Any", None), resolve or {}, timeout=2, deadline=2, interval=0.05)
    return runner.run(plan, None, transport, runner.Prometheus())


LOAD = {"rate": 50, "seconds": 0.5, "warm_up": 0, "gates": {"error_ratio": 0.5}}


@pytest.mark.parametrize("load", [{}, {"load": LOAD}], ids=["checks", "with-load"])
@pytest.mark.parametrize("order", [("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "127.0.0.2")], ids=["first", "last"])
def test_a_name_with_a_dead_address_fails(
    load: dict[str, t.Any], order: tuple[str, ...], names: dict[str, tuple[str, ...]]
) -> None:
    with Server("127.0.0.1", 0) as server:
        names["maestro.test"] = order
        result = came(server.port, **load)
    assert (result["verdict"], result["load"]) == ("failed", {})
    assert "[address-unreachable] 127.0.0.2: it takes no connection on port" in result["msg"]


def test_a_name_with_an_address_that_answers_wrongly_fails(names: dict[str, tuple[str, ...]]) -> None:
    with Server("127.0.0.1", 0) as good, Server("127.0.0.2", good.port, status=502):
        names["maestro.test"] = ("127.0.0.1", "127.0.0.2")
        result = came(good.port)
    assert result["verdict"] == "failed"
    assert "[response-unexpected] api at 127.0.0.2" in result["msg"]
    assert "api at 127.0.0.1" not in result["msg"]


def test_the_load_goes_to_every_address(names: dict[str, tuple[str, ...]]) -> None:
    with Server("127.0.0.1", 0) as one, Server("127.0.0.2", one.port) as two:
        names["maestro.test"] = ("127.0.0.1", "127.0.0.2")
        result = came(one.port, load=LOAD)
        assert {"api at 127.0.0.1", "api at 127.0.0.2"} <= {check["name"] for check in result["checks"]}
        assert min(one.requests, two.requests) > 5
    assert not [each for each in result["findings"] if each["severity"] == "error"], result["msg"]


def test_where_the_inventory_names_one_address_another_dead_one_is_only_told(
    names: dict[str, tuple[str, ...]],
) -> None:
    with Server("127.0.0.1", 0) as server:
        names["maestro.test"] = ("127.0.0.2", "127.0.0.1")
        result = came(server.port, {"maestro.test": "127.0.0.1"})
    assert result["verdict"] == "passed", result["msg"]
    [told] = [each for each in result["findings"] if each["id"] == "address-unreachable"]
    assert (told["object"], told["severity"]) == ("127.0.0.2", "note")


def test_a_name_that_dns_does_not_know_yet_is_no_matter_where_the_inventory_names_an_address(
    names: dict[str, tuple[str, ...]],
) -> None:
    with Server("127.0.0.1", 0) as server:
        result = came(server.port, {"maestro.test": "127.0.0.1"})
    assert (names, result["verdict"]) == ({}, "passed"), result["msg"]
