# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Pushing: references are taken apart as Docker does, and a registry gets each blob once, then the manifest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from maestro_lab.images import Image, ImageError, Layout, build, text
from maestro_lab.registry_client import Name, Registry


@pytest.mark.parametrize(
    ("reference", "host", "repository", "tag"),
    [
        ("ghcr.io/a/b:1", "ghcr.io", "a/b", "1"),
        ("10.1.2.3:5000/a:x", "10.1.2.3:5000", "a", "x"),
        ("localhost/a", "localhost", "a", "latest"),
        ("busybox", "docker.io", "library/busybox", "latest"),
        ("busybox:1.35", "docker.io", "library/busybox", "1.35"),
        ("rancher/x:2", "docker.io", "rancher/x", "2"),
    ],
)
def test_reference_is_taken_apart(reference: str, host: str, repository: str, tag: str) -> None:
    assert Name.parse(reference) == Name(host, repository, tag)


@pytest.mark.parametrize("reference", ["", "a/b@sha256:00"])
def test_what_cannot_be_pushed_to_is_refused(reference: str) -> None:
    with pytest.raises(ImageError, match="cannot be pushed to"):
        Name.parse(reference)


class FakeRegistry(ThreadingHTTPServer):
    """Keeps blobs and manifests in memory; refuses everything when `refusing`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.credentials: set[str] = set()
        self.uploads = 0
        self.refusing = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: FakeRegistry
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(200 if self.path.rpartition("/")[2] in self.server.blobs else 404)

    def do_POST(self) -> None:
        self.server.uploads += 1
        self.answer(202, {"Location": f"http://{self.server.address}/upload?state=s"})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.credentials.add(self.headers["Authorization"])
        if self.server.refusing:
            self.answer(403, text=b"no room")
            return
        url = urlsplit(self.path)
        if url.path == "/upload":
            query = parse_qs(url.query)
            assert query["state"] == ["s"]
            self.server.blobs[query["digest"][0]] = body
        else:
            self.server.manifests[url.path] = body
        self.answer(201)

    def answer(self, status: int, headers: dict[str, str] | None = None, text: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with FakeRegistry() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return build(Image("ghcr.io/a/b:1", (text("/file", "content"),), ("/file",)), tmp_path / "cache")


def test_push_stores_blobs_and_manifest(server: FakeRegistry, layout: Layout) -> None:
    with Registry(server.address, "user", "password") as registry:
        assert registry.push(layout, "ghcr.io/a/b:1") == layout.digest
    assert server.manifests == {"/v2/a/b/manifests/1": layout.manifest()}
    assert server.blobs == {digest: layout.blob(digest).read_bytes() for digest in layout.blobs()}
    assert server.credentials == {"Basic dXNlcjpwYXNzd29yZA=="}


def test_blobs_that_are_there_are_not_sent_again(server: FakeRegistry, layout: Layout) -> None:
    with Registry(server.address, "user", "password") as registry:
        registry.push(layout, "ghcr.io/a/b:1")
        registry.push(layout, "ghcr.io/a/b:2")
    assert server.uploads == len(layout.blobs())
    assert len(server.manifests) == 2


def test_refusal_carries_the_registrys_words(server: FakeRegistry, layout: Layout) -> None:
    server.refusing = True
    with (
        Registry(server.address, "user", "password") as registry,
        pytest.raises(ImageError, match="answered 403, want 201: no room"),
    ):
        registry.push(layout, "ghcr.io/a/b:1")


def test_unreachable_registry_is_named(layout: Layout) -> None:
    with Registry("127.0.0.1:1", "user", "secret") as registry, pytest.raises(ImageError, match=r"127\.0\.0\.1:1"):
        registry.push(layout, "ghcr.io/a/b:1")


def test_password_is_not_shown() -> None:
    assert "secret" not in repr(Registry("127.0.0.1:1", "user", "secret"))
