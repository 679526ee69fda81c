# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Container images without Docker: a static binary and a few files become an OCI image layout of one layer.

The same content gives the same digest, on every machine and at every time.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from .failure import LabError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CHUNK = 1 << 20
LAYOUT_FILES = re.compile(r"index\.json|oci-layout|blobs/sha256/[0-9a-f]{64}")


class ImageError(LabError):
    """An image cannot be built or an archive cannot be read; the message names which and why."""


@dataclass(frozen=True)
class Entry:
    """One path of an image: a directory, a file from `source` or with `content`, or a symbolic link to `link`."""

    path: str
    mode: int = 0o755
    owner: int = 0
    source: Path | None = None
    content: bytes | None = None
    link: str = ""


def directory(path: str, mode: int = 0o755, owner: int = 0) -> Entry:
    return Entry(path, mode, owner)


def binary(path: str, source: Path) -> Entry:
    return Entry(path, 0o755, source=source)


def text(path: str, content: str, mode: int = 0o644) -> Entry:
    return Entry(path, mode, content=content.encode())


def symlink(path: str, target: str) -> Entry:
    return Entry(path, 0o777, link=target)


@dataclass(frozen=True)
class Image:
    """What an image holds and how it starts. `reference` is registry/repository:tag; `user` is "uid:gid"."""

    reference: str
    entries: tuple[Entry, ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    user: str = "0:0"
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "/"

    def key(self) -> str:
        """Names the image in the cache. A source counts by path, size and time, so that a look-up reads no big file."""
        described = asdict(self)
        described["entries"] = [_described(entry) for entry in self.entries]
        return hashlib.sha256(json.dumps(described, sort_keys=True, default=repr).encode()).hexdigest()[:32]


def _described(entry: Entry) -> list[object]:
    described: list[object] = [entry.path, entry.mode, entry.owner, entry.link, repr(entry.content)]
    if entry.source is not None:
        try:
            status = entry.source.stat()
        except OSError as error:
            raise ImageError(f"The content of an image's {entry.path} cannot be read: {error}") from error
        described += [str(entry.source), status.st_size, status.st_mtime_ns]
    return described


@dataclass(frozen=True)
class Layout:
    """An OCI image layout on disk that holds one image."""

    path: Path
    digest: str

    def blob(self, digest: str) -> Path:
        return self.path / "blobs" / digest.replace(":", "/")

    def manifest(self) -> bytes:
        return self.blob(self.digest).read_bytes()

    def blobs(self) -> list[str]:
        """The digests of the image's config and layers."""
        manifest = json.loads(self.manifest())
        return [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]

    def media_type(self) -> str:
        return str(json.loads(self.manifest())["mediaType"])


def build(image: Image, cache: Path) -> Layout:
    """The image's layout in `cache`, built unless it is there already."""
    target = cache / image.key()
    if not target.is_dir():
        with _new_layout(target) as folder:
            _write_image(folder, image)
    return read_layout(target)


def read_layout(path: Path) -> Layout:
    """The one image of a layout. Raises ImageError when there is none or more than one."""
    try:
        manifests = json.loads((path / "index.json").read_bytes())["manifests"]
    except (OSError, ValueError, KeyError) as error:
        raise ImageError(f"{path} is no OCI image layout: {error}") from error
    if len(manifests) != 1:
        raise ImageError(f"{path} holds {len(manifests)} images, want exactly one")
    if manifests[0]["mediaType"] == INDEX:
        raise ImageError(f"{path} holds an image for several platforms: save one platform of it")
    return Layout(path, manifests[0]["digest"])


@contextmanager
def _new_layout(target: Path) -> Iterator[Path]:
    """A folder that becomes `target` in one step when all went well, so that a killed build leaves no half image."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        (folder / "blobs" / "sha256").mkdir(parents=True)
        yield folder
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_image(folder: Path, image: Image) -> None:
    layer = _write_layer(folder, image.entries)
    runtime: dict[str, Any] = {
        "User": image.user,
        "Entrypoint": list(image.entrypoint),
        "Cmd": list(image.command),
        "Env": [f"{name}={value}" for name, value in sorted(image.environment.items())],
        "WorkingDir": image.working_directory,
        "Labels": dict(sorted(image.labels.items())),
    }
    config = _write_json(
        folder,
        CONFIG,
        {
            "architecture": ARCHITECTURES[os.uname().machine],
            "os": "linux",
            "config": runtime,
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
            "history": [{"created_by": "intelgraph.maestro lab"}],
        },
    )
    _write_index(folder, config, [layer])


def _write_index(folder: Path, config: dict[str, Any], layers: list[dict[str, Any]]) -> None:
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [_write_json(folder, MANIFEST, manifest)]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _write_json(folder: Path, media_type: str, value: object) -> dict[str, Any]:
    content = io.BytesIO(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
    return _write_blob(folder, media_type, content)


def _write_layer(folder: Path, entries: tuple[Entry, ...]) -> dict[str, Any]:
    with tempfile.TemporaryFile(dir=folder) as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for entry in _with_parents(entries):
                _add(archive, entry)
        stream.seek(0)
        return _write_blob(folder, LAYER, stream)


def _with_parents(entries: tuple[Entry, ...]) -> list[Entry]:
    """The entries in path order, preceded by the folders that they lie in."""
    complete = {entry.path.strip("/"): entry for entry in entries}
    for entry in entries:
        for parent in Path(entry.path.strip("/")).parents:
            if str(parent) != ".":
                complete.setdefault(str(parent), directory(str(parent)))
    return [complete[path] for path in sorted(complete)]


def _add(archive: tarfile.TarFile, entry: Entry) -> None:
    member = tarfile.TarInfo(entry.path.strip("/"))
    member.mode, member.uid, member.gid = entry.mode, entry.owner, entry.owner
    if entry.link:
        member.type, member.linkname = tarfile.SYMTYPE, entry.link
        archive.addfile(member)
    elif entry.source is not None:
        member.size = entry.source.stat().st_size
        with entry.source.open("rb") as content:
            archive.addfile(member, content)
    elif entry.content is not None:
        member.size = len(entry.content)
        archive.addfile(member, io.BytesIO(entry.content))
    else:
        member.type = tarfile.DIRTYPE
        archive.addfile(member)


def _write_blob(folder: Path, media_type: str, content: IO[bytes]) -> dict[str, Any]:
    """Stores the content under its digest. Returns its descriptor."""
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder / "blobs", delete=False) as blob:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            blob.write(chunk)
    os.chmod(blob.name, 0o644)
    os.rename(blob.name, folder / "blobs" / "sha256" / digest.hexdigest())
    return {"mediaType": media_type, "digest": f"sha256:{digest.hexdigest()}", "size": size}


def unpack(archive: Path, target: Path) -> Layout:
    """The image of a tar file as `docker save`, `podman save` or an OCI tool writes it, as a layout in `target`."""
    try:
        with tarfile.open(archive) as members, _new_layout(target) as folder:
            names = set(members.getnames())
            if "index.json" in names:
                _copy_layout(members, folder)
            elif "manifest.json" in names:
                _convert_docker_archive(members, folder)
            else:
                raise ImageError(f"{archive} is no image archive: it has neither index.json nor manifest.json")
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise ImageError(f"{archive} is no image archive: {error}") from error
    return read_layout(target)


def _copy_layout(members: tarfile.TarFile, folder: Path) -> None:
    for member in members:
        if member.isfile() and LAYOUT_FILES.fullmatch(member.name):
            with _content(members, member.name) as content, (folder / member.name).open("wb") as copy:
                shutil.copyfileobj(content, copy, CHUNK)


def _convert_docker_archive(members: tarfile.TarFile, folder: Path) -> None:
    images = json.load(_content(members, "manifest.json"))
    if len(images) != 1:
        raise ImageError(f"{members.name!s} holds {len(images)} images, want exactly one")
    layers = []
    for name in images[0]["Layers"]:
        with _plain(_content(members, name)) as content:
            layers.append(_write_blob(folder, LAYER, content))
    with _content(members, images[0]["Config"]) as config:
        _write_index(folder, _write_blob(folder, CONFIG, config), layers)


def _content(members: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file's content, also of one that links to another file of the archive."""
    content = members.extractfile(name)
    if content is None:
        raise ImageError(f"{members.name!s} is no image archive: its {name} is no file")
    return content


def _plain(content: IO[bytes]) -> IO[bytes]:
    """The layer's tar without the gzip that some tools put around it: the config's diff_ids name the plain one."""
    compressed = content.read(2) == b"\x1f\x8b"
    content.seek(0)
    return gzip.GzipFile(fileobj=content) if compressed else content  # type: ignore[return-value]
