# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small releases of a few objects on the lab, without a play: the module's body with its own parameters."""

from __future__ import annotations

import functools
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.modules import release, release_info

Manifest = dict[str, t.Any]
Releaser = t.Callable[..., Ending]
LABELS = {"app.kubernetes.io/instance": "maestro", "app.kubernetes.io/managed-by": "intelgraph.maestro"}


def manifest(api_version: str, kind: str, name: str, namespace: str, **fields: t.Any) -> Manifest:
    """Any object with the labels of a release; an empty namespace makes it cluster-scoped."""
    scope = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **scope, "labels": dict(LABELS)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def make(kubeconfig: str, namespace: str, *manifests: Manifest, check: bool = False, **given: t.Any) -> Ending:
    """Release the namespace and these objects, and wait for nothing."""
    whole, values = take_out_secrets([manifest("v1", "Namespace", namespace, ""), *manifests])
    params = {**defaults(release), "kubeconfig": kubeconfig, "namespace": namespace, "wait": False, **given}
    return release.carry_out(Call({**params, "components": {"all": whole}, "secret_values": values}, check))


def look_back(kubeconfig: str, namespace: str, **given: t.Any) -> Ending:
    return release_info.look_back(
        Call({**defaults(release_info), "kubeconfig": kubeconfig, "namespace": namespace, **given})
    )


def defaults(module: t.Any) -> dict[str, t.Any]:
    return {name: option.get("default") for name, option in module.ARGUMENTS.items()}


@pytest.fixture
def make_release(lab: dict[str, t.Any], namespace: str) -> Releaser:
    """Releases objects into the test's namespace."""
    return functools.partial(make, lab["kubeconfig"], namespace)


@pytest.fixture
def history(lab: dict[str, t.Any], namespace: str) -> Releaser:
    """Looks back on the releases of the test's namespace."""
    return functools.partial(look_back, lab["kubeconfig"], namespace)
