# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading answers: every form that HTTP/1 has, in whatever pieces, and nothing but those."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.response_parser import (
    MAX_HEAD,
    Cut,
    Malformed,
    Response,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
FIXED = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\nC: d\r\n\r\n"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + FIXED
UNTIL_END = HEAD + b"\r\nhello"
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"
OLD_KEPT = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello"
CLOSING = HEAD + b"connection: Close\r\ncontent-length: 5\r\n\r\nhello"
FORMS = {
    FIXED: True,
    CHUNKED: True,
    CONTINUED: True,
    UNTIL_END: False,
    OLD: False,
    OLD_KEPT: True,
    CLOSING: False,
}
"""Each way of saying hello, and whether the connection is kept afterwards."""
WRONG = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "no number": b"HTTP/1.1 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status of one digit": b"HTTP/1.1 5\r\n\r\n",
    "a length that is none": HEAD + b"Content-Length: -1\r\n\r\n",
    "a length in words": HEAD + b"Content-Length: five\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
    "a chunk of a negative size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\nhe",
    "a chunk longer than its size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
    "a size without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
    "bytes after the end": FIXED + b"x",
    "headers without end": HEAD + b"A: " + b"a" * MAX_HEAD,
    "a trailer without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * MAX_HEAD,
    "a body beyond the limit": HEAD + b"Content-Length: 1001\r\n\r\n",
    "chunks beyond the limit": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1f4\r\n" + b"a" * 500 + b"\r\nfff\r\n",
    "an endless body": HEAD + b"\r\n" + b"a" * 1001,
}


def read(data: bytes, *pieces: int, method: str = "GET") -> Response:
    """Read an answer that arrives cut at these places and is followed by the end of the connection."""
    answer = Response(max_body=1000, keep_body=True)
    answer.begin(method)
    complete = False
    marks = [0, *sorted(pieces), len(data)]
    for begin, end in itertools.pairwise(marks):
        complete = answer.feed(data[begin:end])
    if not complete:
        answer.end()
    return answer


@pytest.mark.parametrize("data", FORMS)
def test_every_form_of_an_answer_is_read(data: bytes) -> None:
    answer = read(data)
    assert (answer.status, answer.body, answer.size, answer.kept) == (200, b"hello", 5, FORMS[data])


@given(st.sampled_from(list(FORMS)), st.lists(st.integers(0, len(CHUNKED)), max_size=6))
@settings(max_examples=200, deadline=None)
def test_pieces_make_no_difference(data: bytes, pieces: list[int]) -> None:
    answer = read(data, *(min(piece, len(data)) for piece in pieces))
    assert (answer.status, answer.body, answer.kept) == (200, b"hello", FORMS[data])


@given(st.sampled_from(list(FORMS)), st.data())
@settings(max_examples=100, deadline=None)
def test_an_answer_that_is_cut_is_never_complete(data: bytes, draw: st.DataObject) -> None:
    whole = len(data) if data is not UNTIL_END else len(HEAD) + 2
    short = draw.draw(st.integers(0, whole - 1))
    with pytest.raises(Cut):
        read(data[:short])


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


@given(
    st.lists(st.sampled_from([b"HTTP/1.1 ", b"200", b"\r\n", b"Content-Length: ", b"5", b"\x00\xff", b"0", b": "]))
    | st.binary(max_size=80),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_any_input_ends_as_an_answer_or_as_one_of_two_errors(data: list[bytes] | bytes, piecemeal: bool) -> None:
    given_bytes = data if isinstance(data, bytes) else b"".join(data)
    try:
        answer = read(given_bytes, *(range(len(given_bytes)) if piecemeal else ()))
    except (Malformed, Cut):
        return
    assert 100 <= answer.status <= 999
    assert len(answer.body) == answer.size


@given(st.binary(min_size=1, max_size=300), st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_answer_is_read_or_refused(noise: bytes, draw: st.DataObject) -> None:
    form = draw.draw(st.sampled_from(list(FORMS)))
    place = draw.draw(st.integers(0, len(form)))
    damaged = form[:place] + noise + form[place + len(noise) :]
    try:
        answer = read(damaged)
    except (Malformed, Cut):
        return
    assert answer.size <= 1000


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_body_ends_with_its_headers(status: bytes) -> None:
    answer = read(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n")
    assert (answer.size, answer.kept) == (0, True)


def test_the_answer_to_head_has_no_body() -> None:
    assert read(HEAD + b"Content-Length: 5\r\n\r\n", method="HEAD").size == 0


def test_an_empty_body_is_complete_at_once() -> None:
    assert read(HEAD + b"Content-Length: 0\r\n\r\n").kept


def test_a_connection_carries_one_answer_after_the_other() -> None:
    answer = Response()
    for data in (FIXED, CHUNKED, FIXED):
        answer.begin()
        assert answer.feed(data)
        assert (answer.size, answer.body) == (5, b"")


def test_headers_are_found_by_their_names() -> None:
    answer = read(HEAD + b"X-Pod: a\r\nVary: A\r\nvary: B\r\nContent-Length: 0\r\n\r\n")
    assert answer.headers() == {"x-pod": "a", "vary": "A, B", "content-length": "0"}
    assert (answer.header(b"x-pod"), answer.header(b"pod"), answer.header(b"absent")) == ("a", "", "")


def test_the_end_is_told_where_it_came() -> None:
    with pytest.raises(Cut, match="before the first byte"):
        read(b"")
    with pytest.raises(Cut, match="in the headers"):
        read(HEAD)
    with pytest.raises(Cut, match="after 2 bytes"):
        read(FIXED[:-3])


def test_behind_an_upgrade_another_protocol_begins() -> None:
    answer = Response()
    answer.begin()
    assert answer.feed(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi")
    assert (answer.status, answer.kept) == (101, False)
