# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror of collections: one list, then one watch, and nothing missed when the watch breaks."""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import watch
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, ClusterError
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, Trim, until
from tests.unit.plugins.module_utils._cluster.api_server import ApiServer, Json, Reply
from tests.unit.plugins.module_utils._cluster.connecting import connect

PATIENCE = 20.0
"""Seconds that nothing takes, unless the machine has other things to do."""
PODS = Source("v1", "Pod", "n", "app=maestro")
QUIET = Reply(body=[], hold=True)
FORBIDDEN = Reply(403, {"reason": "Forbidden", "message": "you may not"})


def pod(name: str, version: int = 1, phase: str = "Running") -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)},
        "status": {"phase": phase},
    }


def listed(*pods: Json, version: int = 10) -> Reply:
    """A list, whose items have no kind of their own, as the API server answers it."""
    items = [{field: value for field, value in item.items() if field not in ("kind", "apiVersion")} for item in pods]
    return Reply(body={"items": items, "metadata": {"resourceVersion": str(version)}})


def event(kind: str, item: Json) -> Json:
    return {"type": kind, "object": item}


def gone() -> Json:
    return event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})


def watched(*events: Json, hold: bool = True) -> Reply:
    return Reply(body=list(events), hold=hold)


class View(t.NamedTuple):
    """A mirror and the server that it mirrors."""

    server: ApiServer
    informer: Informer

    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.informer.objects("Pod")]

    def soon(self, done: t.Callable[[], bool]) -> bool:
        """Whether it comes to that while there is patience."""
        deadline = time.monotonic() + PATIENCE
        while not done() and time.monotonic() < deadline:
            time.sleep(0.002)
        return done()

    def asked(self) -> list[str]:
        """The requests in short: `list`, or `watch` with the version from which it goes on."""
        return [
            f"watch {query['resourceVersion']}" if "watch" in query else "list"
            for query in (asked.query for asked in self.server.asked)
        ]


@contextlib.contextmanager
def view(*replies: Reply, source: Source = PODS, trim: Trim = lambda item: item) -> t.Iterator[View]:
    with ApiServer(*replies) as server, connect(server.url) as cluster, Informer(cluster, [source], trim) as informer:
        yield View(server, informer)


def test_it_begins_with_what_is_there() -> None:
    with view(listed(pod("b"), pod("a")), QUIET) as now:
        assert now.informer.synced(PATIENCE)
        assert now.names() == ["a", "b"]
        assert {item["kind"] for item in now.informer.objects("Pod")} == {"Pod"}
        assert now.informer.objects("Service") == []


def test_what_it_asks_for() -> None:
    with view(listed(version=7), QUIET) as now:
        assert now.informer.synced(PATIENCE)
        assert now.soon(lambda: len(now.server.asked) == 2)
    first, second = now.server.asked
    assert first.path == second.path == "/api/v1/namespaces/n/pods"
    assert first.query == {"labelSelector": "app=maestro", "limit": str(watch.PAGE)}
    wanted = {"watch": "1", "resourceVersion": "7", "allowWatchBookmarks": "true", "labelSelector": "app=maestro"}
    assert wanted.items() <= second.query.items()
    assert int(second.query["timeoutSeconds"]) > 60


def test_events_change_what_is_there() -> None:
    events = [
        event("ADDED", pod("b", 11)),
        event("MODIFIED", pod("a", 12, "Failed")),
        event("DELETED", pod("c", 13)),
    ]
    with view(listed(pod("a"), pod("c")), watched(*events)) as now:
        assert now.soon(lambda: now.names() == ["a", "b"])
        assert now.informer.objects("Pod")[0]["status"]["phase"] == "Failed"


def test_a_collection_that_began_empty_fills() -> None:
    with view(listed(), watched(event("ADDED", pod("a", 11)))) as now:
        assert now.soon(lambda: now.names() == ["a"])


