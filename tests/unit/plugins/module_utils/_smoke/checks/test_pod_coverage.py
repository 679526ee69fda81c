# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answered, with which revision."""

from __future__ import annotations

import itertools
import json
import math
import random
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.pod_coverage import (
    MISSED,
    Expected,
    Seen,
    answers_needed,
    evaluate,
    listen,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Asker, Reply
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import Url, parse_url

URL = parse_url("https://maestro.example.com/api/v1/status")


def answer(pod: str, revision: str = "new") -> Reply:
    return Reply(URL, status=200, body=json.dumps({"pod": pod, "revision": revision}).encode())


def seen(*replies: Reply) -> Seen:
    made = Seen()
    for reply in replies:
        made.take(reply)
    return made


def found(expected: Expected, *replies: Reply) -> list[tuple[str, str]]:
    return [(finding.id, finding.message) for finding in evaluate(seen(*replies), expected, URL)]


def test_all_pods_with_the_deployed_revision_are_right() -> None:
    assert found(Expected(("a", "b"), "new"), answer("a"), answer("b"), answer("a")) == []
    assert found(Expected(), answer("a"), answer("b")) == []


def test_a_pod_of_another_revision_is_named() -> None:
    [(kind, message)] = found(Expected(("a", "b"), "new"), answer("a"), answer("b", "old"))
    assert kind == "revision-stale"
    assert message == "b answers with another revision than new, which is deployed: old"


def test_of_a_pod_that_no_release_replaces_that_is_told() -> None:
    expected = Expected(("a", "b", "c"), "new", unowned=("b", "c"))
    [finding] = evaluate(seen(answer("a"), answer("b", "old"), answer("c")), expected, URL)
    assert finding.evidence == (
        "b is of no controller of the release: no deploy replaces it and no rollback takes it away; delete it",
        *("a: new", "b: old", "c: new"),
    )


BAD_GATEWAY = Reply(URL, status=502, body=b"Bad Gateway")
LOST = Reply(URL, failed="first_byte", error="timed out", late=True)
UNABLE = Reply(URL, failed="connect", error="Too many open files", ours=True)


@pytest.mark.parametrize(
    ("bad", "kind", "words"),
    [
        (BAD_GATEWAY, "response-unexpected", "answered 2 of 6 requests with an error"),
        (LOST, "service-unreachable", "failed 2 of 6 requests"),
    ],
)
def test_more_failures_than_chance_explains_are_told(bad: Reply, kind: str, words: str) -> None:
    [finding] = evaluate(seen(*[answer("a")] * 4, bad, bad), Expected(("a",), "new"), URL)
    assert (finding.id, finding.severity) == (kind, "error")
    assert words in finding.message
    assert finding.evidence[0].startswith("2 x ")


@pytest.mark.parametrize(
    "replies",
    [
        [answer("a"), BAD_GATEWAY],
        [*[answer("a")] * 150, *[BAD_GATEWAY] * 4],
        [answer("a"), *[UNABLE] * 9],
        [answer("a"), *[Reply(URL, status=429)] * 9],
    ],
    ids=["one", "few of many", "our own", "limited"],
)
def test_what_chance_explains_or_the_service_did_not_do_is_no_failure(replies: list[Reply]) -> None:
    assert found(Expected(("a",), "new"), *replies) == []


@pytest.mark.parametrize(("every", "failing"), [(0, False), (2, True)])
def test_failures_of_a_moment_are_few_when_it_is_asked_on(every: int, failing: bool) -> None:
    numbers = itertools.count(1)

    def ask(_url: Url, _request: bytes) -> Reply:
        number = next(numbers)
        return BAD_GATEWAY if number <= 4 or (every and number % every == 0) else answer("a")

    last_heard = listen(t.cast("Asker", ask), URL, b"", Expected(("a",), "new"), 20)
    assert last_heard.is_failing is failing
    assert 100 < last_heard.requests < 1100
    assert last_heard.as_dict(Expected(("a",)))["failures"]["502"] >= 4


def test_a_pod_that_changes_its_revision_is_named() -> None:
    assert found(Expected(("a",), "new"), answer("a"), answer("a", "old"))[0][0] == "revision-stale"


def test_without_a_known_revision_all_must_agree() -> None:
    [(kind, message)] = found(Expected(("a", "b")), answer("a"), answer("b", "old"))
    assert (kind, "2 revisions in turn: new, old" in message) == ("revision-stale", True)


def test_a_pod_that_never_answers_is_named() -> None:
    [(kind, message)] = found(Expected(("a", "b", "c"), "new"), answer("a"))
    assert (kind, "2 of 3 pods never answered" in message, message.endswith("b, c")) == ("pods-not-seen", True, True)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"pod": 3}', b"<html>"])
def test_answers_without_a_pod_tell_nothing(body: bytes) -> None:
    made = seen(Reply(URL, status=200, body=body))
    assert (made.requests, made.answers) == (1, 0)
    assert [finding.id for finding in evaluate(made, Expected(), URL)] == ["pods-not-seen"]


class Turning(Asker):
    """Pods answer in turn."""

    def __init__(self, *pods: str) -> None:
        super().__init__()
        self._pods = list(pods)

    def __call__(self, url: Url, request: bytes, method: str = "GET", timeout: float = 0.0) -> Reply:
        pod = self._pods.pop(0)
        self._pods.append(pod)
        return answer(pod)


def test_it_listens_until_all_were_heard() -> None:
    last_heard = listen(Turning(*"abcdefghij"), URL, b"", Expected(("a", "j")), 5)
    assert {"a", "j"} <= set(last_heard.revisions)
    assert last_heard.requests == 12


