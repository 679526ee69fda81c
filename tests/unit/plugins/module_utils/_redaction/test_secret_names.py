# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name says whether its value is a secret, and a value may show that it is none."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.secret_names import is_secret

CHOSEN = (
    "DB_PASSWORD DB_PASSWORD_OLD PGPASSWORD dbPassword db.pass REDIS_AUTH REDIS_AUTH_TOKEN JWT_SECRET SECRET_KEY_BASE"
    " OPENAI_API_KEY apiKey STRIPE_KEY sshKey PASSWORD_SALT vault/token credentials token.txt secrets.yaml .pgpass"
    " .dockerconfigjson id_rsa passphrase ADMIN_PWD AWS_SECRET_ACCESS_KEY AccountKey MYSQL_DSN userPw"
)
HARMLESS = (
    "PASSWORD_FILE secretName secret-namespace TOKEN_URL TOKEN_TTL TOKEN_REFRESH_INTERVAL tokenTtl SECRET_PATH"
    " passwordPolicy password-policy.yaml CACHE_KEY publicKey topologyKey key author compass monkey session-cookie-name"
    " secretRef secret-ref AUTH_MODE auth-type LOG_LEVEL checksum/config tokenHeader required-keys"
    " private-key-rotation-policy"
)


@pytest.mark.parametrize("name", CHOSEN.split())
def test_a_name_that_somebody_chose_for_a_secret(name: str) -> None:
    assert is_secret(name, "hunter2", free=True)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_a_name_of_something_beside_a_secret(name: str) -> None:
    assert not is_secret(name, "hunter2", free=True)


@pytest.mark.parametrize("name", ["topologyKey", "labelKey", "auth", "remoteKey", "pass"])
def test_a_name_that_an_api_gives_is_taken_literally(name: str) -> None:
    assert not is_secret(name, "topology.kubernetes.io/zone")


@pytest.mark.parametrize("value", ["", "true", "off", "null", "$(DB_PASSWORD)", "${DB_PASSWORD}", "{{ db.password }}"])
def test_a_switch_and_a_reference_are_no_secrets(value: str) -> None:
    assert not is_secret("DB_PASSWORD", value, free=True)


def test_a_number_of_tokens_is_no_secret_and_a_password_of_digits_is_one() -> None:
    assert not is_secret("MAX_TOKENS", "4096", free=True)
    assert not is_secret("TOKEN_REFRESH", "30m", free=True)
    assert not is_secret("secrets", "20")
    assert is_secret("DB_PASSWORD", "4096", free=True)
    assert is_secret("TOKEN", "123456789012", free=True)


def test_a_default_beside_a_reference_is_a_secret() -> None:
    assert is_secret("DB_PASSWORD", "${DB_PASSWORD:-hunter2}", free=True)
