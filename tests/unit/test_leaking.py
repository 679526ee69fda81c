# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The searcher of the leak test finds what is leaked on purpose, in every encoding; else that test proves nothing."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import pathlib
import tarfile
import textwrap
import typing as t
import urllib.parse

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.leaking import Leak, Searcher, alignments_of, files_below

SECRET = "s/k-\"x'{y}\\z&=+ é"
SEARCHER = Searcher({"the key": SECRET, "another": "canary-of-another"})
LEAKED: dict[str, t.Callable[[str], str | bytes]] = {
    "plain": str,
    "bytes": str.encode,
    "JSON": json.dumps,
    "JSON as it is": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": text})),
    "JSON in base64": lambda text: base64.b64encode(json.dumps({"a": text}).encode()),
    "YAML": lambda text: yaml.safe_dump({"a": text}, allow_unicode=True),
    "URL": urllib.parse.quote,
    "URL in full": lambda text: urllib.parse.quote(text, safe=""),
    "form": lambda text: urllib.parse.urlencode({"a": text}),
    "HTML": html.escape,
    "Python": lambda text: repr({"a": text}),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(b"12" + text.encode()),
    "base64 of a URL": lambda text: base64.b64encode(urllib.parse.quote(text).encode()),
    "hex of JSON": lambda text: json.dumps(text).encode().hex(),
    "wrapped": lambda text: "\n".join(textwrap.wrap(base64.b64encode(text.encode()).decode(), 7)),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip in base64": lambda text: b'{"a": "' + base64.b64encode(gzip.compress(text.encode() * 9)) + b'"}',
}


@pytest.mark.parametrize("encoding", LEAKED)
def test_a_leak_is_found_in_every_encoding(encoding: str) -> None:
    content = LEAKED[encoding](SECRET)
    assert {(leak.name, leak.place[:4]) for leak in SEARCHER.leaks({"here": content})} == {("the key", "here")}


@pytest.mark.parametrize("shift", range(3))
@pytest.mark.parametrize("after", range(3))
def test_base64_is_found_at_each_alignment_whatever_stands_beside_it(shift: int, after: int) -> None:
    amid = b"\xff" * shift + SECRET.encode() + b"\xff" * after
    assert SEARCHER.leaks({"here": base64.b64encode(amid)})


@given(st.binary(min_size=6, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
@settings(max_examples=50, deadline=None)
def test_one_alignment_is_always_in_the_encoded_whole(raw: bytes, before: bytes, after: bytes) -> None:
    assert alignments_of(raw)[len(before) % 3] in base64.b64encode(before + raw + after)


def test_a_leak_is_found_in_an_archive() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("logs/pod.log")
        member.size = len(SECRET.encode())
        archive.addfile(member, io.BytesIO(SECRET.encode()))
    [leak] = SEARCHER.leaks({"archive": packed.getvalue()})
    assert leak.place.endswith("logs/pod.log")


def test_what_holds_no_secret_is_clean() -> None:
    masked = {"a": "(secret)", "b": base64.b64encode(b"canary-of-").decode(), "c": "H4sI" + "A" * 40}
    assert SEARCHER.leaks({"here": json.dumps(masked), "there": b"\x00\xff"}) == []


def test_a_leak_says_what_where_and_behind_what() -> None:
    assert SEARCHER.leaks({"job.json": f"token: {SECRET}"}) == [Leak("the key", "plain", "job.json", "token: ")]


def test_the_name_of_a_file_is_searched_as_its_content_is(tmp_path: pathlib.Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "canary-of-another.txt").write_text("nothing", encoding="utf-8")
    [leak] = SEARCHER.leaks(files_below(tmp_path))
    assert leak.name == "another"
