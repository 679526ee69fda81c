# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a release: one immutable record for each number, in ConfigMaps beside the objects themselves.

A record is written before the first write of its release and says `pending`; its label says how it ended. The
number of a release is claimed by creating its record, so two runs can never have the same one.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import typing as t
import zlib

from ..._cluster.api_resources import KINDS, collection_path, object_path
from ..._cluster.client import ApiError, Cluster
from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._findings.finding import PASSED
from ..._objects.manifest import Key, Manifest, key_of
from ..objects.ownership import MANAGER, without_secret_values
from .create_once import claim, is_taken
from .lease_lock import Superseded

RECORD_LABEL = "maestro.intelgraph.ai/release-record"
NUMBER_LABEL = "maestro.intelgraph.ai/number"
STATE_LABEL = "maestro.intelgraph.ai/state"
PART_LABEL = "maestro.intelgraph.ai/part"
OUTCOME = "maestro.intelgraph.ai/outcome"
CONTENT = "release.json.gz"
PENDING, INTERRUPTED = "pending", "interrupted"
"""The state of a record until its release has a verdict, which is its state from then on, and what becomes of
`pending` when its run was killed: the next one writes that.
"""
CHUNK = 700_000
"""Bytes of compressed data in one ConfigMap: base64 makes a third more of it, the API server's limit is 1 MiB."""
CONFIG_MAP = KINDS["v1", "ConfigMap"]


class NumberTaken(ClusterError):
    """A run that lost its lock has begun a release with the same number at this very moment."""

    finding_type = registry.RELEASE_IN_PROGRESS
    own_next_step = "Nothing was changed. Run this again: it takes over what the other run began."


@dataclasses.dataclass(frozen=True)
class Record:
    """One release as it is remembered.

    `manifests` are the applied objects without secret values; `about` holds who, when (UTC, ISO 8601) and why;
    `outcome` what came of it (empty while `state` is `pending`).
    """

    number: int
    state: str
    manifests: tuple[Manifest, ...]
    about: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    outcome: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def keys(self) -> set[Key]:
        return {key_of(manifest) for manifest in self.manifests}


class History:
    """The records of one release in one namespace, read in one request and written through this object."""

    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._versions: dict[int, str] = {}
        self.records: list[Record] = []

    def read(self) -> History:
        """Load all records, the oldest first; a namespace that does not exist has none."""
        selector = f"{RECORD_LABEL}={self._name}"
        try:
            found = self._cluster.list_objects("v1", "ConfigMap", self._namespace, labelSelector=selector)
        except ApiError as error:
            if not error.not_found:
                raise
            found = {"items": []}
        items = [item for item in found["items"] if self._is_record(item)]
        self.records = decoded(items)
        self._versions = {_number(item): item["metadata"]["resourceVersion"] for item in items if _is_head(item)}
        return self

    def _is_record(self, config_map: Manifest) -> bool:
        """Not something that only bears the label, a copy of a record for instance: of that the user is warned."""
        metadata = config_map["metadata"]
        number, part = metadata["labels"].get(NUMBER_LABEL, ""), metadata["labels"].get(PART_LABEL, "")
        is_numbered = number.isdecimal() and part.isdecimal()
        if is_numbered and metadata["name"] == record_name(self._name, int(number), int(part)):
            return True
        self._cluster.warnings.append(
            f"ConfigMap {self._namespace}/{metadata['name']} has the label {RECORD_LABEL}, but is no record of a "
            f"release of {self._name}: it is left alone. Take the label off it."
        )
        return False

    def states(self) -> list[tuple[int, str]]:
        """Number and state of each record: what differs once another run has made a release."""
        return [(record.number, record.state) for record in self.records]

    def pending(self) -> list[Record]:
        """The releases that were begun and of which nobody knows how they ended."""
        return [record for record in self.records if record.state == PENDING]

    def other_releases(self) -> list[str]:
        """The names of the other releases that have their history in this namespace."""
        found = self._cluster.list_objects("v1", "ConfigMap", self._namespace, labelSelector=RECORD_LABEL)
        return sorted({item["metadata"]["labels"][RECORD_LABEL] for item in found["items"]} - {self._name})

    @property
    def last(self) -> Record | None:
        return self.records[-1] if self.records else None

    def last_passed(self) -> Record | None:
        return next((record for record in reversed(self.records) if record.state == PASSED), None)

    def next_number(self) -> int:
        return self.records[-1].number + 1 if self.records else 1

    def since_last_passed(self) -> list[Record]:
        """The last release that passed and all that came after it: what may be in the cluster now."""
        passed = self.last_passed()
        return [record for record in self.records if passed is None or record.number >= passed.number]

    def begin(self, manifests: t.Iterable[Manifest], about: dict[str, t.Any]) -> Record:
        """Claim the next number. Raises NumberTaken when another run has it.

        `about` must tell this run from any other, so that it knows its own record when an answer is lost.
        """
        kept = tuple(without_secret_values(manifest) for manifest in manifests)
        record = Record(self.next_number(), PENDING, kept, about)
        path = collection_path("v1", CONFIG_MAP, self._namespace)
        for part in encoded(record, self._namespace, self._name):
            try:
                made = claim(self._cluster, path, part, _holds_as_much(part))
            except ApiError as error:
                if is_taken(error):
                    raise NumberTaken(f"Release {record.number} of {self._name} was begun by another run.") from error
                raise
            if _is_head(made):
                self._versions[record.number] = made["metadata"]["resourceVersion"]
        self.records.append(record)
        return record

    def end(self, record: Record, state: str, outcome: dict[str, t.Any]) -> Record:
        """Write how a release ended. Raises Superseded when another run has done that already."""
        ended = dataclasses.replace(record, state=state, outcome=outcome)
        text = json.dumps(outcome, sort_keys=True)
        body = {
            "metadata": {
                "resourceVersion": self._versions[record.number],
                "labels": {STATE_LABEL: state},
                "annotations": {OUTCOME: text},
            }
        }
        path = self._path(record_name(self._name, record.number))
        try:
            live = self._cluster.merge(path, body, fieldManager=MANAGER)
        except ApiError as error:
            if not error.conflict:
                raise
            live = self._cluster.get(path)
            if (live["metadata"].get("annotations") or {}).get(OUTCOME) != text:
                raise Superseded(f"Another run ended release {record.number} of {self._name} for this one") from error
        self._versions[record.number] = live["metadata"]["resourceVersion"]
        self.records[self.records.index(record)] = ended
        return ended

    def forget(self, record: Record) -> None:
        """Delete a record with all its parts, also when some are missing; the first one, which has its state, last."""
        selector = f"{RECORD_LABEL}={self._name},{NUMBER_LABEL}={record.number}"
        found = self._cluster.list_objects("v1", "ConfigMap", self._namespace, labelSelector=selector)
        for part in sorted(found["items"], key=_part, reverse=True):
            self._cluster.delete(self._path(part["metadata"]["name"]))
        self.records.remove(record)

    def _path(self, name: str) -> str:
        return object_path("v1", CONFIG_MAP, self._namespace, name)


