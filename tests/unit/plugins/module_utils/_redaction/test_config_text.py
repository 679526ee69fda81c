# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files lose what their own names call a secret, in every usual format, and keep the rest as it was written."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.config_text import LEFT_OUT, without_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import Mask

CANARY = "correct horse, battery"


@pytest.mark.parametrize(
    ("text", "displayed"),
    [
        (f"A=1\nexport DB_PASSWORD={CANARY}\nB=2\n", "A=1\nexport DB_PASSWORD=(secret)\nB=2\n"),
        (f"[db]\nuser = app\npassword = *{CANARY}\n", "[db]\nuser = app\npassword = (secret)\n"),
        (f"db:\n  # note\n  password: {CANARY}\n  size: 3\n", "db:\n  # note\n  password: (secret)\n  size: 3\n"),
        (f"db: {{password: '{CANARY}', size: 3}}\n", "db: {password: '(secret)', size: 3}\n"),
        (f"token: |\n  {CANARY}\n  another line\nsize: 3\n", "token: |\n  (secret)\n  (secret)\nsize: 3\n"),
        (f"tokens:\n- {CANARY}\n- another\nsize: 3\n", "tokens:\n- (secret)\n- (secret)\nsize: 3\n"),
        (f"env:\n- name: DB_PASSWORD\n  value: {CANARY}\n", "env:\n- name: DB_PASSWORD\n  value: (secret)\n"),
        (f'{{"n": 1, "dbPassword": "{CANARY}"}}', '{"n": 1, "dbPassword": "(secret)"}'),
        (f"db.password: {CANARY}\n", "db.password: (secret)\n"),
        (f"first: 1\n---\ntoken: {CANARY}\n", "first: 1\n---\ntoken: (secret)\n"),
    ],
    ids=["env", "ini", "yaml", "flow", "block", "list", "named", "json", "properties", "documents"],
)
def test_a_file_keeps_all_but_its_secrets(text: str, displayed: str) -> None:
    assert without_secrets(text) == displayed


def test_what_cannot_be_found_where_it_was_written_takes_the_file_with_it() -> None:
    assert without_secrets("password: >\n  correct\n  horse\n") == LEFT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "log:\n  level: info\nmax_tokens: 4096\ntoken_url: https://idp/token\npassword_file: /run/x\n",
        "credentials:\n  file: /etc/app.json\nsecretName: maestro-tls\ncache_key: user\n",
        "server {\n  location / { proxy_pass http://maestro:8080; }\n}\n",
        'auth: {mode: oidc}\nfeatures: {"token": true}\n',
    ],
)
def test_a_file_without_secrets_stays_as_it_is(text: str) -> None:
    assert Mask({}).text(without_secrets(text)) == text


def test_the_name_of_an_object_is_no_secret() -> None:
    assert without_secrets("secret: maestro-tls\n", {"maestro-tls"}) == "secret: maestro-tls\n"


def test_a_file_of_aliases_takes_no_long_time() -> None:
    levels = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]\n" for n in range(20))
    begun = time.process_time()
    without_secrets(f"l0: &l0 [token]\n{levels}")
    assert time.process_time() - begun < 1


VALUES = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=6, max_size=20).map(
    lambda drawn: f"cAn4ry{drawn}"
)


@given(VALUES)
def test_whatever_the_value_it_does_not_come_out_of_a_file(value: str) -> None:
    quoted = json.dumps(value)
    files = [
        f"A=1\nDB_PASSWORD={value}\n",
        f"A=1\nDB_PASSWORD={quoted}\n",
        f"db:\n  password: {quoted}\n  size: 1\n",
        f"db: {{password: {quoted}, size: 1}}\n",
        json.dumps({"a": [{"name": "DB_PASSWORD", "value": value}, {"apiKey": value}]}),
        json.dumps({"a": {"clientSecret": value}}, indent=2),
    ]
    for text in files:
        assert "cAn4ry" not in without_secrets(text)
