# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record as Secrets of a type of their own, and back: only what its seal says is believed. Pure.

Labels are for those who look for records; nothing of them is believed but what the seal says as well.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import gzip
import json
import typing as t

from ..._cluster.api_resources import Manifest
from ..._findings import registry
from ..._findings.finding import Finding, FindingType
from ..bounded_json import Budget, Unreadable
from .record import INTERRUPTED, PENDING, Record, filled, outcome_of
from .seal import Link, Seal, SealSubject, broken, digest_of, read_seal, sealed

RECORD_TYPE = "maestro.intelgraph.ai/release.v1"
RECORD_LABEL = "maestro.intelgraph.ai/release-record"
NUMBER_LABEL = "maestro.intelgraph.ai/number"
STATE_LABEL = "maestro.intelgraph.ai/state"
PART_LABEL = "maestro.intelgraph.ai/part"
OUTCOME = "maestro.intelgraph.ai/outcome"
SEAL = "maestro.intelgraph.ai/seal"
CONTENT = "release.json.gz"
CHUNK = 700_000
"""Bytes of compressed data in one object: base64 makes a third more of it, the API server's limit is 1 MiB."""
PARTS = 16
LONGEST_NUMBER = 9
"""Digits of a number: a record beyond it is none of ours."""


class Place(t.NamedTuple):
    """Whose records they are."""

    namespace: str
    name: str


@dataclasses.dataclass(frozen=True)
class Trust:
    """Which records are believed: with a `key` those that are signed with it, else those whose digest holds.

    `adopt` believes everything that can be read, because a person said so.
    """

    key: str = dataclasses.field(default="", repr=False)
    adopt: bool = False

    @property
    def is_signed(self) -> bool:
        """Whether what is believed is known to be ours."""
        return bool(self.key) and not self.adopt


@dataclasses.dataclass
class Decoded:
    """`records` are believed, the oldest first; `findings` name what is not.

    By number `seals` and `outcomes`: the text in which a record says how its release ended, as its seal counts it.
    """

    records: list[Record] = dataclasses.field(default_factory=list)
    seals: dict[int, Seal] = dataclasses.field(default_factory=dict)
    outcomes: dict[int, str] = dataclasses.field(default_factory=dict)
    findings: list[Finding] = dataclasses.field(default_factory=list)


def record_name(name: str, number: int, part: int = 0) -> str:
    """`maestro-release-12`, and `maestro-release-12-1` for what does not fit into the first object."""
    return f"{name}-release-{number}" + (f"-{part}" if part else "")


def encoded(record: Record, place: Place, previous: Link, key: str = "") -> tuple[list[Manifest], Seal]:
    """The Secrets that hold a record: compressed JSON, in parts of at most CHUNK bytes; the first one has its seal."""
    content = {"about": record.about, "manifests": record.manifests}
    packed = gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0)
    chunks = [packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK)]
    outcome = outcome_text(record.outcome)
    bare = Seal(record.state, len(chunks), digest_of(packed), previous)
    seal = sealed(bare, SealSubject(*place, record.number), outcome, key)
    parts = [_part(record, place, part, chunk) for part, chunk in enumerate(chunks)]
    parts[0]["metadata"]["annotations"] = {SEAL: seal.as_text(), **({OUTCOME: outcome} if outcome else {})}
    return parts, seal


def outcome_text(outcome: t.Mapping[str, t.Any]) -> str:
    """The form in which a record has its outcome; empty while there is none."""
    return json.dumps(outcome, sort_keys=True) if outcome else ""


def _part(record: Record, place: Place, part: int, chunk: bytes) -> Manifest:
    labels = {
        RECORD_LABEL: place.name,
        NUMBER_LABEL: str(record.number),
        STATE_LABEL: record.state,
        PART_LABEL: str(part),
    }
    name = record_name(place.name, record.number, part)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": place.namespace, "labels": labels},
        "type": RECORD_TYPE,
        "immutable": True,
        "data": {CONTENT: base64.b64encode(chunk).decode()},
    }


def decoded(secrets: t.Iterable[Manifest], place: Place, trust: Trust, budget: Budget | None = None) -> Decoded:
    """The records in a list of Secrets. The newest ones come first in the use of the budget."""
    budget = budget or Budget(size=64 * 1024 * 1024, values=2_000_000)
    found, following = Decoded(), Link()
    for number, parts in sorted(by_number(secrets).items(), reverse=True):
        reader = _Reader(SealSubject(*place, number), parts, trust)
        try:
            seal = reader.seal(following)
        except Unreadable as error:
            found.findings.append(reader.found(registry.RECORD_UNREADABLE, str(error)))
            continue
        except _Untrusted as error:
            found.findings.append(reader.found(registry.RECORD_UNTRUSTED, str(error)))
            continue
        record, seal, finding = reader.record(seal, budget)
        found.records.append(record)
        found.seals[number], found.outcomes[number] = seal, reader.outcome
        found.findings += [finding] if finding else []
        following = seal.previous
    found.records.reverse()
    found.findings.reverse()
    return found


