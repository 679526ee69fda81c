# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that reads the history, and what they say of which records are believed."""

from __future__ import annotations

import typing as t

from ..._cluster.client import Cluster
from .history import History, HistoryUntrusted
from .record_secret import Trust

SHORTEST_KEY = 32
HISTORY: dict[str, dict[str, t.Any]] = {
    "history_key": {"type": "str", "default": "", "no_log": True},
    "history_adopt": {"type": "bool", "default": False},
}
"""Documented in doc_fragments/history.py."""


class WeakKey(HistoryUntrusted):
    """The key could be found by everyone who reads a record."""

    own_next_step = "Nothing was changed. Make one with openssl rand -hex 32, and keep it in a vault or a credential."


def trust_of(params: t.Mapping[str, t.Any]) -> Trust:
    """Which records are believed, by a module's parameters. Raises WeakKey."""
    key = params.get("history_key") or ""
    if key and len(key) < SHORTEST_KEY:
        raise WeakKey(
            f"history_key (maestro_history_key) must have at least {SHORTEST_KEY} characters, but {len(key)} were given"
        )
    return Trust(key, bool(params.get("history_adopt")))


def history_of(cluster: Cluster, params: t.Mapping[str, t.Any]) -> History:
    """The history of the release that a module's parameters name, still to be read. Raises WeakKey."""
    return History(cluster, params["namespace"], params["name"], trust_of(params))
