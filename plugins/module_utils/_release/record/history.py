# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a release: one immutable record for each number, in Secrets beside the objects themselves.

A record is written before the first write of its release and says `pending`; its seal says how it ended. The number
of a release is claimed by creating its record, so two runs can never have the same one. Others can write Secrets as
well: only records whose seal holds are believed, see `seal`.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._cluster.api_resources import KINDS, collection_path, object_path
from ..._cluster.client import ApiError, Cluster
from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._findings.finding import PASSED, Finding
from ..._objects.manifest import Manifest
from ..objects.ownership import MANAGER, without_secret_values
from .config_map_records import legacy_records
from .create_once import claim, is_taken
from .lease_lock import Superseded
from .record import INTERRUPTED, PENDING, Record
from .record_secret import (
    OUTCOME,
    RECORD_LABEL,
    RECORD_TYPE,
    SEAL,
    STATE_LABEL,
    Decoded,
    Place,
    Trust,
    decoded,
    encoded,
    is_record,
    number_of,
    outcome_text,
    part_of,
    record_name,
)
from .seal import Link, Seal, SealSubject, sealed

__all__ = ["INTERRUPTED", "PENDING", "RECORD_LABEL", "History", "HistoryUntrusted", "NumberTaken", "Record", "Trust"]

SECRET = KINDS["v1", "Secret"]
PAGE, MOST = 50, 500
"""Objects of the history in one answer, and how many are read at most."""
FORBIDDEN = 403


class NumberTaken(ClusterError):
    """A run that lost its lock has begun a release with the same number at this very moment."""

    finding_type = registry.RELEASE_IN_PROGRESS
    own_next_step = "Nothing was changed. Run this again: it takes over what the other run began."


class HistoryUntrusted(ClusterError):
    """There is a history, and nothing shows that it is ours."""

    finding_type = registry.RECORD_UNTRUSTED
    own_next_step = (
        "Nothing was changed. Look at it: ansible-playbook intelgraph.maestro.history -e maestro_history_adopt=true. "
        "When it is right, take it over once: run this again with -e maestro_history_adopt=true."
    )