class _Untrusted(Exception):
    """A record is not believed; `str()` says why."""


class _Reader:
    """Reads one record."""

    def __init__(self, subject: SealSubject, parts: t.Mapping[int, Manifest], trust: Trust) -> None:
        self._subject = subject
        self._parts = parts
        self._trust = trust

    def found(self, finding_type: FindingType, why: str) -> Finding:
        namespace, name, number = self._subject
        subject = f"Secret {namespace}/{record_name(name, number)}"
        return finding_type.found(subject, f"{why}, so release {number} is not used")

    def seal(self, following: Link) -> Seal:
        """The seal, when it holds. Raises Unreadable, _Untrusted."""
        if 0 not in self._parts:
            raise Unreadable("its first part is missing")
        annotations = self._annotations
        if SEAL not in annotations:
            raise Unreadable("it has no seal")
        seal = read_seal(annotations[SEAL])
        if self._trust.adopt:
            return seal
        why = broken(seal, self._subject, self.outcome, self._trust.key)
        if not why and following.number == self._subject.number and following.digest != seal.digest:
            why = "it is not the record that the next release followed"
        if why:
            raise _Untrusted(why)
        return seal

    def record(self, seal: Seal, budget: Budget) -> tuple[Record, Seal, Finding | None]:
        """The record; when its content is lost or not what the seal says, without it and with a finding.

        With it the seal, which says of an adopted record what its content is now.
        """
        record = Record(self._subject.number, seal.state, ())
        try:
            if self.outcome:
                record = dataclasses.replace(record, outcome=outcome_of(self.outcome, budget))
            packed = self._packed(seal)
            if packed is None:
                return record, seal, None
            if digest_of(packed) != seal.content and not self._trust.adopt:
                return (
                    record.without_content,
                    seal,
                    self.found(registry.RECORD_UNTRUSTED, "its content is not what its seal says"),
                )
            return filled(record, packed, budget), dataclasses.replace(seal, content=digest_of(packed)), None
        except Unreadable as error:
            return record.without_content, seal, self.found(registry.RECORD_UNREADABLE, str(error))

    def _packed(self, seal: Seal) -> bytes | None:
        """The compressed content; None for a record whose run was killed while it wrote the parts."""
        if not 0 < seal.parts <= PARTS:
            raise Unreadable(f"it has {seal.parts} parts, of at most {PARTS}")
        missing = [part for part in range(seal.parts) if part not in self._parts]
        if missing and seal.state in (PENDING, INTERRUPTED):
            return None
        if missing:
            raise Unreadable(f"part {missing[0]} of {seal.parts} is missing")
        return b"".join(_chunk(self._parts[part], part) for part in range(seal.parts))

    @property
    def outcome(self) -> str:
        """What the record says of how its release ended, as it is written there."""
        return str(self._annotations.get(OUTCOME, ""))

    @property
    def _annotations(self) -> Manifest:
        return self._parts[0]["metadata"].get("annotations") or {}


def by_number(objects: t.Iterable[Manifest]) -> dict[int, dict[int, Manifest]]:
    """The parts of each record, by their labels."""
    parts: dict[int, dict[int, Manifest]] = {}
    for each in objects:
        parts.setdefault(number_of(each), {})[part_of(each)] = each
    return parts


def is_record(item: Manifest, name: str) -> bool:
    """Whether its name is the one that its labels say: a copy of a record is none."""
    labels = item["metadata"].get("labels") or {}
    number, part = labels.get(NUMBER_LABEL, ""), labels.get(PART_LABEL, "")
    if not (_is_number(number) and _is_number(part)):
        return False
    return bool(item["metadata"]["name"] == record_name(name, int(number), int(part)))


def number_of(item: Manifest) -> int:
    return int(item["metadata"]["labels"][NUMBER_LABEL])


def part_of(item: Manifest) -> int:
    return int(item["metadata"]["labels"][PART_LABEL])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER


def _chunk(secret: Manifest, part: int) -> bytes:
    try:
        return base64.b64decode((secret.get("data") or {})[CONTENT], validate=True)
    except KeyError:
        raise Unreadable(f"part {part} has no {CONTENT}") from None
    except (binascii.Error, TypeError, ValueError):
        raise Unreadable(f"part {part} is not base64") from None
