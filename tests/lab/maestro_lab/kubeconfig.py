# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Kubeconfig files: one whole for people and inventories, and one for each component of the cluster."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from . import pki
from .names import Lab


def write_admin(lab: Lab) -> None:
    """The administrator's kubeconfig, with everything in it, so that it works wherever it is copied to."""
    _write(lab, "admin", lab.kubeconfig, namespace="default")


def write_for(lab: Lab, user: str) -> Path:
    """The kubeconfig of a component, beside the certificate of the same name."""
    path = lab.pki / f"{user}.kubeconfig"
    _write(lab, user, path, namespace="default")
    return path


def _write(lab: Lab, user: str, path: Path, namespace: str) -> None:
    files = pki.pair(lab, user)
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": lab.name,
        "clusters": [
            {
                "name": lab.name,
                "cluster": {
                    "server": lab.api_server,
                    "certificate-authority-data": _encoded(pki.pair(lab, pki.CLUSTER_CA).certificate),
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _encoded(files.certificate),
                    "client-key-data": _encoded(files.key),
                },
            }
        ],
        "contexts": [{"name": lab.name, "context": {"cluster": lab.name, "user": user, "namespace": namespace}}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
