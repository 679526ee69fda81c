# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The resource kinds that other projects define, taken as YAML from their Go modules."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..build import GO_MODULES, module_files
from ..names import cache_directory


@dataclass(frozen=True)
class Definitions:
    """Files of a Go module that define resource kinds. `required_by` is the folder whose go.mod pins the version."""

    module: str
    pattern: str
    required_by: Path = GO_MODULES / "crds"


DEFINITIONS = (
    Definitions("github.com/cert-manager/cert-manager", "deploy/crds/*.yaml"),
    Definitions("github.com/external-secrets/external-secrets", "config/crds/bases/external-secrets.io_*.yaml"),
    Definitions("github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd/*.yaml"),
    Definitions("sigs.k8s.io/gateway-api", "config/crd/standard/*.yaml"),
    Definitions(
        "github.com/traefik/traefik/v3",
        "docs/content/reference/dynamic-configuration/traefik.io_*.yaml",
        GO_MODULES / "traefik",
    ),
)


def bundle() -> Path:
    """One List with all definitions, kept in the cache by what pins them; as JSON, which is read in no time."""
    target = cache_directory() / "definitions" / f"{_key()}.json"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=target.parent, suffix=".new", delete=False) as written:
            json.dump({"apiVersion": "v1", "kind": "List", "items": list(_objects())}, written)
        os.replace(written.name, target)
    return target


def _key() -> str:
    pinned = [(one.module, one.pattern, (one.required_by / "go.mod").read_text()) for one in DEFINITIONS]
    return hashlib.sha256(repr(pinned).encode()).hexdigest()[:16]


def _objects() -> Iterator[dict[str, Any]]:
    for one in DEFINITIONS:
        for path in module_files(one.required_by, one.module, one.pattern):
            yield from filter(None, yaml.load_all(path.read_text(), Loader=_Loader))


class _Loader(yaml.CSafeLoader):
    """Reads a lone `=` as the string that it is; YAML 1.1 has a type of its own for it, which nobody means."""


def _as_written(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> str:
    return str(node.value)


_Loader.add_constructor("tag:yaml.org,2002:value", _as_written)
