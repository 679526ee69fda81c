# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a file on disk, whole or not at all, for its owner's eyes only, in a folder that nobody else can change.

All that the collection writes (reports, evidence, saved plans, support bundles) goes through `write`. A link in the
place of the file is replaced, never followed; one on the way to its folder is followed only when it is ours.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pathlib
import re
import secrets
import stat
import typing as t

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
LONGEST_NAME = 120
"""Characters of a name that is made of what others have named."""
UNSAFE = re.compile(r"[^A-Za-z0-9._@:+=,-]+")
TRUSTED_OWNERS = frozenset({0})
"""Users beside our own whose folders and links are trusted: the administrator's."""


def write(path: str | os.PathLike[str], content: str | bytes) -> pathlib.Path:
    """Write the file in one step and return its absolute path; missing folders are made, for the owner only.

    It lies on the disk, not only in memory, when this returns. Who reads it meanwhile sees the former file or this one.
    Raises OSError when it cannot be written, also when the folder is one that others control.
    """
    place = pathlib.Path(os.path.abspath(path))
    raw = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with _own_folder(place.parent) as folder:
        draft = f".{place.name[:LONGEST_NAME]}.{secrets.token_hex(6)}"
        try:
            _write_new(folder, draft, raw)
            os.replace(draft, place.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=folder)
            raise
        os.fsync(folder)
    return place


def safe_name(text: str) -> str:
    """One part of a path made of what others have named: it never leads to another folder, and stays its own.

    What no file name should hold becomes a hyphen; a name that had to be changed ends with a digest of what it was.
    """
    name = UNSAFE.sub("-", text).lstrip(".-")[:LONGEST_NAME]
    if name and name == text:
        return name
    digits = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name}-{digits}" if name else digits


def safe_path(path: str) -> str:
    """A relative path of which each part is a safe name."""
    return "/".join(safe_name(part) for part in path.split("/") if part)


@contextlib.contextmanager
def _own_folder(folder: pathlib.Path) -> t.Iterator[int]:
    """The folder, opened: what becomes of its path meanwhile does not matter. Raises OSError."""
    _make(folder)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _require_ours(folder, os.fstat(handle))
        yield handle
    finally:
        os.close(handle)


def _make(folder: pathlib.Path) -> None:
    """Make what is missing of the folder's path. Raises OSError for a link that somebody else has laid there."""
    for place in (*reversed(folder.parents), folder):
        try:
            found = os.lstat(place)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(place, PRIVATE_FOLDER)
            found = os.lstat(place)
        if stat.S_ISLNK(found.st_mode) and not _is_trusted(found):
            raise PermissionError(errno.EPERM, "a link of another user leads there", str(place))


def _require_ours(folder: pathlib.Path, found: os.stat_result) -> None:
    """Raises OSError when others could put something else into the place of what is written there."""
    if not _is_trusted(found):
        raise PermissionError(errno.EPERM, "the folder belongs to another user", str(folder))
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise PermissionError(errno.EPERM, "every user may change the folder", str(folder))


def _is_trusted(found: os.stat_result) -> bool:
    return found.st_uid in {os.geteuid(), *TRUSTED_OWNERS}


def _write_new(folder: int, name: str, raw: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, PRIVATE_FILE, dir_fd=folder), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
