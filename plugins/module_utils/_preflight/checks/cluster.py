# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this the cluster that is meant, and one that the collection supports?"""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..snapshot import Unknown, known
from ..view import PreflightView

OLDEST_KUBELET = 3
"""Minor versions that a kubelet may be behind its API server."""


def check_cluster(view: PreflightView) -> t.Iterator[Finding]:
    """The UID of kube-system tells clusters apart, whatever names and addresses say."""
    host, uid, expected = view.snapshot.host, view.snapshot.uid, view.options.cluster_uid
    if expected and isinstance(uid, Unknown):
        yield registry.WRONG_CLUSTER.found(
            host,
            f"maestro_cluster_uid says {expected}, but the cluster's identity cannot be read: {uid.why}.",
            next_step="Allow the account to get the Namespace kube-system.",
        )
    elif expected and uid != expected:
        yield registry.WRONG_CLUSTER.found(host, f"This is the cluster {uid}, but maestro_cluster_uid says {expected}.")
    elif not expected and view.options.production:
        yield registry.CLUSTER_NOT_PINNED.found(
            host, f"No identity is expected of this cluster; it is {_displayed(uid)}."
        )


def check_version(view: PreflightView) -> t.Iterator[Finding]:
    version, oldest = view.snapshot.version, view.options.minimum_version
    if not isinstance(version, Unknown) and minor_of(version) < minor_of(oldest):
        yield registry.SERVER_UNSUPPORTED.found(
            view.snapshot.host, f"It runs Kubernetes {version}; {oldest} is the oldest supported version."
        )


def check_skew(view: PreflightView) -> t.Iterator[Finding]:
    """Kubernetes supports kubelets of the API server's minor version and of the three before it."""
    if isinstance(view.snapshot.version, Unknown):
        return
    server = minor_of(view.snapshot.version)
    for node in known(view.snapshot.nodes, ()):
        kubelet = minor_of(node.kubelet)
        if kubelet and not server - OLDEST_KUBELET <= kubelet <= server:
            yield registry.NODE_SKEW.found(
                f"Node {node.name}",
                f"Its kubelet {node.kubelet} is not supported with an API server {view.snapshot.version}.",
            )


def _displayed(uid: str | Unknown) -> str:
    return "not known" if isinstance(uid, Unknown) else uid


def minor_of(version: str) -> int:
    """The minor of `v1.37.2-eks-1` or `1.33`; 0 for what is no version of Kubernetes 1."""
    match = re.match(r"v?1\.(\d+)", version)
    return int(match[1]) if match else 0


CHECKS = (check_cluster, check_version, check_skew)
