# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which records are believed: those whose seal holds, and with a key those that it has signed."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import FAILED, PASSED
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.bounded_json import canonical
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.history_report import as_result
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record import Record
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record_secret import (
    CONTENT,
    OUTCOME,
    SEAL,
    Decoded,
    Place,
    Trust,
    decoded,
    encoded,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.retention import (
    before_current,
    forgettable,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.seal import (
    Link,
    Seal,
    SealSubject,
    digest_of,
    read_seal,
    sealed,
)
from tests.unit.plugins.module_utils._release.record.forging import KEY, packed
from tests.unit.plugins.samples import NAMESPACE, Manifest, service
from tests.unit.rendering import only

PLACE = Place(NAMESPACE, "maestro")
Change = t.Callable[[Manifest], None]


def chain(*states: str, key: str = "") -> list[Manifest]:
    """The Secrets of releases 1, 2, ..., each linked to the one before."""
    secrets: list[Manifest] = []
    link = Link()
    for number, state in enumerate(states, 1):
        record = Record(number, state, (service(f"s{number}"),), {"by": "me"}, {"reason": state})
        parts, seal = encoded(record, PLACE, link, key)
        secrets += parts
        link = Link(number, seal.digest)
    return secrets


def read(secrets: list[Manifest], key: str = "", adopt: bool = False) -> Decoded:
    return decoded(secrets, PLACE, Trust(key, adopt))


def numbers(found: Decoded) -> list[int]:
    return [record.number for record in found.records]


def seal_of(secret: Manifest) -> Seal:
    return read_seal(secret["metadata"]["annotations"][SEAL])


def put_seal(secret: Manifest, seal: Seal) -> None:
    secret["metadata"]["annotations"][SEAL] = seal.as_text()


def says_passed(secret: Manifest) -> None:
    put_seal(secret, dataclasses.replace(seal_of(secret), state=PASSED))


def says_other_author(secret: Manifest) -> None:
    secret["data"][CONTENT] = packed({"about": {"by": "somebody else"}, "manifests": []})


def says_other_outcome(secret: Manifest) -> None:
    secret["metadata"]["annotations"][OUTCOME] = "{}"


def has_other_content(secret: Manifest) -> None:
    says_other_author(secret)
    content = base64.b64decode(secret["data"][CONTENT])
    put_seal(secret, dataclasses.replace(seal_of(secret), content=digest_of(content)))


def is_of_another_place(secret: Manifest) -> None:
    outcome = secret["metadata"]["annotations"][OUTCOME]
    put_seal(secret, sealed(seal_of(secret), SealSubject("elsewhere", "maestro", 2), outcome, KEY))


@pytest.mark.parametrize("key", ["", KEY])
def test_a_history_of_ours_is_believed(key: str) -> None:
    found = read(chain(PASSED, FAILED, PASSED, key=key), key)
    assert (numbers(found), found.findings) == ([1, 2, 3], [])


@pytest.mark.parametrize("key", ["", KEY])
@pytest.mark.parametrize("change", [says_passed, says_other_outcome, has_other_content, is_of_another_place])
def test_a_record_that_was_changed_is_not_believed_and_the_others_are(change: Change, key: str) -> None:
    secrets = chain(PASSED, FAILED, PASSED, key=key)
    change(secrets[1])
    found = read(secrets, key)
    assert numbers(found) == [1, 3]
    finding = only(found.findings)
    assert (finding.id, finding.object) == ("record-untrusted", f"Secret {NAMESPACE}/maestro-release-2")
    assert "changed after it was written" in finding.message


def test_content_that_is_not_what_the_seal_says_is_not_used() -> None:
    secrets = chain(PASSED, PASSED)
    says_other_author(secrets[0])
    found = read(secrets)
    assert found.records[0] == Record(1, "interrupted", (), outcome={"reason": PASSED})
    assert only(found.findings).id == "record-untrusted"


def test_labels_say_nothing_of_the_state() -> None:
    secrets = chain(FAILED)
    secrets[0]["metadata"]["labels"]["maestro.intelgraph.ai/state"] = PASSED
    assert only(read(secrets).records).state == FAILED


@pytest.mark.parametrize("signed_with", ["", "another key of at least 32 characters"])
def test_with_a_key_only_what_it_signed_is_believed(signed_with: str) -> None:
    found = read(chain(PASSED, PASSED, key=signed_with), KEY)
    assert (found.records, {finding.id for finding in found.findings}) == ([], {"record-untrusted"})
    words = "signed with another key" if signed_with else "is not signed"
    assert all(words in finding.message for finding in found.findings)


def test_a_record_that_is_written_anew_whole_is_given_away_by_the_next_one() -> None:
    secrets = chain(PASSED, PASSED, PASSED)
    link = seal_of(secrets[1]).previous
    [forged], _seal = encoded(Record(2, PASSED, (service("theirs"),), {}), PLACE, link)
    found = read([secrets[0], forged, secrets[2]])
    assert numbers(found) == [1, 3]
    assert "not the record that the next release followed" in only(found.findings).message


def test_an_older_state_that_we_signed_does_not_come_back() -> None:
    secrets = chain(PASSED, FAILED, PASSED, key=KEY)
    [older], _seal = encoded(
        Record(2, PASSED, (service("s2"),), {"by": "me"}), PLACE, seal_of(secrets[1]).previous, KEY
    )
    assert numbers(read([secrets[0], older, secrets[2]], KEY)) == [1, 3]


def test_a_forgotten_record_breaks_no_chain() -> None:
    secrets = chain(PASSED, FAILED, FAILED, PASSED)
    assert numbers(read([secrets[0], secrets[3]])) == [1, 4]


def test_what_is_adopted_is_believed_whoever_made_it() -> None:
    secrets = chain(PASSED, FAILED, PASSED)
    says_passed(secrets[1])
    found = read(secrets, KEY, adopt=True)
    assert [(record.number, record.state) for record in found.records] == [(1, PASSED), (2, PASSED), (3, PASSED)]


UNREADABLE: dict[str, Change] = {
    "no seal": lambda secret: secret["metadata"].pop("annotations"),
    "a seal that is a list": lambda secret: secret["metadata"]["annotations"].update({SEAL: "[]"}),
    "a seal of another version": lambda secret: secret["metadata"]["annotations"].update({SEAL: '{"format": 2}'}),
    "a seal without parts": lambda secret: secret["metadata"]["annotations"].update({SEAL: '{"format": 1}'}),
    "a deep seal": lambda secret: secret["metadata"]["annotations"].update({SEAL: "[" * 4000}),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_record_without_a_usable_seal_is_named_and_the_others_are_read(what: str) -> None:
    secrets = chain(PASSED, PASSED, PASSED)
    UNREADABLE[what](secrets[1])
    found = read(secrets)
    assert numbers(found) == [1, 3]
    assert (only(found.findings).id, only(found.findings).object) == (
        "record-unreadable",
        f"Secret {NAMESPACE}/maestro-release-2",
    )


def with_content(content: t.Any, outcome: str = "") -> Manifest:
    """A record with a seal that holds, as somebody without a key can make it, around any content."""
    [secret], seal = encoded(Record(1, PASSED, (), {}), PLACE, Link())
    secret["data"][CONTENT] = content if isinstance(content, str) else packed(content)
    try:
        bare = dataclasses.replace(seal, content=digest_of(base64.b64decode(secret["data"][CONTENT])))
    except ValueError:
        bare = seal
    put_seal(secret, sealed(bare, SealSubject(*PLACE, 1), outcome, ""))
    secret["metadata"]["annotations"][OUTCOME] = outcome
    return secret


HPA = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"}, "spec": {}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "is a list"),
        ({"manifests": []}, "no about"),
        ({"about": {}}, "no list of manifests"),
        ({"about": {}, "manifests": {}}, "no list of manifests"),
        ({"about": {}, "manifests": [7]}, "is a int, not an object"),
        ({"about": {}, "manifests": [{"kind": "Service"}]}, "has no apiVersion"),
        ({"about": {}, "manifests": [{**service(), "spec": [1]}]}, "no usable spec"),
        ({"about": {}, "manifests": [HPA]}, "no usable spec.scaleTargetRef"),
        ({"about": {"rollback_to": "1"}, "manifests": []}, "no usable rollback_to"),
        ({"about": {"proof": {"url": 1}}, "manifests": []}, "no usable proof"),
        ("no base64", "not base64"),
        (base64.b64encode(b"no gzip").decode(), "cannot be unpacked"),
    ],
)
def test_a_malformed_content_is_unreadable_and_says_why(content: t.Any, words: str) -> None:
    found = read([with_content(content)])
    assert only(found.records).manifests == ()
    assert only(found.records).state != PASSED
    assert (only(found.findings).id, words in only(found.findings).message) == ("record-unreadable", True)


@pytest.mark.parametrize("outcome", ["[]", "{", '{"findings": 1}', '{"counts": []}'])
def test_a_malformed_outcome_is_unreadable(outcome: str) -> None:
    found = read([with_content({"about": {}, "manifests": []}, outcome)])
    assert (only(found.records).state, only(found.findings).id) == ("interrupted", "record-unreadable")


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("apiVersion", "kind", "metadata", "spec", "data", "rules", "subjects", "roleRef")
MANIFEST = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, VALUE)) | st.builds(
    lambda spec, kind: {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec},
    st.fixed_dictionaries({}, optional={"template": VALUE, "scaleTargetRef": VALUE, "replicas": VALUE}),
    st.sampled_from(["Deployment", "HorizontalPodAutoscaler", "Role"]),
)
ABOUT = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("by", "rollback_to", "first_released_as", "proof", "origin", "plan"), VALUE)
)


