# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests go and what they say: URLs, the bytes of a request, and which addresses stand in for a name."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
import urllib.parse

PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00\r\n]*")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
AGENT = "intelgraph.maestro smoke"


class NotAllowed(ValueError):
    """What was asked for is refused before anything is sent; the text says why."""


@dataclasses.dataclass(frozen=True)
class Url:
    """An absolute http or https URL in parts; `target` is the path with its query, ready for the request line."""

    scheme: str
    host: str
    port: int
    target: str
    authorization: str = ""

    @property
    def origin(self) -> str:
        """`https://host`, with the port where it is not the scheme's own."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    def with_credentials(self) -> str:
        """The URL to be parsed again; never to be shown."""
        if not self.authorization:
            return str(self)
        user, _colon, password = base64.b64decode(self.authorization.removeprefix("Basic ")).decode().partition(":")
        secret = ":".join(urllib.parse.quote(part, safe="") for part in (user, password))
        return f"{self.scheme}://{secret}@{self.authority}{self.target}"


def below(base: Url, text: str) -> Url:
    """A path below a URL, or another URL; the credentials of the first go to its own origin only."""
    url = parse_url(text, str(base))
    is_own = url.origin == base.origin and not url.authorization
    return dataclasses.replace(url, authorization=base.authorization) if is_own else url


def parse_url(text: str, base: str = "") -> Url:
    """The parts of a URL, or of a path below `base`. Raises NotAllowed for what is no URL of HTTP."""
    full = urllib.parse.urljoin(base, text) if base else text
    try:
        parts = urllib.parse.urlsplit(full)
        port = parts.port
    except ValueError as error:
        raise NotAllowed(f"{_displayed(full)!r} is no URL: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise NotAllowed(f"{_displayed(full)!r} is no http or https URL with a host name")
    target = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]")
    credentials = ""
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        credentials = f"Basic {base64.b64encode(pair.encode()).decode()}"
    host = _ascii(parts.hostname)
    return Url(parts.scheme, host, port or PORTS[parts.scheme], target + (f"?{query}" if query else ""), credentials)


def wire(url: Url, method: str = "GET", headers: t.Mapping[str, str] | None = None, body: str = "") -> bytes:
    """The bytes of a request. Raises NotAllowed for a method or a header that would break its form."""
    content = body.encode()
    given = {name.lower(): (name, str(value)) for name, value in (headers or {}).items()}
    said = {
        "host": ("Host", url.authority),
        "user-agent": ("User-Agent", AGENT),
        "accept": ("Accept", "*/*"),
        **({"authorization": ("Authorization", url.authorization)} if url.authorization else {}),
        **given,
    }
    if content or method in _BODY_METHODS:
        said["content-length"] = ("Content-Length", str(len(content)))
    for name, value in said.values():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise NotAllowed(f"the header {name!r} of {method} {url} is not one that HTTP can carry")
    if not _TOKEN.fullmatch(method):
        raise NotAllowed(f"{method!r} is no method of HTTP")
    lines = [f"{method} {url.target} HTTP/1.1", *(f"{name}: {value}" for name, value in said.values())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + content


def address_of(url: Url, resolve: t.Mapping[str, str]) -> tuple[str, int]:
    """Where to connect for a URL: `resolve` may name an address, or address:port, for `host:port` or for `host`."""
    known = {name.lower(): address for name, address in resolve.items()}
    instead = known.get(f"{url.host}:{url.port}") or known.get(url.host)
    if not instead:
        return url.host, url.port
    host, port = instead, ""
    if instead.startswith("["):
        host, _bracket, port = instead[1:].partition("]")
        port = port.removeprefix(":")
    elif instead.count(":") == 1:
        host, _colon, port = instead.partition(":")
    return host, int(port) if port.isdigit() else url.port


def refuse_foreign(urls: t.Iterable[Url], allowed: t.Collection[str]) -> None:
    """Raises NotAllowed for a host that is not in the list; `*.example.com` allows the names below example.com."""
    for url in urls:
        if not any(_matches(url.host, pattern.lower()) for pattern in allowed):
            names = ", ".join(sorted(allowed)) or "none"
            raise NotAllowed(f"{url.host} is not among the hosts that may be asked ({names})")


def refuse_unused(resolve: t.Iterable[str], urls: t.Sequence[Url], allowed: t.Collection[str]) -> None:
    """Raises NotAllowed for a stand-in address of a name that is not asked: what it should lead to would not be met."""
    used = {name for url in urls for name in (url.host, f"{url.host}:{url.port}")}
    for name in resolve:
        host = name.lower()
        if host not in used and not any(_matches(host, pattern.lower()) for pattern in allowed):
            raise NotAllowed(f"resolve has an address for {name}, which is not asked ({', '.join(sorted(used))} are)")


def _matches(host: str, pattern: str) -> bool:
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _displayed(text: str) -> str:
    """A text that should be a URL, without what may be its credentials."""
    return re.sub(r"^(\w+://)?.*@", r"\1***@", text, flags=re.DOTALL)


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode()
    except UnicodeError as error:
        raise NotAllowed(f"{host!r} is no host name: {error}") from None
