# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server that a kubeconfig names, and a TLS context with its credentials."""

from __future__ import annotations

import base64
import pathlib
import ssl
import tempfile
import typing as t
import urllib.parse

import yaml


def upstream(kubeconfig: str) -> tuple[str, int, ssl.SSLContext]:
    """Address, port and context of the first cluster and user of a kubeconfig with a client certificate."""
    content = yaml.safe_load(pathlib.Path(kubeconfig).read_text(encoding="utf-8"))
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    server = urllib.parse.urlsplit(cluster["server"])
    with tempfile.TemporaryDirectory(prefix="maestro-faults-") as folder:
        given = (cluster, "certificate-authority"), (user, "client-certificate"), (user, "client-key")
        authority, certificate, key = (_file(holder, name, folder) for holder, name in given)
        context = ssl.create_default_context(cafile=authority)
        context.load_cert_chain(certificate, key)
    return str(server.hostname), server.port or 443, context


def _file(holder: t.Mapping[str, str], name: str, folder: str) -> str:
    if name in holder:
        return holder[name]
    path = pathlib.Path(folder) / name
    path.write_bytes(base64.b64decode(holder[f"{name}-data"]))
    return str(path)
