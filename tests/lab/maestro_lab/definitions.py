# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The resource kinds that other projects define, taken from their Go modules.

Their descriptions are left out: they are two thirds of the bytes and nothing but text for `kubectl explain`, and the
API server would take three times as long to take the definitions in.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .api import connect
from .failure import LabError
from .golang import LAB_MODULE, module_files, required_version
from .names import Lab, cache_directory
from .waiting import until

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldManager=maestro-lab"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
CONNECTIONS = 3
TIMEOUT = 60.0  # seconds for one definition, on a machine that starts three nodes at the same time
Definition = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Files of a Go module that define resource kinds. `required_by` is the folder whose go.mod pins the version."""

    module: str
    pattern: str
    required_by: Path = LAB_MODULE / "go" / "crds"


def definitions(sources: Sequence[Source]) -> list[Definition]:
    """The definitions of these sources, kept in the cache by what pins them."""
    kept = cache_directory() / "definitions" / f"{_key(sources)}.json"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=kept.parent, suffix=".new", delete=False) as written:
            json.dump(list(_read(sources)), written)
        os.replace(written.name, kept)
    found: list[Definition] = json.loads(kept.read_bytes())
    return found


def create(lab: Lab, wanted: Sequence[Definition]) -> None:
    """Give the API server the definitions that it has not got yet, and wait until it serves their kinds."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda number: _create(lab, wanted[number::CONNECTIONS]), range(CONNECTIONS)))
    names = {definition["metadata"]["name"] for definition in wanted}
    until(lambda: names <= _served(lab), lambda: f"Not served after {TIMEOUT:.0f} s: {names - _served(lab)}", TIMEOUT)


def without_descriptions(schema: Any) -> Any:
    """The schema without the texts that describe its fields; a field of the name `description` stays."""
    if isinstance(schema, dict):
        return {
            name: without_descriptions(value)
            for name, value in schema.items()
            if not (name == "description" and isinstance(value, str))
        }
    return [without_descriptions(value) for value in schema] if isinstance(schema, list) else schema


def _create(lab: Lab, wanted: Sequence[Definition]) -> None:
    connection = connect(lab, TIMEOUT)
    try:
        for definition in wanted:
            connection.request("POST", PATH, json.dumps(definition), {"Content-Type": "application/json"})
            response = connection.getresponse()
            said = response.read().decode(errors="replace")
            if response.status not in (201, 409):
                name = definition["metadata"]["name"]
                raise LabError(f"The API server does not take the definition of {name} ({response.status}): {said}")
    finally:
        connection.close()


def _served(lab: Lab) -> set[str]:
    """The kinds that the API server's discovery tells of, named as their definitions are: plural.group."""
    connection = connect(lab, TIMEOUT)
    try:
        connection.request("GET", "/apis", headers={"Accept": DISCOVERY})
        groups = json.loads(connection.getresponse().read())["items"]
    finally:
        connection.close()
    return {
        f"{kind['resource']}.{group['metadata']['name']}"
        for group in groups
        for version in group["versions"]
        for kind in version.get("resources", [])
    }


def _key(sources: Sequence[Source]) -> str:
    pinned = [
        (source.module, source.pattern, required_version(source.required_by, source.module)) for source in sources
    ]
    return hashlib.sha256(repr((Path(__file__).read_text(), pinned)).encode()).hexdigest()[:16]


def _read(sources: Sequence[Source]) -> Iterator[Definition]:
    for source in sources:
        for path in module_files(source.required_by, source.module, source.pattern):
            for found in yaml.load_all(path.read_text(), Loader=_Loader):
                if found and found["kind"] == "CustomResourceDefinition":
                    yield without_descriptions(found)


class _Loader(yaml.CSafeLoader):
    """Reads a lone `=` as the string that it is; YAML 1.1 has a type of its own for it, which nobody means."""


def _as_written(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> str:
    return str(node.value)


_Loader.add_constructor("tag:yaml.org,2002:value", _as_written)
