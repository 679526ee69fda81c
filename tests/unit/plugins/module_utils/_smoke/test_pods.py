# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answered, with which revision."""

from __future__ import annotations

import json

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.asking import Asker, Reply
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.pods import Expected, Seen, judge, listen
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.request import Url, parse_url

URL = parse_url("https://maestro.example.com/api/v1/status")


def answer(pod: str, revision: str = "new") -> Reply:
    return Reply(URL, status=200, body=json.dumps({"pod": pod, "revision": revision}).encode())


def seen(*replies: Reply) -> Seen:
    made = Seen()
    for reply in replies:
        made.take(reply)
    return made


def found(expected: Expected, *replies: Reply) -> list[tuple[str, str]]:
    return [(finding.id, finding.message) for finding in judge(seen(*replies), expected, URL)]


def test_all_pods_with_the_deployed_revision_are_right() -> None:
    assert found(Expected(("a", "b"), "new"), answer("a"), answer("b"), answer("a")) == []
    assert found(Expected(), answer("a"), answer("b")) == []


def test_a_pod_of_another_revision_is_named() -> None:
    [(kind, message)] = found(Expected(("a", "b"), "new"), answer("a"), answer("b", "old"))
    assert kind == "revision-stale"
    assert message == "b answers with another revision than new, which is deployed: old"


def test_a_pod_that_changes_its_revision_is_named() -> None:
    assert found(Expected(("a",), "new"), answer("a"), answer("a", "old"))[0][0] == "revision-stale"


def test_without_a_known_revision_all_must_agree() -> None:
    [(kind, message)] = found(Expected(("a", "b")), answer("a"), answer("b", "old"))
    assert (kind, "2 revisions in turn: new, old" in message) == ("revision-stale", True)


def test_a_pod_that_never_answers_is_named() -> None:
    [(kind, message)] = found(Expected(("a", "b", "c"), "new"), answer("a"))
    assert (kind, "2 of 3 pods never answered" in message, message.endswith("b, c")) == ("pods-unseen", True, True)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"pod": 3}', b"<html>"])
def test_answers_without_a_pod_tell_nothing(body: bytes) -> None:
    made = seen(Reply(URL, status=200, body=body))
    assert (made.requests, made.answers) == (1, 0)
    assert [finding.id for finding in judge(made, Expected(), URL)] == ["pods-unseen"]


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
    heard = listen(Turning(*"abcdefghij"), URL, b"", Expected(("a", "j")), 5)
    assert {"a", "j"} <= set(heard.revisions)
    assert heard.requests == 12


def test_it_listens_no_longer_than_it_may() -> None:
    heard = listen(Turning("a"), URL, b"", Expected(("b",)), 0.05)
    assert heard.seconds < 1
    assert set(heard.revisions) == {"a"}


def test_without_names_it_listens_until_nobody_new_speaks() -> None:
    heard = listen(Turning("a", "b"), URL, b"", Expected(), 5)
    assert set(heard.revisions) == {"a", "b"}
    assert heard.requests == 56
