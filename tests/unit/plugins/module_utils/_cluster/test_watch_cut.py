# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch that is cut goes on from where it was; what it holds counts as old only when it stays away."""

from __future__ import annotations

import time

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import watch
from tests.unit.plugins.module_utils._cluster.api_server import Json, Reply
from tests.unit.plugins.module_utils._cluster.test_watch import PATIENCE, PODS, QUIET, event, listed, pod, view


def cut(*events: Json) -> Reply:
    """A watch that breaks off in the middle."""
    return Reply(body=list(events), cut=True)


BUSY = Reply(429, {"reason": "TooManyRequests", "message": "slow down"})


def test_a_watch_that_is_cut_goes_on_from_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "GAP", PATIENCE)
    replies = [cut(event("ADDED", pod("b", 11))), BUSY, cut(event("ADDED", pod("c", 12))), BUSY, BUSY, cut(), QUIET]
    with view(listed(pod("a")), *replies) as now:
        problems: set[object] = set()
        assert now.soon(lambda: problems.add(now.informer.problem(PODS)) or len(now.server.asked) == 8)
        assert now.names() == ["a", "b", "c"]
        assert problems == {None}
        assert now.asked() == ["list", *[f"watch {version}" for version in (10, 11, 11, 12, 12, 12, 12)]]


def test_a_watch_that_is_cut_again_and_again_is_opened_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LASTING", 0.2)
    lasting = cut(event("MODIFIED", pod("a", 11)))._replace(delay=0.3)
    with view(listed(pod("a")), *[lasting] * 8, QUIET) as now:
        begun = time.monotonic()
        assert now.soon(lambda: len(now.server.asked) == 10)
        assert time.monotonic() - begun < 8 * (0.3 + 0.1) + 2.5, "the pauses do not grow"


def test_a_watch_that_stays_away_makes_old_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "GAP", 0.2)
    with view(listed(pod("a")), cut(), *[BUSY] * 4, QUIET) as now:
        assert now.soon(lambda: now.informer.problem(PODS) is not None)
        assert now.soon(lambda: now.informer.problem(PODS) is None)
        assert "list" not in now.asked()[1:]


def test_what_a_watch_may_have_missed_that_is_away_just_now_is_asked_for() -> None:
    with view(listed(pod("a")), cut(), *[BUSY] * 2, BUSY._replace(delay=2.0), listed(pod("b"))) as now:
        assert now.soon(lambda: len(now.server.asked) == 5)
        assert not now.informer.confirm([PODS], unavailable=60.0, seconds=5.0)
        assert now.names() == ["b"]
