# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mask of a run: takes out of every text what the release's pods can read, whoever put it there.

One is made for a run and used for all that it shows or writes. It knows the values that were given to the run, and
reads the Secrets of the namespace before it lets the first text pass, and again while texts come: a value that is
synced or rotated meanwhile is taken out as well, and one that was known once stays known.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from .._cluster.api_resources import KINDS, Manifest, collection_path, object_path
from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._cluster.watch import REFUSALS
from .._findings import registry
from .._findings.finding import Finding
from .mask import Mask, masked
from .secret_values import RECORDS, readable_secrets, secret_values

SECONDS = 2.0
"""For reading the Secrets, and until it is tried again: what containers say is shown meanwhile to nobody."""
FRESH = 1.0
"""Seconds for which what was read counts: no container starts with a new value, writes it and is read in less."""
NOT_SHOWN = "(not shown: the Secrets, whose values it might repeat, could not be read)"
SHOWN_TEXTS = 5000
"""Texts of which is known how they are shown; they are shown again with each look at a release."""
OWN_WORDS = frozenset(
    {
        "action",
        "container",
        "error_id",
        "id",
        "report",
        "report_files",
        "saved_plan",
        "severity",
        "since",
        "state",
        "verdict",
    }
)
"""Keys of results whose values this collection chooses itself: a Secret that holds `passed` hides no verdict."""
OK = 200


class LiveSecrets:
    """Masks texts by the values that were given and by those that the cluster holds; `otherwise` masks them as well.

    `public` are words that are no secret. Where the account may not list Secrets, those that the release's pods can
    read are read one by one (`expect`); where it may not do that either, only the given values and `otherwise` are
    left, and `warning` says so. Where they cannot be read for another reason, nothing that a container said is shown
    until they can.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        public: t.Collection[str],
        otherwise: t.Callable[[str], str],
        values: t.Mapping[str, str] | None = None,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._public = set(public)
        self._otherwise = otherwise
        self._given = dict(values or {})
        self._found: dict[str, set[str]] = {}
        self._names: set[str] = set()
        self._reading = threading.RLock()
        self._mask = Mask(self._given, self._public)
        self._is_read = False
        self._is_refused = False
        self._next_try = 0.0
        self._shown: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """What a container, an event or a server said, as it may be shown."""
        with self._reading:
            if text in self._shown and time.monotonic() < self._next_try:
                return self._shown[text]
            self._refresh()
            if not self._is_read:
                return NOT_SHOWN
            if text not in self._shown:
                self._shown = self._shown if len(self._shown) < SHOWN_TEXTS else {}
                self._shown[text] = self._otherwise(self._mask.known(text))
            return self._shown[text]

    def known(self, text: str) -> str:
        """The text without the values that are known: for sentences of this collection, which may quote a server."""
        with self._reading:
            self._refresh()
            return self._mask.known(text)

    def current(self) -> Mask:
        """The mask with what the cluster holds now, for much text at once."""
        with self._reading:
            self._next_try = 0.0
            self._refresh()
            return self._mask

    @property
    def is_blind(self) -> bool:
        """Whether nobody knows what the Secrets hold: what containers said must not be shown."""
        return not self._is_read

    def expect(self, manifests: t.Iterable[Manifest]) -> None:
        """The release that is at work: its Secrets are those to read where they may not be listed, its names public."""
        found = list(manifests)
        names = {manifest["metadata"]["name"] for manifest in found}
        with self._reading:
            self._names |= readable_secrets(found)
            if not names <= self._public:
                self._public |= names
                self._renew()

    def displayed(self, value: t.Any) -> t.Any:
        """Plain values with every text in them masked as what a container said."""
        return masked(value, self)

    def without_known(self, value: t.Any) -> t.Any:
        """Plain values with the known values taken out of every text in them."""
        return masked(value, self.known, OWN_WORDS)

    def finding(self, finding: Finding) -> Finding:
        """The finding without secrets; of a message that might repeat one only how it begins, in the judge's words."""
        begins, colon, _said = finding.message.partition(": ")
        message = self(finding.message)
        return dataclasses.replace(
            finding,
            message=f"{self._otherwise(begins)}{colon}{message}" if message == NOT_SHOWN and colon else message,
            cause=self._otherwise(finding.cause),
            evidence=tuple(self(line) for line in finding.evidence),
        )

    @property
    def warning(self) -> tuple[Finding, ...]:
        """That the Secrets were asked for and may not be listed."""
        note = registry.PERMISSION_MISSING.found(
            f"Secret in namespace {self._namespace}",
            "the account may not list Secrets: only what looks like a secret is taken out of what is shown",
            severity="note",
            next_step="Let it list them, or read the findings before you pass them on.",
        )
        return (note,) if self._is_refused else ()

    def _refresh(self) -> None:
        """Read the Secrets, unless that was done, or did not succeed, just now."""
        if time.monotonic() < self._next_try:
            return
        secrets = self._listed()
        self._next_try = time.monotonic() + (FRESH if secrets is not None else SECONDS)
        if secrets is None:
            return
        self._is_read = True
        before = sum(map(len, self._found.values()))
        for label, value in secret_values(secrets).items():
            self._found.setdefault(label, set()).add(value)
        if sum(map(len, self._found.values())) != before:
            self._renew()

    def _renew(self) -> None:
        """Make the mask of all values; a given one keeps the label that it was given with."""
        given = {*self._given.values()}
        values = {
            label if not number else f"{label} #{number}": value
            for label, found in self._found.items()
            for number, value in enumerate(sorted(found - given))
        }
        self._mask = Mask({**self._given, **values}, self._public)
        self._shown = {}

    def _listed(self) -> list[Manifest] | None:
        """The Secrets, all or by their names; None while they cannot be read."""
        path = collection_path("v1", KINDS["v1", "Secret"], self._namespace)
        types = ",".join(f"type!={each}" for each in sorted(RECORDS))
        status, body = self._asked(path, fieldSelector=types)
        if status in REFUSALS:
            return self._by_name()
        items = body.get("items") if status == OK else None
        return items if isinstance(items, list) else None

    def _by_name(self) -> list[Manifest] | None:
        """Those that the pods can read; what may not be read or is not there is left out."""
        paths = [object_path("v1", KINDS["v1", "Secret"], self._namespace, name) for name in sorted(self._names)]
        answers = self._cluster.parallel(self._asked, paths)
        self._is_refused = not paths or any(status in REFUSALS and status != 404 for status, dummy in answers)
        if any(status not in REFUSALS and status != OK for status, dummy in answers):
            return None
        return [body for status, body in answers if status == OK]

    def _asked(self, path: str, **query: t.Any) -> tuple[int, Manifest]:
        """Status and body of an answer; 0 where none came."""
        try:
            answer = self._cluster.once(path, SECONDS, **query)
        except ClusterError:
            return 0, {}
        return answer.status, answer.body if isinstance(answer.body, dict) else {}
