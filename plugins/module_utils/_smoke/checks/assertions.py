# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check expects of an answer, and what is wrong with the one that came. Pure."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import typing as t
import urllib.parse

from ..._findings import registry
from ..._findings.finding import Finding
from ..http.probe import CONNECT, DNS, FIRST_BYTE, TLS, Reply
from ..http.request import Url

try:
    import jmespath

    HAS_JMESPATH = True
except ImportError:
    HAS_JMESPATH = False

DAY = 86_400
TLS_VERSIONS = ("TLSv1.2", "TLSv1.3")
"""Those that may be asked for; older ones are broken (RFC 8996)."""
SHOWN = 120
SAFELISTED = ("GET", "HEAD", "POST")
"""Methods that a browser sends whatever Access-Control-Allow-Methods says (Fetch standard, 2.2.1)."""
NOT_IMPLEMENTED = 501
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PASSING = frozenset({408, 425, 429})
"""Statuses of refusals that hold for a moment and not for the path."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One question, and all that its answer must be. What is empty or 0 is not asked for.

    `statuses` empty means any; `expect_headers` are regular expressions for whole values; `json` has a JMESPath
    expression and the value it must have; `redirect` is how the Location must begin; `closed` wants to be refused.
    `cors_origin` with `cors_allowed` says whether that origin may read the answer; `preflight` is the method that a
    preflight asks for, `preflight_headers` are its headers; `websocket` is the key of an upgrade. `before` is what a
    browser sends first: without a right answer to that the request itself is not sent.
    """

    name: str
    url: Url
    request: bytes
    method: str = "GET"
    statuses: frozenset[int] = frozenset({200})
    expect_headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    contains: str = ""
    json: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    max_seconds: float = 0.0
    redirect: str = ""
    hsts_seconds: int = 0
    cors_origin: str = ""
    cors_allowed: bool = True
    preflight: str = ""
    preflight_headers: tuple[str, ...] = ()
    websocket: str = ""
    closed: bool = False
    certificate_days: float = 0.0
    tls_minimum: str = "TLSv1.2"
    successes: int = 1
    before: Check | None = None


def evaluate(check: Check, reply: Reply, now: float) -> list[Finding]:
    """All that is wrong with an answer; `now` in seconds since 1970."""
    if check.closed:
        return _closed(check, reply)
    if not reply.answered:
        return [_unanswered(check, reply)]
    return [wrong for check_one in ASSERTIONS for wrong in check_one(check, reply, now)]


def expression_error(expression: str) -> str:
    """Why a JMESPath expression cannot be used; empty when it can."""
    if not HAS_JMESPATH:
        return "the Python package jmespath, which checks of JSON need, is not installed"
    try:
        jmespath.compile(expression)
    except ValueError as error:
        return f"{expression!r} is no JMESPath: {str(error).splitlines()[0]}"
    return ""


def _closed(check: Check, reply: Reply) -> list[Finding]:
    """A good answer is an open door, whole or not; who refuses, or takes no request, has closed it."""
    if 200 <= reply.status < 300:
        text = f"{check.url} answers {reply.status} from outside and should not be reachable"
        return [registry.ENDPOINT_EXPOSED.found(check.name, text, (_displayed(reply),))]
    if _refuses(check, reply):
        return []
    location = reply.headers.get("location", "")
    came = f"answers {reply.status}{f' to {location}' if location else ''}" if reply.status else reply.error
    text = f"whether {check.url} is closed from outside is not known: {came}"
    return [registry.ENDPOINT_UNPROVEN.found(check.name, text, ([_displayed(reply)] if reply.status else []))]


def _refuses(check: Check, reply: Reply) -> bool:
    """Whether nobody gets to what is asked for: by its status, by being led elsewhere, or because nobody takes it."""
    if not reply.status:
        return reply.failed == CONNECT or (reply.failed == FIRST_BYTE and not reply.late)
    if 300 <= reply.status < 400:
        there = urllib.parse.urlsplit(urllib.parse.urljoin(str(check.url), reply.headers.get("location", "")))
        return there.path.rstrip("/") != check.url.target.partition("?")[0].rstrip("/")
    return 400 <= reply.status < 500 and reply.status not in PASSING


