# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known values are taken out in every form, what looks like a secret is taken out too, and ordinary text stays."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import Mask, forms, parts

VALUE = 'p4ss/w"ord\\with+every=thing&<é>'


def mask(value: str = VALUE, *public: str) -> Mask:
    return Mask({"maestro-secrets/KEY": value}, public)


@pytest.mark.parametrize(
    "form",
    [
        VALUE,
        json.dumps({"password": VALUE}),
        json.dumps({"log": json.dumps({"password": VALUE})}),
        json.dumps(VALUE, ensure_ascii=False),
        repr({"key": VALUE}),
        f"https://host/path?key={urllib.parse.quote(VALUE, safe='')}",
        "https://host/path?key=p4ss%2fw%22ord%5cwith%2bevery%3dthing%26%3c%c3%a9%3e",
        f"https://host/path?key={urllib.parse.quote_plus(VALUE)}",
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        base64.b64encode(VALUE.encode()).decode().rstrip("="),
    ],
)
def test_a_known_value_is_taken_out_in_this_form_and_its_key_is_named(form: str) -> None:
    masked = mask().text(f"before {form} after")
    assert form not in masked
    assert "(secret maestro-secrets/KEY)" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@settings(max_examples=60)
@given(st.binary(max_size=9), st.binary(max_size=9))
def test_a_value_amid_other_text_in_base64_is_taken_out_at_any_alignment(before: bytes, after: bytes) -> None:
    value = "n0b0dy-knows-this-one"
    encoded = base64.b64encode(before + value.encode() + after).decode()
    left, mark, right = mask(value).known(encoded).partition("(secret maestro-secrets/KEY)")
    assert mark
    assert len(left) + len(right) <= len(base64.b64encode(before + after)) + 8


@settings(max_examples=60)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=8, max_size=40))
def test_whatever_the_value_no_form_of_it_is_left(value: str) -> None:
    if value.isdecimal() and len(value) < 8:
        return
    tight = mask(value)
    for form in forms(value):
        if len(form) >= 8:
            assert form not in tight.known(f"[{form}]")


def test_a_password_within_an_address_is_a_secret_of_its_own() -> None:
    known = mask("postgresql://maestro:s3cr%2Ft@db:5432/maestro")
    assert "s3cr" not in known.text("password authentication failed with 's3cr/t' and s3cr%2Ft")
    assert known.text("database maestro on db:5432") == "database maestro on db:5432"


def test_the_texts_of_a_pull_credential_are_secrets_of_their_own() -> None:
    credential = {"auths": {"ghcr.io": {"username": "puller", "password": "hunter22", "auth": "cHVsbGVyOmh1bnRlcjIy"}}}
    known = mask(json.dumps(credential))
    displayed = known.text("login puller with hunter22, header cHVsbGVyOmh1bnRlcjIy")
    assert displayed == "login puller with (secret maestro-secrets/KEY), header (secret maestro-secrets/KEY)"


