# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the secrets role: what is missing or unusable is named with its group, and no value is shown."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import secrets
from tests.unit.plugins.module_utils._variables.defaults import of_role
from tests.unit.rendering import only

VALUES = {
    "DATABASE_URL": "postgresql://maestro:pw@db.example.com:5432/maestro?sslmode=verify-full",
    "REDIS_URL": "rediss://:pw@cache.example.com:6379/0",
    "OPENAI_API_KEY": "sk-openai-1",
    "ANTHROPIC_API_KEY": "sk-anthropic-2",
    "JWT_SIGNING_KEY": "k" * 32,
    "EXTERNAL_SERVICE_TOKEN": "a-token-of-theirs",
}
PEM: dict[str, t.Any] = {
    "secrets_tls_certificate": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
    "secrets_tls_private_key": "-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----",
}
EXTERNAL = {
    "secrets_source": "external",
    "secrets_external_remote_key": "maestro",
    "secrets_external_registry_remote_key": "ghcr",
    "secrets_external_aws_region": "eu-west-1",
}


def inline(changes: t.Mapping[str, t.Any] | None = None, **variables: t.Any) -> list[str]:
    credential = {"secrets_registry_username": "u", "secrets_registry_password": "p"}
    values = {key: value for key, value in {**VALUES, **(changes or {})}.items() if value is not None}
    return secrets.check(of_role("secrets", **{"secrets_values": values, **credential, **variables}))


def external(**variables: t.Any) -> list[str]:
    return secrets.check(of_role("secrets", **{**EXTERNAL, **variables}))


def test_a_whole_set_breaks_no_rule() -> None:
    assert inline() == []
    assert inline(**PEM) == []
    assert external() == []
    assert secrets.check(of_role("secrets", secrets_source="existing")) == []


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("DATABASE_URL", "Database credentials (PostgreSQL)"),
        ("REDIS_URL", "Redis connection string"),
        ("OPENAI_API_KEY", "AI API keys"),
        ("ANTHROPIC_API_KEY", "AI API keys"),
        ("JWT_SIGNING_KEY", "JWT signing key"),
        ("EXTERNAL_SERVICE_TOKEN", "External service token"),
    ],
)
def test_a_missing_and_an_empty_key_are_named_with_their_group(key: str, group: str) -> None:
    assert inline({key: None}) == [f"{group}: {key} is missing from secrets_values."]
    assert inline({key: ""}) == [f"{group}: {key} is empty in secrets_values."]


def test_a_misspelt_key_is_recognised() -> None:
    found = inline({"OPENAI_API_KEY": None, "OPENAI_APIKEY": "sk-1"})
    assert found == ["AI API keys: OPENAI_API_KEY is missing from secrets_values. Did you mean it by OPENAI_APIKEY?"]


def test_user_and_password_instead_of_a_url_are_declared() -> None:
    parts = {"DATABASE_URL": None, "DATABASE_USERNAME": "u", "DATABASE_PASSWORD": "p"}
    assert "name them in maestro_required_secret_keys" in inline(parts)[0]
    keys = [key for key in VALUES if key != "DATABASE_URL"] + ["DATABASE_USERNAME", "DATABASE_PASSWORD"]
    assert inline(parts, maestro_required_secret_keys=keys) == []


def test_an_own_required_key_is_asked_for() -> None:
    assert inline(maestro_required_secret_keys=["EXTRA"]) == ["Secrets: EXTRA is missing from secrets_values."]


@pytest.mark.parametrize(
    "value", ["changeme", "CHANGE_ME", "replace-me", "<your key>", "xxxx", "...", "TODO", "your-api-key", "placeholder"]
)
def test_placeholders_are_refused(value: str) -> None:
    assert "still holds a placeholder" in inline({"OPENAI_API_KEY": value})[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"JWT_SIGNING_KEY": "k" * 31}, "is shorter than 32 characters"),
        ({"OPENAI_API_KEY": 7}, "must be a string, but a int was given"),
        ({"MY-KEY": "x"}, "secrets_values.MY-KEY cannot be the name of an environment variable"),
        ({"DATABASE_URL": "mysql://u:p@db.example.com/maestro?sslmode=require"}, "must begin with postgresql://"),
        ({"DATABASE_URL": "postgresql://u:p@h:5432/maestro"}, "does not ask for encryption"),
        ({"DATABASE_URL": "postgresql://u:p@h:5432/other?sslmode=require"}, "names another database"),
        ({"DATABASE_URL": "postgresql://u:p#x@h:5432/maestro?sslmode=require"}, "not a URL with a host"),
        ({"DATABASE_URL": "db.example.com"}, "must begin with postgresql://"),
        ({"REDIS_URL": "redis://:p@h:6379/0"}, "must begin with rediss://, because maestro_redis.tls is true"),
        ({"REDIS_URL": "rediss:///0"}, "not a URL with a host"),
    ],
)
def test_what_the_application_could_not_use_is_refused(changes: dict[str, t.Any], words: str) -> None:
    assert any(words in problem for problem in inline(changes))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (
            {"maestro_database": {"host": "other.example.com"}},
            "DATABASE_URL names another host than maestro_database.host",
        ),
        (
            {"maestro_database": {"host": "db.example.com", "port": 6432}},
            "another port than maestro_database.port (6432)",
        ),
        ({"maestro_redis": {"host": "other.example.com"}}, "REDIS_URL names another host than maestro_redis.host"),
        ({"maestro_redis": {"host": "Cache.example.com", "port": 6380}}, "another port than maestro_redis.port (6380)"),
    ],
)
def test_a_url_leads_where_the_network_is_open(place: dict[str, t.Any], words: str) -> None:
    found = inline(**place)
    assert len(found) == 1
    assert words in found[0]