def _unanswered(check: Check, reply: Reply) -> Finding:
    where = f" ({reply.address})" if reply.address else ""
    if reply.failed == TLS and _is_outdated(check, reply):
        offer = f"speaks {reply.offer.version} at most" if reply.offer.version else "speaks nothing as new"
        text = f"{check.url.authority}{where} {offer}; {check.tls_minimum} is the least: {reply.error}"
        return registry.TLS_OUTDATED.found(check.name, text)
    if reply.untrusted:
        text = f"the certificate of {check.url.authority}{where} is not to be trusted: {reply.error}"
        return registry.CERTIFICATE_UNTRUSTED.found(check.name, text, filter(None, [reply.offer.certificate]))
    what = check.url.host if reply.failed == DNS else f"{check.url}{where}"
    taken = f"after {reply.seconds:.2f} s in the phase {reply.failed or 'body'}"
    if reply.status:
        text = f"{what} answers {reply.status}, but not to the end: {reply.error} ({taken})"
        return registry.SERVICE_UNREACHABLE.found(check.name, text)
    return registry.SERVICE_UNREACHABLE.found(check.name, f"{what} does not answer: {reply.error} ({taken})")


def _is_outdated(check: Check, reply: Reply) -> bool:
    """Whether no handshake came about because the server's newest version of TLS is too old."""
    if reply.offer.version:
        return _is_older(reply.offer.version, check.tls_minimum)
    said = reply.error.upper().replace(" ", "_")
    return re.search("PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL", said) is not None


def _is_older(version: str, minimum: str) -> bool:
    """Versions as Python's ssl names them; one that it does not name here is older than all."""
    return version not in TLS_VERSIONS or TLS_VERSIONS.index(version) < TLS_VERSIONS.index(minimum)


