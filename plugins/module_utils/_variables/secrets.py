# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all secrets are there and usable, before anything is sent. No sentence ever holds a secret value."""

from __future__ import annotations

import difflib
import re
import typing as t
import urllib.parse

from .shared import release_context

Values = t.Mapping[str, t.Any]

GROUPS = {
    "DATABASE_URL": "Database credentials (PostgreSQL)",
    "DATABASE_USERNAME": "Database credentials (PostgreSQL)",
    "DATABASE_PASSWORD": "Database credentials (PostgreSQL)",
    "REDIS_URL": "Redis connection string",
    "OPENAI_API_KEY": "AI API keys",
    "ANTHROPIC_API_KEY": "AI API keys",
    "JWT_SIGNING_KEY": "JWT signing key",
    "EXTERNAL_SERVICE_TOKEN": "External service token",
}
ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLACEHOLDER = re.compile(
    r"(change|replace)[-_ ]?(me|this)|todo|x{3,}|\.{3}|<.*>|placeholder|your[-_ ].*", re.IGNORECASE
)
NO_URL = urllib.parse.SplitResult("", "", "", "", "")
SHORTEST_SIGNING_KEY = 32
"""Characters; a shorter key is weaker than the HMAC-SHA256 that it is used for."""
KEYS = ("AI API keys", "External service token")
SHORTEST_KEY = 8
"""Characters of the shortest credential that a service gives out."""
BYTE_ORDER_MARK = "\ufeff"
BLANK = f" \t\r\n\v\f\u00a0\u200b{BYTE_ORDER_MARK}"
"""What is not to be seen at the edges of a value: from an editor, from echo, from a copy out of a web page."""
ENCRYPTING_SSLMODES = ("require", "verify-ca", "verify-full")

STORES = {
    "aws": ("secrets_external_aws_region",),
    "gcp": ("secrets_external_gcp_project",),
    "azure": ("secrets_external_azure_vault_url",),
    "vault": ("secrets_external_vault_server", "secrets_external_vault_role"),
}
"""What a contributed SecretStore cannot do without, for each provider."""
INLINE_ONLY = ("secrets_values", "secrets_tls_certificate", "secrets_tls_private_key", "secrets_registry_password")


def check(values: Values) -> list[str]:
    """Every rule that the values break, a sentence each."""
    rules = {
        "inline": (_missing, _unusable, _database, _redis, _certificate, _registry),
        "existing": (_ignored,),
        "external": (_ignored, _mapping, _external_registry, _alerting, _store),
    }
    return [problem for rule in rules[values["secrets_source"]] for problem in rule(values)]


def _missing(values: Values) -> t.Iterator[str]:
    given = values["secrets_values"]
    for key in values["maestro_required_secret_keys"]:
        if not given.get(key):
            what = "is empty in" if key in given else "is missing from"
            yield f"{GROUPS.get(key, 'Secrets')}: {key} {what} secrets_values.{_hint(key, values)}"


def _hint(key: str, values: Values) -> str:
    given, required = values["secrets_values"], values["maestro_required_secret_keys"]
    if key == "DATABASE_URL" and "DATABASE_PASSWORD" in given:
        return " To use DATABASE_USERNAME and DATABASE_PASSWORD instead, name them in maestro_required_secret_keys."
    near = difflib.get_close_matches(key, [name for name in given if name not in required], n=1, cutoff=0.8)
    return f" Did you mean it by {near[0]}?" if near else ""


def _unusable(values: Values) -> t.Iterator[str]:
    for key, value in values["secrets_values"].items():
        if not ENVIRONMENT_NAME.fullmatch(key):
            yield f"secrets_values.{key} cannot be the name of an environment variable. Use A-Z, 0-9 and _."
        if not isinstance(value, str):
            yield f"secrets_values.{key} must be a string, but a {type(value).__name__} was given. Put it in quotes."
        elif value and not value.strip(BLANK):
            yield f"secrets_values.{key} holds nothing but blanks. Put the real value there."
        elif value != value.strip(BLANK) and "-----BEGIN" not in value:
            yield (
                f"secrets_values.{key} {_edge(value)}, which becomes part of the value. Take it out; of a file that is "
                "read with a lookup by the filter trim, in YAML by | followed by - (|-)."
            )
        elif PLACEHOLDER.fullmatch(value.strip()):
            yield f"secrets_values.{key} still holds a placeholder. Put the real value there, in an Ansible Vault file."
        elif key == "JWT_SIGNING_KEY" and 0 < len(value) < SHORTEST_SIGNING_KEY:
            yield (
                f"JWT signing key: secrets_values.{key} is shorter than {SHORTEST_SIGNING_KEY} characters. "
                "Make one with: openssl rand -base64 48"
            )
        elif (
            values["maestro_environment"] == "production" and GROUPS.get(key) in KEYS and 0 < len(value) < SHORTEST_KEY
        ):
            yield f"{GROUPS[key]}: secrets_values.{key} is shorter than {SHORTEST_KEY} characters: no key is as short."


def _edge(value: str) -> str:
    """What stands before or after a value and is not to be seen."""
    if value.startswith(BYTE_ORDER_MARK):
        return "begins with a byte order mark"
    return "ends with a new line" if value.endswith(("\n", "\r")) else "begins or ends with a blank"


