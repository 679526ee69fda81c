# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Whether a component serves, asked at an address that says how: tcp://, unix://, http:// or https://.

https is checked against the cluster's CA; unix paths are those of the component's own host.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from .names import Lab

TIMEOUT = 1.0


def answers(address: str, lab: Lab, root: Path = Path("/")) -> bool:
    """True when the address accepts a connection (tcp, unix) or answers 200 (http, https); an empty one always does."""
    if not address:
        return True
    url = urlsplit(address)
    try:
        if url.scheme == "unix":
            return _connects(socket.AF_UNIX, str(root / url.path.lstrip("/")))
        if url.scheme == "tcp":
            return _connects(socket.AF_INET, (url.hostname, url.port))
        return _status(url.scheme, url.netloc, url.path, lab) == 200
    except OSError:
        return False
    except http.client.HTTPException:
        return False


def _connects(family: socket.AddressFamily, address: object) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect(address)  # type: ignore[arg-type]
    return True


def _status(scheme: str, netloc: str, path: str, lab: Lab) -> int:
    connection: http.client.HTTPConnection
    if scheme == "https":
        trusted = ssl.create_default_context(cafile=str(lab.pki / "cluster-ca.crt"))
        connection = http.client.HTTPSConnection(netloc, timeout=TIMEOUT, context=trusted)
    else:
        connection = http.client.HTTPConnection(netloc, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
