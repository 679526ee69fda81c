# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values arrive as they were written, and what is wrong is named at once."""

from __future__ import annotations

import base64
import time
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.releasing import Releaser, make_release, manifest

__all__ = ["make_release"]
ROCKET = "ready \U0001f680"


def config_map(name: str, namespace: str, **data: str) -> dict[str, t.Any]:
    return manifest("v1", "ConfigMap", name, namespace, data=data)


def test_emoji_arrive_in_every_field(make_release: Releaser, namespace: str, cluster: Cluster) -> None:
    motd = config_map("motd", namespace, motd=ROCKET, path="C:\\ud83d\\ude80")
    motd["metadata"]["annotations"] = {"note": ROCKET}
    assert not make_release(motd).failed
    live = cluster.find("v1", "ConfigMap", namespace, "motd")
    assert live is not None
    assert live["data"] == {"motd": ROCKET, "path": "C:\\ud83d\\ude80"}
    assert live["metadata"]["annotations"]["note"] == ROCKET
    assert not make_release(motd).values["changed"]


def test_texts_that_yaml_would_read_otherwise_stay_texts(
    make_release: Releaser, namespace: str, cluster: Cluster
) -> None:
    odd = {
        f"k{place}": text for place, text in enumerate(("1e3", "0839", "0o17", "007", "on", "2026-11-30", "~", "1_0"))
    }
    made = config_map("1e3", namespace, **odd)
    made["metadata"]["labels"]["version"] = "007"
    assert not make_release(made).failed
    live = cluster.find("v1", "ConfigMap", namespace, "1e3")
    assert live is not None
    assert live["data"] == odd
    assert live["metadata"]["labels"]["version"] == "007"


def test_a_binary_secret_arrives(make_release: Releaser, namespace: str, cluster: Cluster) -> None:
    raw = base64.b64encode(bytes(range(256))).decode()
    made = manifest("v1", "Secret", "store", namespace, type="Opaque", data={"keystore.p12": raw})
    assert not make_release(made).failed
    live = cluster.find("v1", "Secret", namespace, "store")
    assert live is not None
    assert live["data"] == {"keystore.p12": raw}
    assert not make_release(made).values["changed"]


def deployment(namespace: str, **container: t.Any) -> dict[str, t.Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", **container}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return manifest("apps/v1", "Deployment", "web", namespace, spec=spec)


def test_an_environment_with_one_name_twice_is_named_at_once(make_release: Releaser, namespace: str) -> None:
    assert not make_release().failed
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    begun = time.monotonic()
    refused = make_release(deployment(namespace, image="busybox:1", env=twice)).values
    assert time.monotonic() - begun < 10
    assert refused["error_id"] == "refused-by-server"
    assert f"Deployment {namespace}/web" in refused["msg"]
    assert 'duplicate entries for key [name="A"]' in refused["msg"]


def test_an_object_without_its_namespace_is_named(make_release: Releaser, namespace: str) -> None:
    assert not make_release().failed
    nowhere = config_map("nowhere", "", a="1")
    refused = make_release(nowhere).values
    assert "ConfigMap nowhere" in refused["msg"]
    assert "metadata.namespace" in refused["msg"]


def widgets(namespace: str) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """A definition of the test's own, and an object of its kind."""
    group = f"{namespace}.example.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    definition = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}", "", spec=spec)
    return definition, manifest(f"{group}/v1", "Widget", "w", namespace, spec={"size": 1})


def test_a_definition_and_its_objects_come_in_one_release(
    make_release: Releaser, namespace: str, cluster: Cluster
) -> None:
    definition, widget = widgets(namespace)
    try:
        made = make_release(widget, definition)
        assert not made.failed, made.values["msg"]
        assert cluster.find(widget["apiVersion"], "Widget", namespace, "w") is not None
        assert not make_release(widget, definition).values["changed"]
    finally:
        cluster.delete(cluster.path_of(definition))


def job(namespace: str, command: str) -> dict[str, t.Any]:
    container = {"name": "main", "image": "docker.io/library/busybox:1.35", "command": ["sh", "-c", command]}
    spec = {"restartPolicy": "Never", "containers": [container]}
    made = manifest("batch/v1", "Job", "migrate", namespace, spec={"backoffLimit": 0, "template": {"spec": spec}})
    made["metadata"]["annotations"] = {"maestro.intelgraph.ai/order": "before-workload"}
    return made


def test_a_migration_ends_before_the_workload_comes_and_stops_it_when_it_fails(
    make_release: Releaser, namespace: str, cluster: Cluster
) -> None:
    image = "docker.io/library/busybox:1.35"
    failed = make_release(job(namespace, "exit 3"), deployment(namespace, image=image), wait_timeout=60)
    assert failed.failed
    assert f"Job {namespace}/migrate" in failed.values["msg"]
    assert cluster.find("apps/v1", "Deployment", namespace, "web") is None
    done = make_release(job(namespace, "sleep 2"), deployment(namespace, image=image), wait_timeout=60)
    assert not done.failed, done.values["msg"]
    migrated = cluster.find("batch/v1", "Job", namespace, "migrate")
    deployed = cluster.find("apps/v1", "Deployment", namespace, "web")
    assert migrated
    assert deployed
    assert migrated["status"]["completionTime"] <= deployed["metadata"]["creationTimestamp"]