@given(
    VALUE | st.fixed_dictionaries({"about": ABOUT | VALUE, "manifests": st.lists(MANIFEST, max_size=3) | VALUE}), VALUE
)
@settings(max_examples=300, deadline=None)
def test_any_content_is_used_or_refused(content: t.Any, outcome: t.Any) -> None:
    """Whatever a record with a seal that holds says, everything that reads records can read it."""
    ours = chain(PASSED, PASSED)[1]
    theirs = with_content(content, json.dumps(outcome))
    found = read([theirs, copy.deepcopy(ours)])
    assert numbers(found)[-1] == 2
    before_current(found.records)
    forgettable(found.records)
    for record in found.records:
        canonical([as_result(record, with_manifests=True), sorted(map(str, record.keys))])


@given(
    st.dictionaries(st.sampled_from(["format", "state", "parts", "content", "previous", "digest", "signature"]), VALUE)
)
@settings(max_examples=200, deadline=None)
def test_any_seal_is_used_or_refused(seal: dict[str, t.Any]) -> None:
    secret, last = chain(PASSED, PASSED)
    secret["metadata"]["annotations"][SEAL] = json.dumps({"format": 1, **seal})
    assert numbers(read([secret, last])) == [2]


def test_a_flood_of_records_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    big = {"about": {"by": "x" * 10_000_000}, "manifests": []}
    secrets = []
    for number in range(1, 9):
        secret = with_content(big)
        secret["metadata"]["labels"]["maestro.intelgraph.ai/number"] = str(number)
        put_seal(secret, sealed(seal_of(secret), SealSubject(*PLACE, number), "", ""))
        secrets.append(secret)
    found = read(secrets)
    assert {finding.id for finding in found.findings} == {"record-unreadable"}
    assert any("more than" in finding.message for finding in found.findings)
    assert found.records[-1].about, "the newest are read first"
