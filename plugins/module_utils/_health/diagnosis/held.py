# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what a namespace's Secrets hold out of what its containers say, whoever put it there."""

from __future__ import annotations

import threading
import typing as t

from ..._cluster.client import Cluster
from ..._cluster.errors import ClusterError
from ..._cluster.kinds import KINDS, collection_path
from .gathering import secret_values
from .masking import Mask

SECONDS = 2.0
"""For reading the Secrets: what containers say is shown meanwhile to nobody."""


class Held:
    """A mask that reads the Secrets when it gets its first text, and only then; `otherwise` masks every text as well.

    `public` are words that are no secret. Where the account may not read Secrets, only `otherwise` is left.
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

    def __call__(self, text: str) -> str:
        with self._reading:
            self._mask = self._mask or Mask(self._values(), self._public)
        return self._otherwise(self._mask.known(text))

    def _values(self) -> dict[str, str]:
        try:
            answer = self._cluster.once(collection_path("v1", KINDS["v1", "Secret"], self._namespace), SECONDS)
        except ClusterError:
            return {}
        return secret_values(answer.body["items"]) if answer.status == 200 and isinstance(answer.body, dict) else {}
