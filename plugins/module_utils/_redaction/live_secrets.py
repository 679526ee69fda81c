# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what a namespace's Secrets hold out of what its containers say, whoever put it there."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from .._cluster.api_resources import KINDS, collection_path
from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._cluster.watch import REFUSALS
from .._findings import registry
from .._findings.finding import Finding
from .._support_bundle.collect import RECORDS, secret_values
from .mask import Mask

SECONDS = 2.0
"""For reading the Secrets, and until it is tried again: what containers say is shown meanwhile to nobody."""
NOT_SHOWN = "(not shown: the Secrets, whose values it might repeat, could not be read)"


class LiveSecrets:
    """A mask that reads the Secrets when it gets its first text, and only then; `otherwise` masks every text as well.

    `public` are words that are no secret. Where the account may not list Secrets, only `otherwise` is left, and
    `warning` says so; where they cannot be read for another reason, nothing is shown until they can.
    """

    def __init__(
        self, cluster: Cluster, namespace: str, public: t.Collection[str], otherwise: t.Callable[[str], str]
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._public = public
        self._otherwise = otherwise
        self._reading = threading.Lock()
        self._mask: Mask | None = None
        self._next_try = 0.0
        self._is_refused = False

    def __call__(self, text: str) -> str:
        mask = self._known()
        return self._otherwise(mask.known(text)) if mask else NOT_SHOWN

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

    def _known(self) -> Mask | None:
        """The mask of the values, or None while they cannot be read."""
        with self._reading:
            if self._mask is None and time.monotonic() >= self._next_try:
                self._mask = self._read()
                self._next_try = time.monotonic() + SECONDS
            return self._mask

    def _read(self) -> Mask | None:
        path = collection_path("v1", KINDS["v1", "Secret"], self._namespace)
        try:
            answer = self._cluster.once(path, SECONDS, fieldSelector=",".join(f"type!={each}" for each in RECORDS))
        except ClusterError:
            return None
        self._is_refused = answer.status in REFUSALS
        if self._is_refused:
            return Mask({})
        if answer.status != 200 or not isinstance(answer.body, dict) or "items" not in answer.body:
            return None
        return Mask(secret_values(answer.body["items"]), self._public)