class History:
    """The records of one release in one namespace, read in one request and written through this object.

    `records` are those that are believed, `findings` name the others.
    """

    def __init__(self, cluster: Cluster, namespace: str, name: str, trust: Trust | None = None) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._trust = trust or Trust()
        self._versions: dict[int, str] = {}
        self._seals: dict[int, Seal] = {}
        self._outcomes: dict[int, str] = {}
        self._taken: set[int] = set()
        self._legacy: list[Manifest] = []
        self.records: list[Record] = []
        self.findings: list[Finding] = []

    def read(self) -> History:
        """Load all records, the oldest first; a namespace that does not exist has none."""
        secrets = [item for item in self._list("Secret") if item.get("type") == RECORD_TYPE]
        secrets = [item for item in secrets if self._is_record(item, "Secret")]
        found = decoded(secrets, self._place, self._trust)
        self._taken = {number_of(item) for item in secrets}
        self._versions = {number_of(item): item["metadata"]["resourceVersion"] for item in secrets if not part_of(item)}
        self._legacy = self._config_maps() if self._trust.adopt or not secrets else []
        if self._legacy:
            self._read_legacy(found)
        self.records, self.findings = found.records, found.findings
        self._seals, self._outcomes = found.seals, found.outcomes
        self._warn()
        return self

    def _read_legacy(self, found: Decoded) -> None:
        """Records in ConfigMaps count when a person says so, and where there is no other of their number."""
        if not self._trust.adopt:
            count = len({number_of(item) for item in self._legacy})
            why = f"{count} records are ConfigMaps, which many more may write than Secrets; they are not used"
            found.findings.append(registry.RECORD_UNTRUSTED.found(f"History {self._namespace}/{self._name}", why))
            return
        records, findings = legacy_records(self._legacy, self._place)
        found.records += [record for record in records if record.number not in self._taken]
        found.records.sort(key=lambda record: record.number)
        found.outcomes |= {record.number: outcome_text(record.outcome) for record in records}
        found.findings += findings
        readable = {record.number for record in records}
        self._legacy = [item for item in self._legacy if number_of(item) in readable]

    def require_trusted(self) -> None:
        """Go on only with a history that is ours or none. Raises HistoryUntrusted."""
        untrusted = [each for each in self.findings if each.id == registry.RECORD_UNTRUSTED.id]
        if untrusted and not self.records:
            raise HistoryUntrusted("\n- ".join(f"{each.object}: {each.message}." for each in untrusted))
        if self.is_unverified:
            raise HistoryUntrusted(
                f"The history of {self._name} is signed (release {self.records[-1].number}), and this run has no "
                f"maestro_history_key: it cannot tell whether it is right, and what it adds would not be believed."
            )

    @property
    def is_unverified(self) -> bool:
        """Whether the newest record is signed and there is no key to look at that with."""
        newest = self._seals.get(self.records[-1].number) if self.records else None
        return bool(newest and newest.signature and not self._trust.key and not self._trust.adopt)

    def _warn(self) -> None:
        reported = [finding.sentence() for finding in self.findings]
        if self.is_unverified:
            reported.append(
                f"The history of {self._name} is signed, which was not looked at: give maestro_history_key."
            )
        self._cluster.warnings += [text for text in reported if text not in self._cluster.warnings]

    def _is_record(self, item: Manifest, kind: str) -> bool:
        """Not something that only bears the label, a copy of a record for instance: of that the user is warned."""
        if is_record(item, self._name):
            return True
        self._cluster.warnings.append(
            f"{kind} {self._namespace}/{item['metadata']['name']} has the label {RECORD_LABEL}, but is no record of a "
            f"release of {self._name}: it is left alone. Take the label off it."
        )
        return False

    def _config_maps(self) -> list[Manifest]:
        """What is left of a history from before records were Secrets; nothing where that may not be looked at."""
        try:
            return [item for item in self._list("ConfigMap") if self._is_record(item, "ConfigMap")]
        except ApiError as error:
            if error.status != FORBIDDEN:
                raise
            return []

    def _list(self, kind: str, selector: str = "") -> list[Manifest]:
        """The objects of the history, page by page. Raises HistoryTooLong."""
        query: dict[str, t.Any] = {"labelSelector": selector or f"{RECORD_LABEL}={self._name}", "limit": PAGE}
        items: list[Manifest] = []
        while len(items) <= MOST:
            try:
                found = self._cluster.list_objects("v1", kind, self._namespace, **query)
            except ApiError as error:
                if not error.not_found:
                    raise
                return []
            items += found["items"]
            query["continue"] = (found.get("metadata") or {}).get("continue", "")
            if not query["continue"]:
                return items
        raise HistoryTooLong(
            f"There are more than {MOST} objects of kind {kind} with the label {RECORD_LABEL}={self._name} in "
            f"namespace {self._namespace}, which is more than any history has."
        )

    def states(self) -> list[tuple[int, str]]:
        """Number and state of each record: what differs once another run has made a release."""
        return [(record.number, record.state) for record in self.records]

    def pending(self) -> list[Record]:
        """The releases that were begun and of which nobody knows how they ended."""
        return [record for record in self.records if record.state == PENDING]

    def other_releases(self) -> list[str]:
        """The names of the other releases that have their history in this namespace."""
        found = [*self._list("Secret", RECORD_LABEL), *self._list("ConfigMap", RECORD_LABEL)]
        return sorted({item["metadata"]["labels"][RECORD_LABEL] for item in found} - {self._name})

    @property
    def last(self) -> Record | None:
        return self.records[-1] if self.records else None

    def last_passed(self) -> Record | None:
        return next((record for record in reversed(self.records) if record.state == PASSED), None)

    def next_number(self) -> int:
        """The number after the last; one that a record has which is not believed is passed over."""
        number = self.records[-1].number + 1 if self.records else 1
        while number in self._taken:
            number += 1
        return number

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
        self._create(record, self._link())
        self.records.append(record)
        return record

    def _create(self, record: Record, previous: Link) -> None:
        path = collection_path("v1", SECRET, self._namespace)
        parts, seal = encoded(record, self._place, previous, self._trust.key)
        for part in parts:
            try:
                made = claim(self._cluster, path, part, _holds_as_much(part))
            except ApiError as error:
                if is_taken(error):
                    raise NumberTaken(f"Release {record.number} of {self._name} was begun by another run.") from error
                raise
            if not part_of(made):
                self._versions[record.number] = made["metadata"]["resourceVersion"]
        self._seals[record.number] = seal
        self._taken.add(record.number)

    def _link(self) -> Link:
        """To the last record, as it is now."""
        return Link(self.records[-1].number, self._seals[self.records[-1].number].digest) if self.records else Link()

    def end(self, record: Record, state: str, outcome: dict[str, t.Any]) -> Record:
        """Write how a release ended. Raises Superseded when another run has done that already."""
        ended = dataclasses.replace(record, state=state, outcome=outcome)
        seal = dataclasses.replace(self._seals[record.number], state=state)
        self._outcomes[record.number] = outcome_text(outcome)
        if not self._seal(record.number, seal):
            raise Superseded(f"Another run ended release {record.number} of {self._name} for this one")
        self.records[self.records.index(record)] = ended
        return ended

    def _seal(self, number: int, bare: Seal) -> bool:
        """Write the seal of a record and what it says of the end; false when another run has written since."""
        outcome = self._outcomes.get(number, "")
        seal = sealed(bare, SealSubject(*self._place, number), outcome, self._trust.key)
        text = seal.as_text()
        body = {
            "metadata": {
                "resourceVersion": self._versions[number],
                "labels": {STATE_LABEL: seal.state},
                "annotations": {SEAL: text, **({OUTCOME: outcome} if outcome else {})},
            }
        }
        path = self._path("Secret", record_name(self._name, number))
        try:
            live = self._cluster.merge(path, body, fieldManager=MANAGER)
        except ApiError as error:
            if not error.conflict:
                raise
            live = self._cluster.get(path)
            if (live["metadata"].get("annotations") or {}).get(SEAL) != text:
                return False
        self._versions[number], self._seals[number] = live["metadata"]["resourceVersion"], seal
        return True

    @property
    def is_adopting(self) -> bool:
        """Whether a person said that what is there is right, and it is not ours yet."""
        return self._trust.adopt and bool(self._legacy or self._unsealed())

    def _unsealed(self) -> list[tuple[Record, Seal]]:
        """The records whose seal would be another if this run had made them, each with that seal."""
        previous, changed = Link(), []
        for record in self.records:
            now = self._seals.get(record.number) or encoded(record, self._place, previous)[1]
            bare = dataclasses.replace(now, previous=previous, digest="", signature="")
            subject, outcome = SealSubject(*self._place, record.number), self._outcomes.get(record.number, "")
            wanted = sealed(bare, subject, outcome, self._trust.key)
            if wanted != self._seals.get(record.number):
                changed.append((record, wanted))
            previous = Link(record.number, wanted.digest)
        return changed

    def adopt(self) -> None:
        """Make every record that was read one of ours, the newest first; those in ConfigMaps become Secrets."""
        for record, seal in reversed(self._unsealed()):
            if record.number in self._taken:
                if not self._seal(record.number, seal):
                    raise Superseded(f"Another run wrote to release {record.number} of {self._name}")
            else:
                self._create(record, seal.previous)
        for item in self._legacy:
            self._cluster.delete(self._path("ConfigMap", item["metadata"]["name"]))
        numbers = ", ".join(str(record.number) for record in self.records)
        self._cluster.warnings.append(
            f"The history of {self._name} was taken over as it was found, because maestro_history_adopt says so "
            f"(releases {numbers}). Leave that out from now on."
        )
        self._legacy = []

    def forget(self, record: Record) -> None:
        """Delete a record with all its parts, also when some are missing; the first one, which has its seal, last."""
        self._delete(record.number)
        self.records.remove(record)
        self._seals.pop(record.number, None)

    def forget_others(self) -> None:
        """Delete the records that are not believed, when the release itself is removed."""
        for number in sorted(self._taken - {record.number for record in self.records}):
            self._delete(number)

    def _delete(self, number: int) -> None:
        found = [item for item in self._list("Secret") if item.get("type") == RECORD_TYPE]
        parts = [item for item in found if is_record(item, self._name) and number_of(item) == number]
        for part in sorted(parts, key=part_of, reverse=True):
            self._cluster.delete(self._path("Secret", part["metadata"]["name"]))
        self._taken.discard(number)

    @property
    def _place(self) -> Place:
        return Place(self._namespace, self._name)

    def _path(self, kind: str, name: str) -> str:
        return object_path("v1", KINDS["v1", kind], self._namespace, name)


class HistoryTooLong(ClusterError):
    """There are more objects of a history than are read."""

    finding_type = registry.RECORD_UNREADABLE
    own_next_step = "Nothing was changed. Find out who makes them, and delete those that are no records of releases."


def _holds_as_much(part: Manifest) -> t.Callable[[Manifest], bool]:
    return lambda found: bool(found.get("data") == part["data"] and found.get("type") == part["type"])