def test_it_listens_no_longer_than_it_may() -> None:
    last_heard = listen(Turning("a"), URL, b"", Expected(("b",)), 0.05)
    assert last_heard.seconds < 20
    assert set(last_heard.revisions) == {"a"}


def test_without_names_it_listens_until_nobody_new_speaks() -> None:
    last_heard = listen(Turning("a", "b"), URL, b"", Expected(), 5)
    assert set(last_heard.revisions) == {"a", "b"}
    assert (
        last_heard.requests == 4 + 4 + 8 + 16 + 32
    )  # nobody new after the first four: twice as many at once each time


class Keeping(Asker):
    """An ingress that keeps a connection to one pod; after so many questions it opens others, to any pod."""

    def __init__(self, pods: str, kept: str = "a", opens_after: float = math.inf) -> None:
        super().__init__()
        self._pods, self._kept, self._opens_after = pods, kept, opens_after
        self._chance = random.Random(1)
        self._asked = itertools.count(1)

    def __call__(self, url: Url, request: bytes, method: str = "GET", timeout: float = 0.0) -> Reply:
        return answer(self._chance.choice(self._pods) if next(self._asked) > self._opens_after else self._kept)


def directly(*, ended: str = "", **revisions: str) -> t.Callable[[str], Reply | None]:
    """The pods themselves; one that has no revision here cannot be asked, and one that has ended need not be."""

    def ask(pod: str) -> Reply | None:
        if pod in ended:
            return None
        return answer(pod, revisions[pod]) if pod in revisions else Reply(URL, error="forbidden: pods/portforward")

    return ask


def test_more_is_asked_at_once_the_longer_nobody_new_is_heard() -> None:
    ingress = Keeping("abc", opens_after=4 + 4 + 8)
    last_heard = listen(ingress, URL, b"", Expected(("a", "b", "c"), "new"), 5)
    assert set(last_heard.revisions) == {"a", "b", "c"}
    assert last_heard.directly == {}


def test_whom_chance_does_not_explain_to_be_silent_is_asked_directly() -> None:
    expected = Expected(("a", "b", "c"), "new", directly=directly(b="new", c="new"))
    last_heard = listen(Keeping("abc"), URL, b"", expected, 60)
    assert last_heard.seconds < 30
    assert last_heard.as_dict(expected)["directly"] == {"b": "new", "c": "new"}
    assert last_heard.answers >= answers_needed(3)
    [note] = evaluate(last_heard, expected, URL)
    assert (note.id, note.severity) == ("pods-tested-directly", "note")
    assert "led to 1 of 3 pods" in note.message
    assert "b, c told the revision when asked directly" in note.message


def test_a_pod_of_another_revision_is_found_where_the_public_way_does_not_lead() -> None:
    expected = Expected(("a", "b"), "new", directly=directly(b="old"))
    found = evaluate(listen(Keeping("ab"), URL, b"", expected, 60), expected, URL)
    assert [finding.id for finding in found] == ["revision-stale", "pods-tested-directly"]
    assert found[0].message == "b answers with another revision than new, which is deployed: old"


def test_why_a_pod_could_not_be_asked_directly_is_told() -> None:
    expected = Expected(("a", "b", "c"), "new", directly=directly(b="new"))
    found = evaluate(listen(Keeping("abc"), URL, b"", expected, 60), expected, URL)
    assert [finding.id for finding in found] == ["pods-not-seen", "pods-tested-directly"]
    assert found[0].message.startswith("1 of 3 pods never answered")
    assert "c, asked directly: forbidden: pods/portforward" in found[0].evidence


def test_a_pod_that_ended_meanwhile_is_missed_by_nobody() -> None:
    expected = Expected(("a", "b", "c"), "new", directly=directly(ended="b", c="new"))
    last_heard = listen(Keeping("abc"), URL, b"", expected, 60)
    assert [finding.id for finding in evaluate(last_heard, expected, URL)] == ["pods-tested-directly"]
    assert set(last_heard.directly) == {"c"}
    only_one_left = Expected(("a", "b"), "new", directly=directly(ended="b"))
    assert evaluate(listen(Keeping("ab"), URL, b"", only_one_left, 60), only_one_left, URL) == []


def test_pods_that_nobody_meets_outside_prove_nothing_of_the_public_way() -> None:
    """The name leads to another cluster, whose pods are of the same revision."""
    expected = Expected(("b", "c"), "new", directly=directly(b="new", c="new"))
    found = evaluate(listen(Keeping("a"), URL, b"", expected, 60), expected, URL)
    assert [finding.id for finding in found] == ["pods-not-seen"]


def test_another_that_answers_in_the_place_of_a_pod_tells_nothing_of_it() -> None:
    made = Seen()
    assert not made.take_directly("b", answer("z"))
    assert made.silent == {"b": "it calls itself z"}
    assert not made.take_directly("b", Reply(URL, status=503))
    assert made.silent == {"b": "it answers 503 without a revision"}
    assert made.take_directly("b", answer("b"))
    assert (made.silent, made.directly) == ({}, {"b": {"new"}})


def test_a_pod_that_ends_may_have_any_revision() -> None:
    expected = Expected(("a",), "new", leaving=("z",))
    assert found(expected, answer("a"), answer("z", "old")) == []
    assert found(expected, answer("a"), answer("y", "old"))[0][0] == "revision-stale"


@pytest.mark.parametrize(("pods", "answers"), [(1, 1), (2, 11), (3, 20), (10, 88), (50, 536)])
def test_so_many_answers_leave_hardly_a_pod_unheard(pods: int, answers: int) -> None:
    assert answers_needed(pods) == answers
    assert pods == 1 or pods * (1 - 1 / pods) ** answers <= MISSED < pods * (1 - 1 / pods) ** (answers - 1)