def test_a_watch_that_ends_goes_on_from_its_last_event() -> None:
    bookmark = event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "20"}})
    replies = [
        listed(pod("a")),
        watched(event("ADDED", pod("b", 11)), hold=False),
        watched(bookmark, hold=False),
        watched(event("ADDED", pod("c", 21))),
    ]
    with view(*replies) as now:
        assert now.soon(lambda: now.names() == ["a", "b", "c"])
        assert now.asked() == ["list", "watch 10", "watch 11", "watch 20"]


@pytest.mark.parametrize(
    "end",
    [
        watched(gone(), hold=False),
        Reply(410, {"reason": "Expired", "message": "too old"}),
        Reply(500, {"message": "etcd is away"}),
        Reply(drop=True),
        Reply(body=b"<html>a proxy</html>\n"),
        Reply(body=b'{"error": "a proxy"}\n'),
    ],
    ids=["gone", "gone-status", "error", "reset", "no-json", "no-event"],
)
def test_a_watch_that_cannot_go_on_begins_anew_with_a_list(end: Reply) -> None:
    with view(listed(pod("a"), pod("b")), end, listed(pod("b"), version=30), QUIET) as now:
        assert now.soon(lambda: now.names() == ["b"])
        assert now.soon(lambda: len(now.server.asked) == 4)
        assert now.asked() == ["list", "watch 10", "list", "watch 30"]


def test_half_an_event_is_asked_for_again() -> None:
    cut = Reply(body=b'{"type": "ADDED", "obj')
    with view(listed(pod("a")), cut, watched(event("ADDED", pod("b", 11)))) as now:
        assert now.soon(lambda: now.names() == ["a", "b"])
        assert now.asked() == ["list", "watch 10", "watch 10"]


def test_it_survives_an_api_that_is_away_for_a_while() -> None:
    away = Reply(503, {"message": "away"})
    with view(listed(pod("a")), Reply(drop=True), away, away, listed(pod("b")), QUIET) as now:
        assert now.soon(lambda: now.names() == ["b"])


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_may_not_be_listed_is_an_error(status: int) -> None:
    with view(FORBIDDEN._replace(status=status)) as now, pytest.raises(ApiError, match="you may not"):
        now.informer.synced(PATIENCE)


def test_a_list_that_does_not_come_is_not_waited_for_for_ever() -> None:
    with view(listed()._replace(delay=0.4), QUIET) as now:
        assert not now.informer.synced(0.1)


def test_a_watch_that_is_always_refused_is_not_asked_for_without_end() -> None:
    refusals = [listed(pod("a")), FORBIDDEN] * 50
    with view(*refusals) as now:
        now.informer.synced(PATIENCE)
        time.sleep(0.7)
        assert len(now.server.asked) <= 8, "0.1, 0.2, 0.4 s: the pauses grow"


def test_a_watch_that_ends_at_once_is_not_opened_without_end() -> None:
    with view(listed(pod("a")), watched(hold=False)) as now:
        now.informer.synced(PATIENCE)
        begun = time.monotonic()
        time.sleep(0.5)
        assert len(now.server.asked) <= 3 + (time.monotonic() - begun) / 0.1


def test_a_long_list_comes_in_pages() -> None:
    first = Reply(
        body={**t.cast(Json, listed(pod("a")).body), "metadata": {"resourceVersion": "5", "continue": "more"}}
    )
    with view(first, listed(pod("b"), version=5), QUIET) as now:
        assert now.informer.synced(PATIENCE)
        assert now.names() == ["a", "b"]
        assert now.soon(lambda: len(now.server.asked) == 3)
        assert now.server.asked[1].query["continue"] == "more"
        assert now.server.asked[2].query["resourceVersion"] == "5"


