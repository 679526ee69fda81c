# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options for tests: those of a module, with limits that do not keep a test waiting."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster


def parameters(**given: t.Any) -> dict[str, t.Any]:
    """Module parameters with every connection option, as Ansible fills them in."""
    unset = {name: option.get("default") for name, option in CONNECTION.items()}
    limits = {"connect_timeout": 2.0, "request_timeout": 2.0, "retry_timeout": 5.0}
    return {**unset, **limits, **given}


def connect(host: str, **given: t.Any) -> Cluster:
    """A cluster at this address, with a token unless credentials are given."""
    return Cluster.connect(parameters(**{"host": host, "api_key": "token", **given}))
