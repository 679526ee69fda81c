# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many questions at once: each is answered or says why not."""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.batch_get import (
    Answers,
    Endpoint,
    Query,
    Unavailable,
    survey,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.unit.plugins.module_utils._preflight.api import Api, Reply, serving, status


def ask(replies: t.Mapping[str, Reply], *queries: Query) -> tuple[Answers, Api]:
    with serving(replies) as api, Cluster.connect(api.connection()) as cluster:
        return survey(cluster, queries)[0], api


def test_each_question_has_its_own_answer() -> None:
    queries = [Query(number, f"/{number}", keep=lambda body: body["n"]) for number in range(20)]
    answers, api = ask({f"/{number}": (200, {"n": number}) for number in range(20)}, *queries)
    assert answers == {number: number for number in range(20)}
    assert len(api.asked) == 20


def test_a_refusal_stops_nobody_else() -> None:
    replies = {"/a": (200, {}), "/b": status(403, "you may not"), "/c": status(500, "oops")}
    answers, _ = ask(replies, *(Query(name, f"/{name}") for name in "abcd"))
    assert answers["a"] == {}
    assert answers["b"] == Unavailable(403, "you may not")
    assert answers["b"].tolerable
    assert answers["c"] == Unavailable(500, "oops")
    assert answers["d"].not_found


def test_a_body_is_posted() -> None:
    answers, api = ask({"/review": (201, {"status": {}})}, Query("r", "/review", body={"kind": "Review"}))
    assert answers == {"r": {"status": {}}}
    assert api.asked == [("POST", "/review")]


PAGES: dict[str, Reply] = {
    "/pods?limit=500": (200, {"items": [1], "metadata": {"continue": "next"}}),
    "/pods?limit=500&continue=next": (200, {"items": [2], "metadata": {}}),
}


def test_a_long_list_is_read_page_by_page() -> None:
    answers, _ = ask(PAGES, Query("pods", "/pods", pages=2, keep=lambda body: body["items"]))
    assert answers == {"pods": [[1], [2]]}


def test_a_list_that_is_too_long_is_no_answer() -> None:
    answers, _ = ask(PAGES, Query("pods", "/pods", pages=1))
    assert answers["pods"].tolerable
    assert "more than 500" in answers["pods"].message


def test_an_endpoint_is_reached_or_says_why_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as closing:
        open_port, closed_port = listening.getsockname()[1], closing.getsockname()[1]
        closing.close()
        endpoints = [
            Endpoint("open", "127.0.0.1", open_port),
            Endpoint("closed", "127.0.0.1", closed_port),
            Endpoint("unknown", "no-such-host.invalid", 1),
        ]
        with serving({}) as api, Cluster.connect(api.connection()) as cluster:
            _, reached = survey(cluster, [], endpoints, timeout=2.0)
    assert [each.endpoint.name for each in reached] == ["open", "closed", "unknown"]
    assert [bool(each.problem) for each in reached] == [False, True, True]
    assert "refused" in reached[1].problem
