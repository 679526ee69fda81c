# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text parts as one compressed archive on disk: whole or not there at all, and for its owner's eyes only."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import pathlib
import re
import tarfile
import typing as t

from .._cluster.errors import ClusterError
from .._files import atomic
from .._findings import registry


class CannotWrite(ClusterError):
    """The archive cannot be written where it should lie."""

    finding_type = registry.SUPPORT_BUNDLE_NOT_WRITTEN


def archive_name(name: str, namespace: str, host: str, now: float) -> str:
    """`maestro-maestro-system-10.0.0.1-6443-20261123T201500Z`, without the suffix of a file."""
    when = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    place = re.sub(r"[^A-Za-z0-9.]+", "-", host.partition("://")[2] or host).strip("-")
    return atomic.safe_name(f"{name}-{namespace}-{place}-{when}")


def packed(folder: str, parts: t.Mapping[str, str], now: float) -> bytes:
    """The compressed archive: every part below one folder, dated with the moment of the diagnosis."""
    stream = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", mtime=int(now)) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, text in parts.items():
            raw = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"{folder}/{atomic.safe_path(path)}")
            entry.size, entry.mtime, entry.mode = len(raw), int(now), atomic.PRIVATE_FILE
            archive.addfile(entry, io.BytesIO(raw))
    return stream.getvalue()


def write(content: bytes, path: pathlib.Path) -> None:
    """Write the file in one step, readable by its owner only; its folder is made when missing. Raises CannotWrite."""
    try:
        atomic.write(path, content)
    except OSError as error:
        raise CannotWrite(f"The diagnosis could not be written to {path}: {error.strerror or error}") from error
