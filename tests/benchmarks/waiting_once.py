# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for the verdict on one Deployment, as a process of its own: what `watching` measures.

waiting_once.py KUBECONFIG MANIFEST.json SECONDS
"""

from __future__ import annotations

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".venv" / "collections"))

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.configuration import configure  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.observer import (  # noqa: E402
    Subject,
    essential_sources,
    helpful_sources,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.waiter import await_verdict  # noqa: E402


def main(kubeconfig: str, path: str, seconds: str) -> None:
    manifest = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    labels, namespace = manifest["metadata"]["labels"], manifest["metadata"]["namespace"]
    subject = Subject(labels["app.kubernetes.io/instance"], namespace, (manifest,))
    with Cluster(configure({"kubeconfig": kubeconfig})) as cluster:
        health = await_verdict(cluster, subject, float(seconds))
        collections = len([*essential_sources(subject), *helpful_sources(subject)])
        found = {"verdict": health.verdict, "seconds": health.seconds, "requests": cluster.requests}
        print(json.dumps({**found, "collections": collections, "lines": len(health.timeline)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