def test_unencrypted_connections_are_said_so() -> None:
    plain = {"DATABASE_URL": "postgresql://u:p@h/maestro", "REDIS_URL": "redis://h"}
    assert inline(plain, maestro_database={"tls": False}, maestro_redis={"tls": False}) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secrets_tls_private_key": ""}, "belong together; one is missing"),
        ({"secrets_tls_certificate": "/etc/tls.crt"}, "secrets_tls_certificate is not PEM"),
        ({"secrets_tls_private_key": "/etc/tls.key"}, "secrets_tls_private_key is not PEM"),
    ],
)
def test_a_certificate_has_its_key_and_both_are_pem(changes: dict[str, str], words: str) -> None:
    assert words in inline(**{**PEM, **changes})[0]


def test_the_pull_credential_is_whole_or_switched_off() -> None:
    assert "secrets_registry_password is empty" in inline(secrets_registry_password="")[0]
    off: dict[str, t.Any] = {
        "maestro_registry_secret": False,
        "secrets_registry_username": "",
        "secrets_registry_password": "",
    }
    assert inline(**off) == []


@pytest.mark.parametrize("source", ["existing", "external"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [("secrets_values", {"A": "b"}), ("secrets_tls_private_key", "x"), ("secrets_registry_password", "x")],
)
def test_values_that_nobody_would_read_are_refused(source: str, variable: str, value: t.Any) -> None:
    found = external(**{"secrets_source": source, variable: value})
    assert found == [
        f"{variable} has no effect with secrets_source {source}. Remove it, or set secrets_source to inline."
    ]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"secrets_external_remote_key": ""}, "nobody knows where DATABASE_URL, REDIS_URL,"),
        ({"secrets_external_registry_remote_key": ""}, "secrets_external_registry_remote_key is empty"),
        ({"secrets_external_aws_region": ""}, "the SecretStore for aws needs it"),
        ({"secrets_external_provider": "gcp"}, "secrets_external_gcp_project is empty"),
        ({"secrets_external_provider": "azure"}, "secrets_external_azure_vault_url is empty"),
        ({"secrets_external_entries": [{"key": "A", "remote_key": "x"}] * 2}, "holds A more than once"),
    ],
)
def test_an_external_store_is_told_all_it_needs(variables: dict[str, t.Any], words: str) -> None:
    found = external(**variables)
    assert len(found) == 1
    assert words in found[0]


def test_a_store_that_exists_needs_nothing_more() -> None:
    assert external(secrets_external_store_name="company", secrets_external_aws_region="") == []


def test_vault_needs_its_server_and_a_role() -> None:
    assert len(external(secrets_external_provider="vault")) == 2


ANYTHING = st.one_of(st.text(min_size=9), st.from_regex(r"[a-z]{2,10}://[!-~]{6,40}", fullmatch=True))


@given(st.fixed_dictionaries(dict.fromkeys(VALUES, ANYTHING)))
def test_no_value_whatever_it_is_gets_into_a_sentence(values: dict[str, str]) -> None:
    marked = {key: f"{value}%canary" for key, value in values.items()}
    assert "canary" not in " ".join(inline(marked))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("sk-openai-1\n", "ends with a new line"),
        ("sk-openai-1\r\n", "ends with a new line"),
        ("\ufeffsk-openai-1", "begins with a byte order mark"),
        (" sk-openai-1", "begins or ends with a blank"),
        ("sk-openai-1\u200b", "begins or ends with a blank"),
        (" \n\t", "holds nothing but blanks"),
        ("\u200b", "holds nothing but blanks"),
        ("sk-1", "AI API keys: secrets_values.OPENAI_API_KEY is shorter than 8 characters"),
    ],
)
def test_what_is_not_to_be_seen_in_a_value_is_named_without_it(value: str, words: str) -> None:
    problem = only(inline({"OPENAI_API_KEY": value}))
    assert words in problem
    assert "OPENAI_API_KEY" in problem
    assert "sk-" not in problem


def test_a_key_in_several_lines_may_end_with_one() -> None:
    assert inline({"SIGNING_CERTIFICATE": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"}) == []


def test_a_short_key_is_enough_for_a_lab() -> None:
    assert inline({"OPENAI_API_KEY": "sk-1"}, maestro_environment="lab") == []
