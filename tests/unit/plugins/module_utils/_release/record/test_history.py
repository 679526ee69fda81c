# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster remembers of its releases, and that nobody can have the same number twice."""

from __future__ import annotations

import copy
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import FAILED, PASSED
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record import record_secret
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import (
    INTERRUPTED,
    PENDING,
    History,
    NumberTaken,
    Record,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record_secret import (
    Place,
    Trust,
    decoded,
    encoded,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.seal import Link
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE, Manifest, base64_of, config_map, secret, service
from tests.unit.rendering import only

TEXT = st.text(max_size=30)


PLACE = Place(NAMESPACE, "maestro")


def written(record: Record) -> list[Manifest]:
    """The Secrets of a first record without a signature."""
    return encoded(record, PLACE, Link())[0]


def read(parts: list[Manifest]) -> list[Record]:
    return decoded(parts, PLACE, Trust()).records


def records_of(cluster: ApiDouble, name: str = "maestro") -> History:
    return History(cluster, NAMESPACE, name).read()


def incompressible(size: int) -> Manifest:
    return config_map("big", noise=random.Random(7).randbytes(size).hex())


@given(
    manifests=st.lists(st.builds(lambda text: config_map("c", text=text), TEXT), max_size=3),
    about=st.dictionaries(TEXT, TEXT, max_size=3),
    number=st.integers(1, 9999),
)
def test_a_record_reads_as_it_was_written(manifests: list[Manifest], about: dict[str, str], number: int) -> None:
    record = Record(number, PENDING, tuple(manifests), about)
    assert read(written(record)) == [record]


def test_the_same_record_has_the_same_bytes() -> None:
    record = Record(3, PENDING, (service(),), {"by": "me"})
    assert written(record) == written(record)


def test_a_big_record_has_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_secret, "CHUNK", 1000)
    record = Record(12, PENDING, (incompressible(3000),), {})
    parts = written(record)
    assert [part["metadata"]["name"] for part in parts[:3]] == [
        "maestro-release-12",
        "maestro-release-12-1",
        "maestro-release-12-2",
    ]
    random.Random(1).shuffle(parts)
    assert read(parts) == [record]


@pytest.mark.parametrize("missing", [0, 1, 2, -1])
def test_a_record_with_a_part_missing_has_not_passed(missing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_secret, "CHUNK", 1000)
    parts = written(Record(12, PASSED, (incompressible(3000),), {}))
    del parts[missing]
    assert read(parts) == ([Record(12, INTERRUPTED, ())] if missing else []), "the first part has the seal"


@pytest.mark.parametrize("content", ["", "bm8gZ3ppcA==", "no base64", None])
def test_a_damaged_record_has_not_passed_and_is_empty(content: str | None) -> None:
    [part] = written(Record(12, PASSED, (service(),), {}))
    part["data"] = {"release.json.gz": content} if content is not None else {}
    assert read([part]) == [Record(12, INTERRUPTED, ())]


def test_a_record_whose_run_was_killed_while_it_was_written_is_pending() -> None:
    [part] = written(Record(12, PENDING, (service(),), {}))
    part["data"] = {}
    assert read([part]) == [Record(12, PENDING, ())]


def test_a_changed_outcome_makes_a_record_that_is_not_believed() -> None:
    [part] = written(Record(12, PASSED, (service(),), {"by": "me"}, {"reason": "theirs"}))
    part["metadata"]["annotations"][record_secret.OUTCOME] = '{"reason": "mine"}'
    assert read([part]) == []


def test_records_come_in_the_order_of_their_numbers() -> None:
    parts = [only(written(Record(number, PASSED, ()))) for number in (10, 9, 2)]
    assert [record.number for record in read(parts)] == [2, 9, 10]


def test_a_namespace_that_does_not_exist_has_no_history() -> None:
    assert records_of(ApiDouble()).records == []


@pytest.mark.parametrize(
    "labels", [{}, {record_secret.NUMBER_LABEL: "1", record_secret.PART_LABEL: "0"}], ids=["label", "copy"]
)
def test_what_only_bears_the_label_is_no_record_and_is_warned_of(labels: dict[str, str]) -> None:
    cluster = ApiDouble(NAMESPACE)
    odd = config_map("backup", immutable=False)
    odd["metadata"]["labels"] = {record_secret.RECORD_LABEL: "maestro", **labels}
    cluster.put(odd)
    assert records_of(cluster).records == []
    assert f"ConfigMap {NAMESPACE}/backup" in only(cluster.warnings)


def test_a_history_that_cannot_be_read_is_an_error() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("GET", "secrets", ApiError(403, "Forbidden", "no"))
    with pytest.raises(ApiError):
        records_of(cluster)


def test_a_release_begins_pending_and_ends_with_its_outcome() -> None:
    cluster = ApiDouble(NAMESPACE)
    mine = records_of(cluster)
    begun = mine.begin([service()], {"by": "me"})
    assert records_of(cluster).records == [begun] == [Record(1, PENDING, (service(),), {"by": "me"})]
    ended = mine.end(begun, PASSED, {"seconds": {"apply": 1.5}})
    assert records_of(cluster).records == [ended] == mine.records
    assert (ended.state, ended.outcome) == (PASSED, {"seconds": {"apply": 1.5}})


def test_numbers_go_on_from_the_last() -> None:
    cluster = ApiDouble(NAMESPACE)
    mine = records_of(cluster)
    numbers = [mine.begin([], {}).number for dummy in "abc"]
    assert [*numbers, records_of(cluster).next_number()] == [1, 2, 3, 4]


@given(st.lists(st.sampled_from([PASSED, FAILED, PENDING]), max_size=8), st.integers(2, 4))
@settings(max_examples=25, deadline=None)
def test_numbers_have_no_gap_however_releases_end_and_however_few_are_kept(states: list[str], limit: int) -> None:
    cluster = ApiDouble(NAMESPACE)
    for state in states:
        mine = records_of(cluster)
        record = mine.begin([config_map()], {})
        if state != PENDING:
            mine.end(record, state, {})
        while len(mine.records) > limit:
            mine.forget(mine.records[0])
    count = len(states)
    assert [record.number for record in records_of(cluster).records] == [*range(max(1, count - limit + 1), count + 1)]
    assert [record.state for record in records_of(cluster).records] == states[-limit:]


def test_a_full_part_fits_into_an_object_of_the_api_server() -> None:
    parts = written(Record(1, PASSED, (incompressible(1_500_000),)))
    assert len(parts) > 1
    assert max(len(json.dumps(part)) for part in parts) < 1024 * 1024


def test_a_number_that_another_run_has_is_not_taken_again() -> None:
    cluster = ApiDouble(NAMESPACE)
    mine, theirs = records_of(cluster), records_of(cluster)
    theirs.begin([service("theirs")], {})
    with pytest.raises(NumberTaken, match="Release 1 of maestro was begun by another run"):
        mine.begin([service("mine")], {})
    assert only(records_of(cluster).records).manifests == (service("theirs"),)


def test_two_releases_of_one_namespace_have_their_own_histories() -> None:
    cluster = ApiDouble(NAMESPACE)
    records_of(cluster, "maestro").begin([], {})
    assert records_of(cluster, "other").records == []
    assert records_of(cluster, "other").begin([], {}).number == 1


def test_a_record_holds_no_secret_value() -> None:
    cluster = ApiDouble(NAMESPACE)
    held = {**secret("s"), "data": {"TOKEN": base64_of("hunter2")}}
    record = records_of(cluster).begin([held], {})
    assert "hunter2" not in json.dumps(record.manifests)
    assert base64_of("hunter2") not in json.dumps(records_of(cluster).records[0].manifests)


def test_what_came_since_the_last_good_release() -> None:
    some = History(ApiDouble(), NAMESPACE, "maestro")
    states = [PASSED, FAILED, PASSED, FAILED, PENDING]
    some.records = [Record(number, state, ()) for number, state in enumerate(states, 1)]
    assert [record.number for record in some.since_last_passed()] == [3, 4, 5]
    some.records = some.records[3:]
    assert [record.number for record in some.since_last_passed()] == [4, 5], "all, when none passed"


def test_a_forgotten_record_goes_with_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_secret, "CHUNK", 1000)
    cluster = ApiDouble(NAMESPACE)
    mine = records_of(cluster)
    record = mine.begin([incompressible(3000)], {})
    mine.begin([], {})
    assert len(cluster.names("secrets")) > 3
    mine.forget(record)
    assert cluster.names("secrets") == ["maestro-release-2"]
    assert [left.number for left in mine.records] == [2]


def test_a_record_without_its_first_part_is_forgotten_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_secret, "CHUNK", 1000)
    cluster = ApiDouble(NAMESPACE)
    records_of(cluster).begin([incompressible(3000)], {})
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/maestro-release-1")
    mine = records_of(cluster)
    assert (mine.records, only(mine.findings).id) == ([], "record-unreadable")
    mine.forget_others()
    assert cluster.names("secrets") == []


def test_the_keys_of_a_record_are_those_of_its_manifests() -> None:
    assert Record(1, PASSED, (service(), config_map())).keys == {key_of(service()), key_of(config_map())}


def test_the_input_is_left_alone() -> None:
    held = {**secret("s"), "data": {"TOKEN": base64_of("hunter2")}}
    before = copy.deepcopy(held)
    records_of(ApiDouble(NAMESPACE)).begin([held], {})
    assert held == before
