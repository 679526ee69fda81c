# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other controllers make for the release: Secrets from a source, certificates from an issuer. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from ..._objects.group_kind import identity
from ..facts import Live
from ..kinds.names import (
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CLUSTER_ISSUER,
    CLUSTER_SECRET_STORE,
    EXTERNAL_SECRET,
    ISSUER,
    SECRET_STORE,
)
from ..readiness import condition
from .admission import UNREACHED
from .problem import Problem, reported
from .references import missing_reference
from .view import CLOCK, View, born, displayed, moment

REFUSED = re.compile(
    r"does not exist|not found|denied|forbidden|permission|unauthorized|not authorized|invalid|no such|cannot find"
    r"|could not find",
    re.IGNORECASE,
)
AWAY = re.compile(
    rf"{UNREACHED}|server misbehaving|connection reset|no route to host|unreachable|\bEOF\b|\b50[0-4]\b|throttl"
    r"|too ?many ?requests",
    re.IGNORECASE,
)
"""What is said of a source or an issuer that could not be reached, and so has refused nothing."""
UNREADY_STORE = re.compile(r"store.*not ready|is not ready|could not get.*store|error syncing.*store", re.IGNORECASE)
UNREADY_ISSUER = re.compile(r"does not have a Ready status condition|not ready", re.IGNORECASE)
PATIENCE = 90.0
"""Seconds for a source or an issuer that may only be slow, or that comes up with the release itself.

External Secrets tries again after 31 and 63 s (BuildRateLimiter, 1 s doubled each time), cert-manager after 35 and 75 s
(DefaultItemBasedRateLimiter, 5 s).
"""
SOURCE_KINDS = (SECRET_STORE, CLUSTER_SECRET_STORE, ISSUER, CLUSTER_ISSUER)
DAY = 86400.0
NEAR, SHARE = 14 * DAY, 0.2
"""A certificate is near its end within 14 days of it, or with less than a fifth of its life left."""


def problems(view: View) -> t.Iterator[Problem]:
    for kind, check in SOURCES.items():
        for item in view.declared(kind):
            yield from _unready(view, item, check)
    for certificate in view.declared(CERTIFICATE):
        yield from _certificate(view, certificate)


def _unready(view: View, item: Live, check: FindingType) -> t.Iterator[Problem]:
    """A source or issuer that says why it is not ready."""
    ready = condition(item, "Ready")
    if ready.get("status") != "False":
        return
    words = str(ready.get("message") or ready.get("reason", ""))
    since = moment(ready.get("lastTransitionTime"))
    events = [event for event in view.events(item) if event.last >= since - CLOCK]
    is_certain = any(map(_refuses, [words, *(event.message for event in events)])) and not UNREADY_STORE.search(words)
    yield Problem(
        check,
        displayed(item),
        f"it is not ready: {words}",
        since,
        fatal_at=since + (0.0 if is_certain and not _waits_for_own(view, item, words) else PATIENCE),
        evidence=reported(events[:2]),
    )


def _refuses(said: str) -> bool:
    return bool(REFUSED.search(said)) and not AWAY.search(said)


def _waits_for_own(view: View, item: Live, words: str) -> bool:
    """Whether what it misses is brought by the release itself."""
    namespace = item["metadata"].get("namespace", "")
    missing = missing_reference(view, namespace, words)
    if missing:
        return missing.grace > 0
    named = {
        (kind, place, name)
        for name in re.findall(r"\"([^\"]+)\"", words)
        for kind in SOURCE_KINDS
        for place in (namespace, "")
    }
    return any(view.is_coming(*key) for key in named - {identity(item)})


def _certificate(view: View, certificate: Live) -> t.Iterator[Problem]:
    if condition(certificate, "Ready").get("status") == "True":
        yield from _ending(view, certificate)
        return
    issuing = condition(certificate, "Issuing")
    if issuing.get("status") == "False" and issuing.get("reason") in ("Failed", "Denied", "InvalidRequest"):
        yield _refused(view, certificate, issuing, 0.0)
        return
    for request in sorted(view.owned(certificate, CERTIFICATE_REQUEST), key=born)[-1:]:
        yield from _request(view, certificate, request)


def _request(view: View, certificate: Live, request: Live) -> t.Iterator[Problem]:
    for kind in ("Denied", "InvalidRequest"):
        if condition(request, kind).get("status") == "True":
            yield _refused(view, certificate, condition(request, kind), 0.0)
            return
    ready = condition(request, "Ready")
    words = str(ready.get("message", ""))
    if ready.get("status") != "False":
        return
    has_ended = ready.get("reason") in ("Failed", "Denied")
    if has_ended or any(said.search(words) for said in (REFUSED, AWAY, UNREADY_ISSUER)):
        is_certain = has_ended or (_refuses(words) and not _waits_for_own(view, certificate, words))
        yield _refused(view, certificate, ready, 0.0 if is_certain else PATIENCE)


def _refused(view: View, certificate: Live, reason: Live, grace: float) -> Problem:
    since = moment(reason.get("lastTransitionTime"))
    return Problem(
        registry.CERTIFICATE_REFUSED,
        displayed(certificate),
        f"it is not issued: {reason.get('message') or reason.get('reason', '')}",
        since,
        fatal_at=since + grace,
        evidence=reported(view.events(certificate)[:2]),
    )


def _ending(view: View, certificate: Live) -> t.Iterator[Problem]:
    status = certificate.get("status") or {}
    begun, end = moment(status.get("notBefore")), moment(status.get("notAfter"))
    left = end - view.now
    if end and left < min(NEAR, (end - begun) * SHARE):
        days = f"{left / DAY:.0f} days" if left > 2 * DAY else f"{left / 3600:.0f} hours"
        yield Problem(
            registry.CERTIFICATE_RENEWAL_OVERDUE, displayed(certificate), f"it ends in {days}, on {status['notAfter']}"
        )


SOURCES: dict[str, FindingType] = {
    EXTERNAL_SECRET: registry.EXTERNAL_SECRET_REFUSED,
    SECRET_STORE: registry.EXTERNAL_SECRET_REFUSED,
    CLUSTER_SECRET_STORE: registry.EXTERNAL_SECRET_REFUSED,
    ISSUER: registry.CERTIFICATE_REFUSED,
    CLUSTER_ISSUER: registry.CERTIFICATE_REFUSED,
}
