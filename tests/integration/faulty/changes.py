# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to break a release: each takes what the roles rendered and changes it in place."""

from __future__ import annotations

import json
import typing as t

Manifest = dict[str, t.Any]
Components = dict[str, list[Manifest]]
Change = t.Callable[[Components], None]
NAMESPACE = "test-fault-base"
"""The namespace of what is rendered once; the name of each fault's own takes its place everywhere."""
IMAGE = "ghcr.io/brianlong/intelgraph/maestro-control-plane:2.0.0-prod"


def merge(target: Manifest, change: t.Mapping[str, t.Any]) -> None:
    """Lay the change over the target, dictionary by dictionary; None takes a field away."""
    for field, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(field), dict):
            merge(target[field], value)
        elif value is None:
            target.pop(field, None)
        else:
            target[field] = value


def found(components: Components, kind: str, name: str = "maestro") -> Manifest:
    return next(
        manifest
        for manifests in components.values()
        for manifest in manifests
        if (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)
    )


def pod_spec(components: Components) -> Manifest:
    return t.cast("Manifest", found(components, "Deployment")["spec"]["template"]["spec"])


def of_kind(kind: str, name: str = "maestro", **change: t.Any) -> Change:
    return lambda components: merge(found(components, kind, name), change)


def deployment(**spec: t.Any) -> Change:
    return of_kind("Deployment", spec=spec)


def pod(**spec: t.Any) -> Change:
    return deployment(template={"spec": spec})


def container(**fields: t.Any) -> Change:
    return lambda components: merge(pod_spec(components)["containers"][0], fields)


def service_faults(**values: t.Any) -> Change:
    """The stand-in's own faults, in its settings."""

    def change(components: Components) -> None:
        data = found(components, "ConfigMap", "maestro-config")["data"]
        data["config.yaml"] += f"faults: {json.dumps(values)}\n"

    return change


def settings(text: str) -> Change:
    """One more line in the service's settings."""

    def change(components: Components) -> None:
        found(components, "ConfigMap", "maestro-config")["data"]["config.yaml"] += f"{text}\n"

    return change


def environment(name: str, **value: t.Any) -> Change:
    return lambda components: pod_spec(components)["containers"][0]["env"].append({"name": name, **value})


def volume(mount: t.Mapping[str, t.Any] | None = None, **source: t.Any) -> Change:
    """One more volume, mounted at /extra."""

    def change(components: Components) -> None:
        spec = pod_spec(components)
        spec["volumes"].append({"name": "extra", **source})
        mounted = {"name": "extra", "mountPath": "/extra", **(mount or {})}
        spec["containers"][0]["volumeMounts"].append(mounted)

    return change


def add(manifest: Manifest, component: str = "workload") -> Change:
    """One more object, with the labels of the release."""

    def change(components: Components) -> None:
        labels = found(components, "Deployment")["metadata"]["labels"]
        metadata = {"namespace": NAMESPACE, "labels": labels, **manifest["metadata"]}
        components[component].append({**manifest, "metadata": metadata})

    return change


def keeping(*components: str) -> Change:
    """Components that are left out unless a fault is about them."""

    def change(whole: Components) -> None:
        for name in [name for name in whole if name not in components]:
            del whole[name]

    return change


def probe(path: str = "/healthz", port: t.Any = "http", **more: t.Any) -> Manifest:
    """An HTTP probe that gives up soon."""
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 1, "failureThreshold": 2, **more}
