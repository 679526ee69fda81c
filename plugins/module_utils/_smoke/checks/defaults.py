# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that every deployment of the control plane should pass, made of its URL and a few expectations. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..http.request import Url, below, parse_url, wire
from .assertions import Check

STATUS = "/api/v1/status"
REFUSED_ORIGIN = "https://origin-that-is-not-allowed.invalid"


@dataclasses.dataclass(frozen=True)
class Expectations:
    """What the defaults expect; what is empty or 0 is left out. Seconds, days, and paths below the URL."""

    healthy: tuple[str, ...] = ("/healthz", "/readyz")
    status: str = STATUS
    closed: tuple[str, ...] = ("/metrics",)
    redirect: bool = True
    hsts_seconds: int = 15_552_000
    allowed_origin: str = ""
    refused_origin: str = REFUSED_ORIGIN
    preflight_method: str = "POST"
    preflight_headers: tuple[str, ...] = ("authorization", "content-type")
    certificate_days: float = 7.0
    tls_minimum: str = "TLSv1.2"
    max_seconds: float = 2.0
    successes: int = 3

    @property
    def answering(self) -> str:
        """A path that should answer 200; empty where none is known."""
        return self.status or next(iter(self.healthy), "")


def default_checks(base: Url, expected: Expectations) -> list[Check]:
    """Liveness and readiness, the API, TLS with HSTS, the redirect, CORS both ways, and what must be closed."""
    secure = base.scheme == "https"
    shared: dict[str, t.Any] = {
        "max_seconds": expected.max_seconds,
        "certificate_days": expected.certificate_days if secure else 0.0,
        "tls_minimum": expected.tls_minimum,
        "successes": expected.successes,
    }
    often = {"successes": expected.successes}
    checks = [check(f"healthy {path}", base, path, **shared) for path in expected.healthy]
    hsts = expected.hsts_seconds if secure else 0
    if expected.status:
        json = {"contains(keys(@), 'revision')": True}
        checks.append(check("api", base, expected.status, json=json, hsts_seconds=hsts, **shared))
        checks += _cors(base, expected)
    if secure and expected.redirect:
        host = f"[{base.host}]" if ":" in base.host else base.host
        plain = parse_url(f"http://{host}/")
        path = expected.answering or "/"
        checks.append(
            check("redirect to https", plain, path, redirect=f"https://{host}", statuses=frozenset(), **often)
        )
    return [*checks, *(check(f"closed {path}", base, path, closed=True, **often) for path in expected.closed)]


def check(name: str, base: Url, path: str, **expected: t.Any) -> Check:
    """A check of a path below a URL."""
    url, method = below(base, path), expected.get("method", "GET")
    return Check(name=name, url=url, request=wire(url, method, expected.pop("headers", {})), **expected)


def _cors(base: Url, expected: Expectations) -> t.Iterator[Check]:
    """For an allowed and a refused origin what a browser sends: a preflight, and the request."""
    for origin, allowed in ((expected.allowed_origin, True), (expected.refused_origin, False)):
        if origin:
            name = "cors allowed" if allowed else "cors refused"
            shared: dict[str, t.Any] = {"statuses": frozenset(), "cors_origin": origin, "cors_allowed": allowed}
            preflight = check(
                name,
                base,
                expected.status,
                method="OPTIONS",
                headers=_preflight_headers(origin, expected),
                preflight=expected.preflight_method,
                preflight_headers=expected.preflight_headers,
                **shared,
            )
            headers = {"Origin": origin}
            many = expected.successes
            yield check(name, base, expected.status, headers=headers, before=preflight, successes=many, **shared)


def _preflight_headers(origin: str, expected: Expectations) -> dict[str, str]:
    """As the Fetch standard has them: names in lower case, sorted, and no header where there is none to ask for."""
    names = ",".join(sorted(name.lower() for name in expected.preflight_headers))
    return {
        "Origin": origin,
        "Access-Control-Request-Method": expected.preflight_method,
        **({"Access-Control-Request-Headers": names} if names else {}),
    }