def _status(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    if check.redirect:
        location = reply.headers.get("location", "")
        if reply.status not in (301, 302, 303, 307, 308) or not _leads_to(check, location):
            came = f"{reply.status}" + (f" to {location}" if location else "")
            text = f"{check.url} answers {came} and not with a redirect to {check.redirect}"
            yield registry.REDIRECT_MISSING.found(check.name, text)
    elif check.statuses and reply.status not in check.statuses:
        smoke_plan = " or ".join(str(status) for status in sorted(check.statuses))
        yield _unexpected(check, reply, f"{check.url} answers {reply.status} and not {smoke_plan}")


def _leads_to(check: Check, location: str) -> bool:
    """Whether a redirect goes where it should: to that host, or below that path where one is named."""
    there = urllib.parse.urljoin(str(check.url), location)
    smoke_plan, found = urllib.parse.urlsplit(check.redirect), urllib.parse.urlsplit(there)
    is_there = (smoke_plan.scheme, smoke_plan.hostname) == (found.scheme, found.hostname)
    return there.startswith(check.redirect) if smoke_plan.path.strip("/") else is_there


def _headers(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    for name, pattern in check.expect_headers.items():
        value = reply.headers.get(name.lower())
        if value is None or not re.fullmatch(pattern, value):
            came = "is missing" if value is None else f"is {value!r}"
            yield _unexpected(check, reply, f"the header {name} of {check.url} {came} and should match {pattern!r}")


def _text(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    if check.contains and check.contains not in reply.body.decode("utf-8", "replace"):
        yield _unexpected(check, reply, f"the answer of {check.url} does not contain {check.contains!r}")


def _values(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    if not check.json:
        return
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        yield _unexpected(check, reply, f"the answer of {check.url} is no JSON: {error}")
        return
    for expression, smoke_plan in check.json.items():
        try:
            found = jmespath.search(expression, content)
        except ValueError as error:
            found = f"no value ({error})"
        if found != smoke_plan:
            yield _unexpected(check, reply, f"{expression} of {check.url} is {found!r} and should be {smoke_plan!r}")


def _latency(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    if check.max_seconds and reply.seconds > check.max_seconds:
        phases = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in reply.phases.items())
        text = f"{check.url} took {reply.seconds:.3f} s; {check.max_seconds:g} s is the limit"
        yield registry.RESPONSE_SLOW.found(check.name, text, (phases,))


def _hsts(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    if not check.hsts_seconds:
        return
    header = reply.headers.get("strict-transport-security", "")
    age = re.search(r'max-age\s*=\s*"?(\d+)', header, re.IGNORECASE)
    if not age or int(age[1]) < check.hsts_seconds:
        came = f"says {header!r}" if header else "has no Strict-Transport-Security"
        text = f"{check.url} {came}; browsers should be told to use HTTPS for {check.hsts_seconds} s"
        yield registry.HSTS_MISSING.found(check.name, text)


def _cors(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    if not check.cors_origin:
        return
    if _is_unknown(check, reply):
        text = f"{check.url} answers {reply.status}, which says nothing of whether {check.cors_origin} is allowed"
        yield _unexpected(check, reply, text)
        return
    allowed = reply.headers.get("access-control-allow-origin", "")
    with_credentials = reply.headers.get("access-control-allow-credentials") == "true"
    is_for_all = allowed == "*" and not (with_credentials and check.cors_allowed)
    if (is_for_all or allowed == check.cors_origin) != check.cors_allowed:
        expected = "should be allowed" if check.cors_allowed else "should be refused"
        came = f"Access-Control-Allow-Origin is {allowed!r}" if allowed else "there is no Access-Control-Allow-Origin"
        if allowed == "*" and check.cors_allowed:
            came = f"{came} beside Access-Control-Allow-Credentials, which browsers refuse"
        yield registry.CORS_WRONG.found(check.name, f"the origin {check.cors_origin} {expected} at {check.url}: {came}")


def _is_unknown(check: Check, reply: Reply) -> bool:
    """Whether an error says nothing of an origin. A service that knows no OPTIONS (501) refuses every preflight."""
    return reply.status >= 500 and not (check.preflight and reply.status == NOT_IMPLEMENTED)


def _preflight(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    """What a browser wants of the answer to a preflight before it sends the request (Fetch standard, 4.8)."""
    if not check.preflight or not check.cors_allowed or _is_unknown(check, reply):
        return
    methods, headers = (_listed(reply, f"access-control-allow-{name}") for name in ("methods", "headers"))
    asked_headers = {name.lower() for name in check.preflight_headers}
    missing = sorted(asked_headers - {name.lower() for name in headers})
    came = []
    if not 200 <= reply.status < 300:
        came.append(f"it answers {reply.status}")
    if check.preflight not in {*SAFELISTED, *methods}:
        came.append(f"Access-Control-Allow-Methods does not name {check.preflight}")
    if missing:
        came.append(f"Access-Control-Allow-Headers does not name {', '.join(missing)}")
    if came:
        text = f"browsers refuse a {check.preflight} of {check.cors_origin} to {check.url}: {'; '.join(came)}"
        yield registry.CORS_WRONG.found(check.name, text, (_displayed(reply),))


def _listed(reply: Reply, header: str) -> set[str]:
    return {part.strip() for part in reply.headers.get(header, "").split(",")}


def _websocket(check: Check, reply: Reply, _now: float) -> t.Iterator[Finding]:
    """Whether an upgrade was accepted, by the key that only a WebSocket server makes of ours (RFC 6455, 4.2.2)."""
    if not check.websocket or reply.status != 101:
        return
    accepted = reply.headers.get("sec-websocket-accept", "")
    if reply.headers.get("upgrade", "").lower() != "websocket" or accepted != accept_of(check.websocket):
        text = f"{check.url} answers 101 without accepting the WebSocket: Sec-WebSocket-Accept is {accepted!r}"
        yield _unexpected(check, reply, text)


def accept_of(key: str) -> str:
    """The Sec-WebSocket-Accept for a key."""
    digest = hashlib.sha1(f"{key}{WEBSOCKET_GUID}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _certificate(check: Check, reply: Reply, now: float) -> t.Iterator[Finding]:
    displayed = reply.certificate
    if not displayed:
        return
    days = (displayed.ends - now) / DAY
    if days < check.certificate_days:
        text = (
            f"the certificate of {check.url.authority} ends in {days:.1f} days; {check.certificate_days:g} is the least"
        )
        yield registry.CERTIFICATE_EXPIRING.found(
            check.name, text, (f"issued by {displayed.issuer} for {', '.join(displayed.names)}",)
        )
    if _is_older(displayed.version, check.tls_minimum):
        text = f"{check.url.authority} agreed to {displayed.version}; {check.tls_minimum} is the least"
        yield registry.TLS_OUTDATED.found(check.name, text)


ASSERTIONS: tuple[t.Callable[[Check, Reply, float], t.Iterator[Finding]], ...] = (
    _status,
    _headers,
    _text,
    _values,
    _latency,
    _hsts,
    _cors,
    _preflight,
    _websocket,
    _certificate,
)


def _unexpected(check: Check, reply: Reply, text: str) -> Finding:
    return registry.RESPONSE_UNEXPECTED.found(check.name, text, (_displayed(reply),))


def _displayed(reply: Reply) -> str:
    """The first bytes of an answer, on one line."""
    text = " ".join(reply.body[: 4 * SHOWN].decode("utf-8", "replace").split())
    return text[:SHOWN] + ("..." if len(text) > SHOWN else "") if text else "the answer has no body"
