# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests go and what they say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import (
    NotAllowed,
    address_of,
    parse_url,
    refuse_foreign,
    wire,
)

BASE = "https://maestro.example.com"


def test_a_url_comes_apart_and_together() -> None:
    url = parse_url("https://Maestro.Example.com:8443/a path?q=1#part")
    assert (url.scheme, url.host, url.port, url.target) == ("https", "maestro.example.com", 8443, "/a%20path?q=1")
    assert str(url) == "https://maestro.example.com:8443/a%20path?q=1"
    assert str(parse_url("/healthz", BASE)) == f"{BASE}/healthz"
    assert parse_url("https://[::1]:8443/").authority == "[::1]:8443"


@pytest.mark.parametrize(
    "text", ["", "/healthz", "ftp://a/", "https://", "https://a:b/", "https://a:99999/", "https://[::1"]
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(NotAllowed):
        parse_url(text)


def test_a_request_is_its_bytes() -> None:
    sent = wire(parse_url("/a?b=c", BASE), "POST", {"accept": "application/json"}, '{"a": "ü"}').decode()
    assert sent.split("\r\n") == [
        "POST /a?b=c HTTP/1.1",
        "Host: maestro.example.com",
        "User-Agent: intelgraph.maestro smoke",
        "accept: application/json",
        "Content-Length: 11",
        "",
        '{"a": "ü"}',
    ]


def test_credentials_of_a_url_become_a_header_and_are_not_shown() -> None:
    url = parse_url("https://user:p%40ss@maestro.example.com/")
    assert b"Authorization: Basic dXNlcjpwQHNz\r\n" in wire(url)
    assert "p@ss" not in str(url)


@pytest.mark.parametrize("headers", [{"A b": "c"}, {"A": "b\r\nC: d"}, {"": "x"}])
def test_a_header_cannot_smuggle_another(headers: dict[str, str]) -> None:
    with pytest.raises(NotAllowed):
        wire(parse_url(BASE), headers=headers)


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_no_path_breaks_the_request_line(path: str) -> None:
    try:
        sent = wire(parse_url(f"{BASE}/{path}"))
    except NotAllowed:
        return
    assert sent.count(b"\r\n") == 5
    assert sent.split(b"\r\n")[0].count(b" ") == 2


@pytest.mark.parametrize(
    ("resolve", "address"),
    [
        ({}, ("maestro.example.com", 443)),
        ({"maestro.example.com": "10.0.0.1"}, ("10.0.0.1", 443)),
        ({"maestro.example.com": "10.0.0.1:8443"}, ("10.0.0.1", 8443)),
        ({"maestro.example.com": "::1"}, ("::1", 443)),
        ({"maestro.example.com": "[::1]:8443"}, ("::1", 8443)),
        ({"maestro.example.com:443": "10.0.0.1", "maestro.example.com": "10.0.0.2"}, ("10.0.0.1", 443)),
        ({"maestro.example.com:80": "10.0.0.1"}, ("maestro.example.com", 443)),
    ],
)
def test_an_address_stands_in_for_a_name(resolve: dict[str, str], address: tuple[str, int]) -> None:
    assert address_of(parse_url(BASE), resolve) == address


def test_only_named_hosts_are_asked() -> None:
    url = parse_url(BASE)
    refuse_foreign([url], ["maestro.example.com"])
    refuse_foreign([url], ["*.Example.com"])
    for allowed in ([], ["example.com"], ["*.maestro.example.com"], ["xmaestro.example.com"]):
        with pytest.raises(NotAllowed, match=r"maestro\.example\.com is not among"):
            refuse_foreign([url], allowed)
