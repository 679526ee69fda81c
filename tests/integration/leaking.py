# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secret values in whatever a run leaves: plain or escaped, each also in base64 and hex, packed or wrapped.

Written without the product's own masking, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import pathlib
import re
import tarfile
import typing as t
import urllib.parse
import zlib

PACKED = re.compile(rb"H4sI[A-Za-z0-9+/_-]{20,}={0,2}")
"""Base64 of what gzip has packed."""
SHOWN = 60
Content = str | bytes


class Leak(t.NamedTuple):
    """Which value came out, in which form, where, and what stands before it."""

    name: str
    form: str
    place: str
    before: str


def forms_of(value: str) -> dict[str, bytes]:
    """Every form in which a value could come out, by what it is called."""
    found = {}
    for writing, text in writings_of(value).items():
        raw = text.encode()
        found[writing] = raw
        found[f"{writing}, hex"] = raw.hex().encode()
        found[f"{writing}, HEX"] = raw.hex().upper().encode()
        for shift, encoded in enumerate(alignments_of(raw)):
            found[f"{writing}, base64 at {shift}"] = encoded
            found[f"{writing}, base64 for addresses at {shift}"] = encoded.translate(bytes.maketrans(b"+/", b"-_"))
    return {form: content for form, content in found.items() if content}


def writings_of(value: str) -> dict[str, str]:
    """The value as text of several languages."""
    in_json = json.dumps(value)[1:-1]
    return {
        "plain": value,
        "JSON": in_json,
        "JSON as it is": json.dumps(value, ensure_ascii=False)[1:-1],
        "JSON in JSON": json.dumps(in_json)[1:-1],
        "URL": urllib.parse.quote(value),
        "URL in full": urllib.parse.quote(value, safe=""),
        "URL in lower case": re.sub("%..", lambda match: match[0].lower(), urllib.parse.quote(value, safe="")),
        "form": urllib.parse.quote_plus(value),
        "YAML": value.replace("'", "''"),
        "Python": repr(value)[1:-1],
        "HTML": html.escape(value),
    }


def alignments_of(raw: bytes) -> list[bytes]:
    """Base64 of the bytes amid others, at each of the three places: the characters that no neighbour changes."""
    found = []
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw).rstrip(b"=")
        first = -(-shift * 8 // 6)
        found.append(encoded[first : (shift + len(raw)) * 8 // 6])
    return found


class Searcher:
    """Knows the values by their names and finds them in content."""

    def __init__(self, values: t.Mapping[str, str]) -> None:
        forms = [(content, name, form) for name, value in values.items() for form, content in forms_of(value).items()]
        self._forms = {content: (name, form) for content, name, form in reversed(forms)}

    def leaks(self, contents: t.Mapping[str, Content]) -> list[Leak]:
        """What was found in contents, which have names: one leak for each value and content."""
        found: dict[tuple[str, str], Leak] = {}
        for place, content in contents.items():
            raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
            for inner, text in unpacked(place, raw):
                for leak in self._in(inner, text):
                    found.setdefault((leak.name, inner), leak)
        return list(found.values())

    def _in(self, place: str, text: bytes) -> t.Iterator[Leak]:
        wrapped = re.sub(rb"\s+", b"", text)
        for content, (name, form) in self._forms.items():
            for searched in (text, wrapped):
                at = searched.find(content)
                if at >= 0:
                    yield Leak(name, form, place, searched[max(0, at - SHOWN) : at].decode("utf-8", "replace"))
                    break


def unpacked(place: str, raw: bytes) -> t.Iterator[tuple[str, bytes]]:
    """The content and all that is packed in it (gzip, tar, base64 of gzip), however deep."""
    if raw.startswith(b"\x1f\x8b"):
        yield from unpacked(f"{place} unpacked", gzip.decompress(raw))
    elif raw[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            for member in archive.getmembers():
                stream = archive.extractfile(member)
                yield from unpacked(f"{place}: {member.name}", stream.read() if stream else b"")
    else:
        yield place, raw
    for number, packed in enumerate(PACKED.findall(raw)):
        try:
            whole = base64.b64decode(packed.translate(bytes.maketrans(b"-_", b"+/")) + b"==")
            yield from unpacked(f"{place}, packed part {number}", gzip.decompress(whole))
        except (EOFError, OSError, ValueError, zlib.error):
            continue  # it only begins like something packed


def files_below(folder: pathlib.Path) -> dict[str, bytes]:
    """The content of all files below a folder, by their paths in it; the paths may give something away, too."""
    return {str(path): str(path).encode() + b"\n" + path.read_bytes() for path in folder.rglob("*") if path.is_file()}