def record_name(name: str, number: int, part: int = 0) -> str:
    """`maestro-release-12`, and `maestro-release-12-1` for what does not fit into the first object."""
    return f"{name}-release-{number}" + (f"-{part}" if part else "")


def encoded(record: Record, namespace: str, name: str) -> list[Manifest]:
    """The ConfigMaps that hold a record: compressed JSON, in parts of at most CHUNK bytes."""
    content = {"about": record.about, "manifests": record.manifests}
    packed = gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0)
    chunks = [packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK)]
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": record_name(name, record.number, part),
                "namespace": namespace,
                "labels": {
                    RECORD_LABEL: name,
                    NUMBER_LABEL: str(record.number),
                    STATE_LABEL: record.state,
                    PART_LABEL: str(part),
                },
            },
            "immutable": True,
            "binaryData": {CONTENT: base64.b64encode(chunk).decode()},
        }
        for part, chunk in enumerate(chunks)
    ]


def decoded(config_maps: t.Iterable[Manifest]) -> list[Record]:
    """The records in a list of ConfigMaps, by number; one that is not whole has no manifests and has not passed."""
    parts: dict[int, dict[int, Manifest]] = {}
    for config_map in config_maps:
        parts.setdefault(_number(config_map), {})[_part(config_map)] = config_map
    return [_decoded(number, parts[number]) for number in sorted(parts)]


def _decoded(number: int, parts: t.Mapping[int, Manifest]) -> Record:
    if 0 not in parts:
        return Record(number, INTERRUPTED, ())
    first = parts[0]["metadata"]
    state = first["labels"][STATE_LABEL]
    try:
        packed = b"".join(base64.b64decode(parts[part]["binaryData"][CONTENT]) for part in sorted(parts))
        content = json.loads(gzip.decompress(packed))
    except (EOFError, KeyError, OSError, ValueError, zlib.error):
        return Record(number, INTERRUPTED if state == PASSED else state, (), outcome=_outcome(first))
    return Record(number, state, tuple(content["manifests"]), content["about"], _outcome(first))


def _number(config_map: Manifest) -> int:
    return int(config_map["metadata"]["labels"][NUMBER_LABEL])


def _part(config_map: Manifest) -> int:
    return int(config_map["metadata"]["labels"][PART_LABEL])


def _is_head(config_map: Manifest) -> bool:
    """The part of a record that has its state."""
    return _part(config_map) == 0


def _holds_as_much(part: Manifest) -> t.Callable[[Manifest], bool]:
    return lambda found: bool(found.get("binaryData") == part["binaryData"])


def _outcome(metadata: Manifest) -> dict[str, t.Any]:
    try:
        return dict(json.loads((metadata.get("annotations") or {}).get(OUTCOME, "{}")))
    except (TypeError, ValueError):
        return {}