def _database(values: Values) -> t.Iterator[str]:
    database = release_context(values)["database"]
    url = _url(values, "DATABASE_URL")
    if not url:
        return
    if url.scheme not in ("postgresql", "postgres"):
        yield "secrets_values.DATABASE_URL must begin with postgresql://."
    yield from _place("DATABASE_URL", url, 5432, "maestro_database", database)
    if url.hostname and url.path.strip("/") != database["name"]:
        yield f"secrets_values.DATABASE_URL names another database than maestro_database.name ({database['name']})."
    sslmode = urllib.parse.parse_qs(url.query).get("sslmode", [""])[0]
    if database["tls"] and sslmode not in ENCRYPTING_SSLMODES:
        yield (
            "secrets_values.DATABASE_URL does not ask for encryption, but maestro_database.tls is true. End it with "
            "?sslmode=verify-full (or require, which does not check who answers)."
        )


def _redis(values: Values) -> t.Iterator[str]:
    redis = release_context(values)["redis"]
    url = _url(values, "REDIS_URL")
    if not url:
        return
    wanted = "rediss" if redis["tls"] else "redis"
    if url.scheme != wanted:
        yield (
            f"secrets_values.REDIS_URL must begin with {wanted}://, because maestro_redis.tls is "
            f"{str(redis['tls']).lower()}."
        )
    yield from _place("REDIS_URL", url, 6379, "maestro_redis", redis)


def _url(values: Values, key: str) -> urllib.parse.SplitResult | None:
    value = values["secrets_values"].get(key)
    if not isinstance(value, str) or not value or PLACEHOLDER.fullmatch(value.strip()):
        return None
    try:
        url = urllib.parse.urlsplit(value)
        return url if url.port != 0 else NO_URL
    except ValueError:
        return NO_URL


def _place(key: str, url: urllib.parse.SplitResult, port: int, variable: str, service: Values) -> t.Iterator[str]:
    """The URL and the shared variable name one place: the variable opens the network and is what gets checked."""
    if not url.hostname:
        yield f"secrets_values.{key} is not a URL with a host. Escape special characters of the password (%40 for @)."
    elif service["host"] and url.hostname != service["host"].lower():
        yield f"secrets_values.{key} names another host than {variable}.host ({service['host']}). Make them agree."
    elif service["host"] and (url.port or port) != service["port"]:
        yield f"secrets_values.{key} names another port than {variable}.port ({service['port']}). Make them agree."


def _certificate(values: Values) -> t.Iterator[str]:
    certificate, key = values["secrets_tls_certificate"], values["secrets_tls_private_key"]
    if bool(certificate) != bool(key):
        yield "TLS certificates: secrets_tls_certificate and secrets_tls_private_key belong together; one is missing."
    if certificate and "-----BEGIN CERTIFICATE-----" not in certificate:
        yield "TLS certificates: secrets_tls_certificate is not PEM (-----BEGIN CERTIFICATE-----)."
    if key and "PRIVATE KEY-----" not in key:
        yield "TLS certificates: secrets_tls_private_key is not PEM (-----BEGIN PRIVATE KEY-----)."


def _registry(values: Values) -> t.Iterator[str]:
    for variable in ("secrets_registry_host", "secrets_registry_username", "secrets_registry_password"):
        if values["maestro_registry_secret"] and not values[variable]:
            yield (
                f"Registry credential: {variable} is empty. Set it, or set maestro_registry_secret to false when the "
                "nodes may pull the image by themselves."
            )


def _ignored(values: Values) -> t.Iterator[str]:
    for variable in INLINE_ONLY:
        if values[variable]:
            yield (
                f"{variable} has no effect with secrets_source {values['secrets_source']}. Remove it, or set "
                "secrets_source to inline."
            )


def _mapping(values: Values) -> t.Iterator[str]:
    keys = [entry["key"] for entry in values["secrets_external_entries"]]
    unmapped = [key for key in values["maestro_required_secret_keys"] if key not in keys]
    if unmapped and not values["secrets_external_remote_key"]:
        yield (
            f"secrets_external_remote_key is empty, so nobody knows where {', '.join(unmapped)} lie. Name the "
            "secret in the external store, or give each key an entry in secrets_external_entries."
        )
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"secrets_external_entries holds {key} more than once."


def _external_registry(values: Values) -> t.Iterator[str]:
    if values["maestro_registry_secret"] and not values["secrets_external_registry_remote_key"]:
        yield (
            "Registry credential: secrets_external_registry_remote_key is empty. Name the secret with the fields "
            "username and password, or set maestro_registry_secret to false when the nodes may pull by themselves."
        )


def _alerting(values: Values) -> t.Iterator[str]:
    if values["secrets_external_alerting_remote_key"] and not values["secrets_external_alerting_keys"]:
        yield (
            "Alerts: secrets_external_alerting_keys is empty. Name pagerduty-routing-key, slack-api-url or both, or "
            "empty secrets_external_alerting_remote_key when somebody else keeps the Secret."
        )


def _store(values: Values) -> t.Iterator[str]:
    provider = values["secrets_external_provider"]
    if values["secrets_external_store_name"]:
        return
    for variable in STORES[provider]:
        if not values[variable]:
            yield (
                f"{variable} is empty, but the SecretStore for {provider} needs it. Set it, or name an existing store "
                "in secrets_external_store_name."
            )
