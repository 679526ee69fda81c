# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Pushes an OCI image layout to a registry over HTTP."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlencode, urlsplit

from .images import ImageError, Layout

Body = bytes | object  # bytes, or an open binary file that is sent as it is read


@dataclass(frozen=True)
class Name:
    """A reference taken apart: `ghcr.io/a/b:1` is host ghcr.io, repository a/b, tag 1."""

    host: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, reference: str) -> Name:
        """Raises ImageError for a digest: an image is pushed by tag. Docker Hub's short names are completed."""
        if "@" in reference or not reference:
            raise ImageError(f"{reference!r} cannot be pushed to: name it as registry/repository:tag")
        first, _, rest = reference.partition("/")
        if not rest or not ("." in first or ":" in first or first == "localhost"):
            first, rest = "docker.io", reference if rest else f"library/{reference}"
        repository, _, tag = rest.partition(":")
        return cls(first, repository, tag or "latest")


@dataclass
class Registry:
    """A connection to a registry at `address` ("host:port", plain HTTP), kept open while it is used."""

    address: str
    user: str
    password: str = field(repr=False)
    timeout: float = 60.0  # seconds

    def __enter__(self) -> Registry:
        self._connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def push(self, layout: Layout, reference: str) -> str:
        """Stores the image under the reference's repository and tag. Returns its digest."""
        name = Name.parse(reference)
        for digest in layout.blobs():
            self._push_blob(name.repository, layout, digest)
        path = f"/v2/{name.repository}/manifests/{name.tag}"
        self._ask("PUT", path, 201, layout.manifest(), {"Content-Type": layout.media_type()})
        return layout.digest

    def _push_blob(self, repository: str, layout: Layout, digest: str) -> None:
        if self._request("HEAD", f"/v2/{repository}/blobs/{digest}")[0] == 200:
            return
        location = self._ask("POST", f"/v2/{repository}/blobs/uploads/", 202)["location"]
        upload = urlsplit(location)
        query = "&".join(filter(None, [upload.query, urlencode({"digest": digest})]))
        blob = layout.blob(digest)
        with blob.open("rb") as content:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.stat().st_size)}
            self._ask("PUT", f"{upload.path}?{query}", 201, content, headers)

    def _ask(
        self, method: str, path: str, want: int, body: Body = b"", headers: Mapping[str, str] | None = None
    ) -> Mapping[str, str]:
        """The answer's headers. Raises ImageError with the registry's own words unless its status is the wanted one."""
        status, answered, text = self._request(method, path, body, headers)
        if status != want:
            raise ImageError(f"registry {self.address}: {method} {path} answered {status}, want {want}: {text[:500]}")
        return answered

    def _request(
        self, method: str, path: str, body: Body = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], str]:
        credential = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        sent = {"Authorization": f"Basic {credential}", **(headers or {})}
        try:
            self._connection.request(method, path, body, sent)  # type: ignore[arg-type]
            response = self._connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise ImageError(f"registry {self.address}: {method} {path}: {error}") from error
        return response.status, {name.lower(): value for name, value in response.getheaders()}, text