def test_fields_narrow_the_list_and_the_watch() -> None:
    named = PODS._replace(selector="", fields="metadata.name=a")
    with view(listed(pod("a")), QUIET, source=named) as now:
        assert now.soon(lambda: len(now.server.asked) == 2)
        assert [asked.query["fieldSelector"] for asked in now.server.asked] == ["metadata.name=a"] * 2


def test_what_is_held_may_be_old_from_a_break_until_the_next_list() -> None:
    away = [Reply(drop=True), Reply(503, {"message": "away"}), Reply(503, {"message": "away"})]
    with view(listed(pod("a")), *away, listed(pod("b")), QUIET) as now:
        assert now.soon(lambda: now.informer.problem(PODS) is not None)
        assert now.names() == ["a"]
        assert now.soon(lambda: now.informer.problem(PODS) is None)
        assert now.names() == ["b"]


class Unforeseen:
    """A trim that knows no pod of these versions."""

    def __init__(self, *versions: int) -> None:
        self.unknown = {str(version) for version in versions}

    def __call__(self, item: Json) -> Json:
        if item["metadata"]["resourceVersion"] in self.unknown:
            raise TypeError("'NoneType' object is not iterable")
        return item


def test_an_event_that_nobody_foresaw_is_told_and_listed_anew() -> None:
    trim = Unforeseen(11)
    replies = [listed(pod("a")), watched(event("MODIFIED", pod("a", 11))), *[listed(pod("a", 11))] * 2]
    with view(*replies, listed(pod("b", 12)), QUIET, trim=trim) as now:
        assert now.soon(lambda: now.informer.problem(PODS) is not None)
        assert "Pod broke off: TypeError: 'NoneType'" in str(now.informer.problem(PODS))
        assert now.names() == ["a"]
        assert now.soon(lambda: now.informer.problem(PODS) is None)
        assert now.names() == ["b"]


def test_a_list_that_nobody_foresaw_is_told() -> None:
    with view(Reply(body={"items": None}), listed(pod("a")), QUIET) as now:
        assert now.soon(lambda: now.informer.problem(PODS) is not None)
        assert now.soon(lambda: now.names() == ["a"])


def test_a_watch_that_ended_in_time_leaves_nothing_old() -> None:
    with view(listed(pod("a")), watched(hold=False), watched(event("ADDED", pod("b", 11)))) as now:
        assert now.informer.synced(PATIENCE)
        problems = set()
        assert now.soon(lambda: problems.add(now.informer.problem(PODS)) or now.names() == ["a", "b"])
        assert problems == {None}


def test_a_refusal_that_passes_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "FIRST_PATIENCE", PATIENCE)
    with view(FORBIDDEN, FORBIDDEN, listed(pod("a")), QUIET) as now:
        assert now.informer.synced(PATIENCE)
        assert now.names() == ["a"]


