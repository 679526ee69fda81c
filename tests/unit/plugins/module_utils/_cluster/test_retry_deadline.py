# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that stays away costs the time for retries once, however much is still asked of it."""

from __future__ import annotations

import time

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import retry_deadline as module
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.retry_deadline import RetryDeadline
from tests.unit.plugins.module_utils._cluster.api_server import Reply
from tests.unit.plugins.module_utils._cluster.connecting import talk

PATIENCE = 10.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds on the monotonic clock."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_without_an_outage_a_request_has_its_own_time(clock: list[float]) -> None:
    assert RetryDeadline().deadline(clock[0], PATIENCE) == 110.0


def test_what_is_asked_later_shares_the_deadline_of_the_first(clock: list[float]) -> None:
    retry_deadline = RetryDeadline()
    retry_deadline.noticed(100.0, PATIENCE)
    clock[0] = 108.0
    retry_deadline.noticed(108.0, PATIENCE)
    assert retry_deadline.deadline(108.0, PATIENCE) == 110.0
    assert retry_deadline.deadline(95.0, PATIENCE) == 105.0


def test_an_answer_ends_it(clock: list[float]) -> None:
    retry_deadline = RetryDeadline()
    retry_deadline.noticed(100.0, PATIENCE)
    retry_deadline.over()
    assert retry_deadline.deadline(108.0, PATIENCE) == 118.0


def test_once_one_has_waited_in_vain_the_others_do_not(clock: list[float]) -> None:
    retry_deadline = RetryDeadline()
    retry_deadline.noticed(100.0, PATIENCE)
    retry_deadline.give_up()
    assert retry_deadline.deadline(101.0, PATIENCE) <= 101.0
    retry_deadline.over()
    assert retry_deadline.deadline(102.0, PATIENCE) == 112.0


def test_after_long_silence_it_is_another_one(clock: list[float]) -> None:
    retry_deadline = RetryDeadline()
    retry_deadline.noticed(100.0, PATIENCE)
    clock[0] = 120.0
    retry_deadline.noticed(119.0, PATIENCE)
    assert retry_deadline.deadline(119.0, PATIENCE) == 129.0


def test_the_second_request_to_a_server_that_is_away_is_tried_once() -> None:
    with talk(Reply(body={}), Reply(drop=True), retry_timeout=2.0) as api:
        api.cluster.get("/healthy")
        for name in "abc":
            with pytest.raises(Unreachable):
                api.cluster.get(f"/{name}")
    paths = api.server.paths
    assert paths.count("/a") > 1
    assert (paths.count("/b"), paths.count("/c")) == (1, 1)


def test_a_server_whose_store_is_away_is_no_better() -> None:
    with talk(Reply(body={}), Reply(504, {"message": "etcd does not answer"}), retry_timeout=2.0) as api:
        api.cluster.get("/healthy")
        for name in "ab":
            with pytest.raises(ApiError, match="etcd does not answer"):
                api.cluster.get(f"/{name}")
    assert api.server.paths.count("/a") > 1
    assert api.server.paths.count("/b") == 1


def test_the_last_try_does_not_wait_long_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client.LAST_TRY", 0.1)
    with talk(Reply(body={}), Reply(body={}, delay=5.0), retry_timeout=0.2, request_timeout=0.4) as api:
        api.cluster.get("/healthy")
        with pytest.raises(Unreachable):
            api.cluster.get("/a")
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="no answer within the time allowed"):
            api.cluster.get("/b")
        assert time.monotonic() - begun < 4
