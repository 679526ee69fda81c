# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another tool made is adopted; what only that tool declared goes with takeover, and is named otherwise."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.releasing import Releaser, history, make_release, manifest

__all__ = ["history", "make_release"]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
IMAGE = "docker.io/library/busybox:1.35"


def deployment(namespace: str, *extra: dict[str, t.Any], **container: t.Any) -> dict[str, t.Any]:
    main = {"name": "main", "image": IMAGE, "command": ["sleep", "3600"], **container}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [main, *extra]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return manifest("apps/v1", "Deployment", "web", namespace, spec=spec)


def made_by_kubectl(cluster: Cluster, namespace: str) -> None:
    """As `kubectl apply` does from the client's side: a whole object with a copy of itself in an annotation."""
    theirs = deployment(namespace, {"name": "sidecar", "image": IMAGE}, args=["-v"])
    theirs["metadata"]["annotations"] = {"team": "graph"}
    theirs["spec"]["template"]["spec"]["nodeSelector"] = {"pool": "old"}
    copied = json.dumps(theirs)
    theirs["metadata"]["annotations"][LAST_APPLIED] = copied
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    cluster.create(path, theirs, fieldManager="kubectl-client-side-apply")


def test_takeover_drops_what_only_kubectl_declared_in_one_write(
    make_release: Releaser, history: Releaser, namespace: str, cluster: Cluster
) -> None:
    assert not make_release().failed
    made_by_kubectl(cluster, namespace)
    ours = deployment(namespace)
    planned = make_release(ours, check=True).values
    left = next(risk for risk in planned["risks"] if risk["id"] == "fields-left")
    stem = "spec.template.spec"
    assert set(left["evidence"]) >= {
        "metadata.annotations.team",
        f"{stem}.containers[main].args",
        f"{stem}.containers[sidecar].image",
        f"{stem}.nodeSelector.pool",
    } or "nodeSelector" in str(left["evidence"])
    assert "terminationMessagePath" not in str([each for each in left["evidence"] if "sidecar" not in each])
    assert not make_release(ours).failed
    drift = history(drift=True).values
    assert "fields-left" in [finding["id"] for finding in drift["findings"]]

    before = cluster.find("apps/v1", "Deployment", namespace, "web")
    assert before
    taken = make_release(ours, takeover=True)
    assert not taken.failed, taken.values["msg"]
    after = cluster.find("apps/v1", "Deployment", namespace, "web")
    assert after
    pod = after["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["containers"]] == ["main"]
    assert "args" not in pod["containers"][0]
    assert "nodeSelector" not in pod
    assert not {"team", LAST_APPLIED} & set(after["metadata"].get("annotations", {}))
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1, "one roll of the pods, not two"
    assert not make_release(ours, takeover=True).values["changed"]
    assert history(drift=True).values["findings"] == []