@pytest.mark.parametrize("replies", [[FORBIDDEN] * 9, [FORBIDDEN, listed(pod("a"))] * 9], ids=["all", "watch-only"])
def test_a_refusal_in_mid_watch_that_lasts_is_told(replies: list[Reply], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LATER_PATIENCE", 0.3)
    with view(listed(pod("a")), watched(hold=False), *replies, FORBIDDEN) as now:
        assert now.informer.synced(PATIENCE)
        assert now.soon(lambda: now.informer.refusal(PODS) is not None)
        refusal = now.informer.refusal(PODS)
        assert refusal is not None
        assert refusal.status == 403
        assert now.informer.is_listed(PODS)


def phase_only(item: Json) -> Json | None:
    phase = item["status"]["phase"]
    return None if phase == "Succeeded" else {"metadata": {"name": item["metadata"]["name"]}, "status": phase}


def test_only_what_is_wanted_is_held_and_only_its_change_is_news() -> None:
    events = [
        event("MODIFIED", pod("a", 11)),
        event("ADDED", pod("job", 12, "Succeeded")),
        event("MODIFIED", pod("b", 13, "Succeeded")),
    ]
    with view(listed(pod("a"), pod("b")), watched(*events), trim=phase_only) as now:
        assert now.informer.synced(PATIENCE)
        assert now.soon(lambda: now.names() == ["a"])
        assert now.informer.objects("Pod") == [{"metadata": {"name": "a"}, "status": "Running"}]
        assert now.informer.generation == 2, "the list, and that b is of no interest any more"


def dead(*pods: Json) -> list[Reply]:
    """A collection, and a watch of it that has nothing to tell or nobody who tells it."""
    return [listed(*pods), QUIET]


def test_what_a_silent_watch_holds_is_confirmed_by_a_list() -> None:
    with view(*dead(pod("a")), listed(pod("a"))) as now:
        assert now.soon(lambda: len(now.server.asked) == 2)
        assert now.informer.confirm([PODS], unavailable=0.0, seconds=5.0)
        assert now.asked() == ["list", "watch 10", "list"]


def test_what_was_heard_of_just_now_is_not_asked_for() -> None:
    with view(*dead(pod("a"))) as now:
        assert now.soon(lambda: len(now.server.asked) == 2)
        assert now.informer.confirm([PODS], unavailable=60.0, seconds=5.0)
        assert len(now.server.asked) == 2


def test_what_a_dead_watch_never_told_is_held_once_it_is_asked_for() -> None:
    with view(*dead(pod("a")), listed(pod("b"))) as now:
        assert now.soon(lambda: len(now.server.asked) == 2)
        before = now.informer.generation
        assert not now.informer.confirm([PODS], unavailable=0.0, seconds=5.0)
        assert now.names() == ["b"]
        assert now.informer.generation > before
        assert now.informer.confirm([PODS], unavailable=0.0, seconds=5.0)


@pytest.mark.parametrize(
    "reply", [Reply(503, {"message": "away"}), Reply(drop=True), Reply(body=b"a proxy"), listed()._replace(delay=2.0)]
)
def test_what_cannot_be_confirmed_is_an_error(reply: Reply) -> None:
    with view(*dead(pod("a")), reply) as now:
        assert now.soon(lambda: len(now.server.asked) == 2)
        with pytest.raises(ClusterError):
            now.informer.confirm([PODS], unavailable=0.0, seconds=0.5)
        assert now.names() == ["a"]


def test_a_watch_that_goes_on_after_a_list_changes_what_was_listed() -> None:
    late = watched(event("ADDED", pod("c", 12)))
    with view(listed(pod("a")), watched(hold=False)._replace(delay=0.3), listed(pod("b")), late) as now:
        assert now.soon(lambda: len(now.server.asked) == 2)
        assert not now.informer.confirm([PODS], unavailable=0.0, seconds=5.0)
        assert now.soon(lambda: now.names() == ["b", "c"])


def test_until_tells_whether_it_came_to_it() -> None:
    with view(listed(pod("a")), QUIET) as now:
        now.informer.synced(PATIENCE)
        assert until(now.informer, lambda: now.names() == ["a"], time.monotonic())
        assert not until(now.informer, lambda: False, time.monotonic() + 0.05)


def test_until_asks_again_only_when_something_changed() -> None:
    calls = []

    def never() -> bool:
        calls.append(1)
        return False

    with view(listed(pod("a")), QUIET) as now:
        now.informer.synced(PATIENCE)
        until(now.informer, never, time.monotonic() + 0.2)
    assert len(calls) <= 3


def test_the_same_collection_is_mirrored_once() -> None:
    with (
        ApiServer(listed(pod("a")), QUIET) as server,
        connect(server.url) as cluster,
        Informer(cluster, [PODS, PODS]) as informer,
    ):
        assert informer.synced(PATIENCE)
        assert len(informer.objects("Pod")) == 1


def test_its_threads_end_with_it() -> None:
    before = threading.active_count()
    with view(listed(pod("a")), QUIET) as now:
        now.informer.synced(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
