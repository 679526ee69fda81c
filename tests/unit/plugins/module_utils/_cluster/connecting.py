# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options for tests: those of a module, with limits that a busy machine keeps."""

from __future__ import annotations

import contextlib
import ssl
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.unit.plugins.module_utils._cluster.api_server import ApiServer, Reply
from tests.unit.plugins.module_utils._cluster.certificates import Authority


def parameters(**given: t.Any) -> dict[str, t.Any]:
    """Module parameters with every connection option, as Ansible fills them in."""
    unset = {name: option.get("default") for name, option in CONNECTION.items()}
    limits = {"connect_timeout": 20.0, "request_timeout": 20.0, "retry_timeout": 20.0}
    return {**unset, **limits, **given}


def connect(host: str, **given: t.Any) -> Cluster:
    """A cluster at this address, with a token unless credentials are given."""
    return Cluster.connect(parameters(**{"host": host, "api_key": "token", **given}))


class Talk(t.NamedTuple):
    """A server and a cluster that is connected to it."""

    server: ApiServer
    cluster: Cluster


@contextlib.contextmanager
def talk(
    *replies: Reply, tls: ssl.SSLContext | None = None, authority: Authority | None = None, **given: t.Any
) -> t.Iterator[Talk]:
    """A server with these replies, and a cluster that is connected to it and trusts `authority`."""
    trusted = {"ca_cert": str(authority.pair.certificate)} if authority else {}
    with ApiServer(*replies, tls=tls) as server, connect(server.url, **trusted, **given) as cluster:
        yield Talk(server, cluster)
