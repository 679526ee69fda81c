# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a name says that its value is a secret: `DB_PASSWORD` does, `PASSWORD_FILE` and `MAX_TOKENS: 4096` do not."""

from __future__ import annotations

import re

_KEYS = (
    "access|account|api|app|auth|client|encryption|fernet|hmac|host|jwt|license|master|private|secret|session|shared"
    "|signing|ssh|storage|stripe|webhook"
)
CORE = rf"(?:passw(?:or)?d|passphrase|passcode|pwd|secret|token|credential|(?:{_KEYS})[_.-]?key)"
"""What a telling name holds, in any case."""
NAME = rf"[\w.-]{{0,64}}{CORE}[\w.-]{{0,64}}"
_TELLING = re.compile(CORE, re.IGNORECASE)
_TELLING_END = re.compile(r"(?:^|[_.-]|(?<=[a-z0-9])(?=[A-Z]))(?i:auth|creds?|pass|pw|salt|pepper|dsn)$")
_KEY_END = re.compile(r"(?:[_.-]|(?<=[a-z0-9])(?=[A-Z]))(?i:key)$")
_HARMLESS_KEY = re.compile(
    r"(?:cache|config|dedup|foreign|group|hash|idempotency|index|label|lookup|node|object|partition|primary|public"
    r"|routing|sort|topology)[_.-]?key$",
    re.IGNORECASE,
)
_HARMLESS_END = re.compile(
    r"(?i:name|namespace|file|path|refs?|urls?|uri|ttl)$"
    r"|(?:[_.-]|(?<=[a-z0-9])(?=[A-Z]))(?i:age|alg|algorithm|audience|budget|bytes|checksum|class|config|count|days"
    r"|dir|directory|disabled|enabled|encoding|endpoint|expiration|expires|expiry|field|format|header|hosts?|hours"
    r"|interval|issuer|kind|labels?|length|lifetime|limits?|manager|method|min|minutes?|mode|mounts?|ms|policy|ports?"
    r"|prefix|provider|region|required|resource|rotation|scope|seconds?|selector|size|status|store|suffix|sync"
    r"|template|timeout|type|usage|used|version|window)$"
)
_COUNTED = re.compile(r"passw|passcode|passphrase|pwd|pass$|pw$|secret(?!s)|credential", re.IGNORECASE)
"""What is no count: its number is a secret as well."""
_FILE_END = re.compile(r"\.(?:ya?ml|json|toml|ini|cfg|conf|cnf|properties|env|xml|txt|sh|tmpl|tpl)$", re.IGNORECASE)
_SECRET_FILE = re.compile(
    r"\.?(?:netrc|pgpass|my\.cnf|dockercfg|dockerconfigjson|kubeconfig|htpasswd|id_(?:rsa|dsa|ecdsa|ed25519))",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,7}(?:ms|s|m|h|d)?")
_NO_VALUE = re.compile(
    r"true|false|yes|no|on|off|none|null|\$\(\w+\)|\$\{\w+\}|\{\{\s*[\w.]+\s*\}\}"
    r"|\(\d+ bytes\)|\(left out\)|\(secret[^)]*\)|",
    re.IGNORECASE,
)
"""Switches, references to a value that stands elsewhere, and marks that stand in its place already."""


def is_telling(name: str, free: bool = False) -> bool:
    """Whether what has this name is a secret; `free` names are chosen by somebody, not given by an API."""
    if free:
        name = _FILE_END.sub("", name.rsplit("/", 1)[-1])
        if _SECRET_FILE.fullmatch(name):
            return True
    is_key = free and _KEY_END.search(name) and not _HARMLESS_KEY.search(name)
    says_so = _TELLING.search(name) or (free and _TELLING_END.search(name)) or is_key
    return bool(says_so) and not _HARMLESS_END.search(name)


def is_secret(name: str, value: str, free: bool = False) -> bool:
    """Whether this value of this name is a secret: a switch and a reference are none, nor is a number of tokens."""
    if _NO_VALUE.fullmatch(value) or not is_telling(name, free):
        return False
    return bool(_COUNTED.search(name)) or not _NUMBER.fullmatch(value)
