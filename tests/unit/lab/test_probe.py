# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Probes: each kind of address, answered, refused and silent."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro_lab import pki, probe
from maestro_lab.names import Lab
from maestro_lab.probe import answers


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_http_counts_only_when_it_says_200(lab: Lab, server: http.server.HTTPServer) -> None:
    assert answers(f"http://127.0.0.1:{server.server_port}/readyz", lab)
    assert not answers(f"http://127.0.0.1:{server.server_port}/other", lab)


def test_https_counts_only_with_a_certificate_of_the_cluster(lab: Lab, server: http.server.HTTPServer) -> None:
    pki.make_authority(lab, pki.CLUSTER_CA)
    pki.make_authority(lab, pki.SERVICES_CA)
    address = f"https://127.0.0.1:{server.server_port}/readyz"
    for authority, counts in ((pki.SERVICES_CA, False), (pki.CLUSTER_CA, True)):
        files = pki.issue(lab, pki.Leaf(f"by-{authority}", authority, "x", addresses=("127.0.0.1",)))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(files.certificate, files.key)
        plain, server.socket = server.socket, context.wrap_socket(server.socket.dup(), server_side=True)
        assert answers(address, lab) is counts
        server.socket.close()
        server.socket = plain


def test_tcp_and_unix_count_when_they_accept(lab: Lab, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert answers(f"tcp://127.0.0.1:{listening.getsockname()[1]}", lab)
        closed = listening.getsockname()[1]
    assert not answers(f"tcp://127.0.0.1:{closed}", lab)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        assert not answers("unix:///sock", lab, tmp_path)
        listening.listen()
        assert answers("unix:///sock", lab, tmp_path)


def test_a_server_that_accepts_and_says_nothing_does_not_count(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not answers(f"http://127.0.0.1:{silent.getsockname()[1]}/", lab)


def test_no_address_always_counts(lab: Lab) -> None:
    assert answers("", lab)