def test_each_line_of_a_key_is_a_secret_of_its_own() -> None:
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQDFh2Zk3qyyl0oS"
    known = mask(f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    assert known.text("line 2 is BKcwggSjAgEAAoIBAQDFh2Zk3qyyl0oS") == "line 2 is (secret maestro-secrets/KEY)"


def test_a_short_value_is_taken_out_as_a_word_only() -> None:
    assert mask("prod1").text("prod1 is not prod12") == "(secret maestro-secrets/KEY) is not prod12"


@pytest.mark.parametrize("value", ["true", "5432", "abc", ""])
def test_a_value_that_any_text_holds_is_left_alone(value: str) -> None:
    assert mask(value).text(f"is {value} here") == f"is {value} here"


def test_a_name_of_an_object_is_no_secret_although_a_secret_holds_it() -> None:
    assert mask("maestro", "maestro").text("Deployment maestro") == "Deployment maestro"


@pytest.mark.parametrize(
    ("text", "displayed"),
    [
        ("postgres://app:s3cret@db/x refused", "postgres://app:(secret)@db/x refused"),
        ("redis://:s3cret@cache:6379/0", "redis://:(secret)@cache:6379/0"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: (secret)"),
        ('{"authorization":"Basic dXNlcjpwYXNz","a":1}', '{"authorization":"(secret)","a":1}'),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: (secret)"),
        ("sent bearer abcdefghijkl to it", "sent bearer (secret) to it"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl here", "token (secret) here"),
        ("password=hunter2 user=x", "password=(secret) user=x"),
        ('{"dbPassword": "hunter2", "n": 1}', '{"dbPassword": "(secret)", "n": 1}'),
        (r"{\"api_key\":\"hunter2\",\"n\":1}", r"{\"api_key\":\"(secret)\",\"n\":1}"),
        ("used sk-ant-api03-aaaaaaaaaaaaaaaa up", "used (secret) up"),
        ('password="correct horse" user=x', 'password="(secret)" user=x'),
        (r"{\"password\":\"correct horse\",\"n\":1}", r"{\"password\":\"(secret)\",\"n\":1}"),
        ('{"name":"DB_PASSWORD","value":"hunter2"}', '{"name":"DB_PASSWORD","value":"(secret)"}'),
        ('<property name="db.password" value="hunter2"/>', '<property name="db.password" value="(secret)"/>'),
        ("<password>hunter2</password>", "<password>(secret)</password>"),
        ("run app --token hunter2 --port 80", "run app --token (secret) --port 80"),
        ("app:hunter2@tcp(db:3306)/maestro", "app:(secret)@tcp(db:3306)/maestro"),
        ("curl -u me:hunter2 http://x", "curl -u me:(secret) http://x"),
        ("post https://hooks.slack.com/services/T0/B0/abcdefgh", "post https://hooks.slack.com/(secret)"),
        ("GET /blob?sv=1&sig=abcdefgh%3D&n=1", "GET /blob?sv=1&sig=(secret)&n=1"),
        ("TOKEN_URL=https://idp/x?client_secret=hunter2&n=1", "TOKEN_URL=https://idp/x?client_secret=(secret)&n=1"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nnext", "(secret)\nnext"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, displayed: str) -> None:
    assert Mask({}).text(text) == displayed


@pytest.mark.parametrize(
    "text",
    [
        'Error: secret "maestro-secrets" not found',
        "couldn't find key OPENAI_API_KEY in Secret ns/maestro-secrets",
        "GET http://10.1.2.3:8080/readyz returned 503",
        'Readiness probe failed: Get "http://10.0.0.1:8080/readyz": dial tcp 10.0.0.1:8080: connection refused',
        "ghcr.io/brianlong/intelgraph/maestro:2.0.0@sha256:0123456789abcdef not found",
        'error mounting "/var/lib/x" to rootfs at "/etc/passwd": create mountpoint: not a directory',
        "max_tokens=4096 token_ttl=3600 secretName=maestro-tls password_file=/run/x token=true",
        "failed to fetch oauth token: unexpected status: 403 Forbidden",
        'failed to fetch token: serviceaccounts "maestro" not found',
        "failed to get token: connection refused",
        "credentials:\n  file: /etc/app.json",
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector",
    ],
)
def test_ordinary_messages_stay_as_they_are(text: str) -> None:
    assert Mask({"s/k": "another-value"}).text(text) == text


@pytest.mark.parametrize("piece", ["a-b.c", "http://", "http://a:", "token", "sk-", "eyJaaaaaa.", "-----BEGIN "])
def test_a_long_line_of_anything_takes_no_long_time(piece: str) -> None:
    begun = time.process_time()
    Mask({}).text(piece * (60_000 // len(piece)))
    assert time.process_time() - begun < 2


def test_parts_of_text_that_is_almost_json_or_an_address_are_the_text_itself() -> None:
    assert parts("{not json") == ["{not json"]
    assert parts("http://[broken") == ["http://[broken"]


def test_short_lines_of_a_file_are_secrets_too_and_so_is_what_a_line_assigns() -> None:
    known = mask("user: maestro\npassword: hunter2\npin: 4711\n")
    assert known.known("it says password: hunter2 here") == "it says (secret maestro-secrets/KEY) here"
    assert known.known("login with hunter2") == "login with (secret maestro-secrets/KEY)"
    assert known.known("a user: maestro") == "a (secret maestro-secrets/KEY)"


def test_a_value_that_was_escaped_for_the_screen_is_known() -> None:
    assert mask("p\x1b[31mass\u202eword").known(r"it is p\x1b[31mass\u202eword!") == (
        "it is (secret maestro-secrets/KEY)!"
    )


@settings(max_examples=60)
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_value_in_base64_that_a_line_break_divides_is_taken_out(before: bytes, after: bytes) -> None:
    """As `base64 file` writes it: 76 characters in a line, indented by whatever shows it."""
    value = "n0b0dy-knows-this-one-here"
    encoded = base64.encodebytes(before + value.encode() + after).decode()
    masked = mask(value).known("  " + encoded.replace("\n", "\n    "))
    dense = "".join(masked.split())
    left = dense.replace("(secretmaestro-secrets/KEY)", "")
    assert "(secretmaestro-secrets/KEY)" in dense
    assert len(left) <= len(base64.b64encode(before + after)) + 8


def test_lines_that_hold_no_value_stay_where_they_are() -> None:
    text = "a log\n  of several\n\nlines\n"
    assert mask("n0b0dy-knows-this-one-here").known(text) == text
