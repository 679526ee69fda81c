# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of every module: kubernetes.core's, and four that it lacks."""

from __future__ import annotations

import typing as t

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

WAIT_TIMEOUT = 600
"""Seconds that a release may take until everything is ready, and that a verdict is waited for."""
HISTORY_LIMIT = 10
"""Releases that are remembered."""
CONNECTION: dict[str, dict[str, t.Any]] = {
    **{name: dict(option) for name, option in AUTH_ARG_SPEC.items()},
    "in_cluster": {"type": "bool", "default": False},
    "cluster_uid": {"type": "str", "default": ""},
    "connect_timeout": {"type": "float", "default": 5.0},
    "request_timeout": {"type": "float", "default": 30.0},
    "retry_timeout": {"type": "float", "default": 60.0},
}
IDENTITY: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "default": "maestro"},
    "namespace": {"type": "str", "default": "maestro-system"},
}
"""Which release is meant; documented in doc_fragments/identity.py."""
