# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server's clock, as its answers tell it."""

from __future__ import annotations

import email.utils
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.server_clock import ServerClock
from tests.unit.plugins.module_utils._cluster.api_server import Reply
from tests.unit.plugins.module_utils._cluster.connecting import talk

NOON = 1_795_435_200.0
"""2026-11-23 12:00:00 UTC"""


def heard(clock: ServerClock, server: float, sent: float, received: float) -> None:
    clock.heard(email.utils.formatdate(int(server), usegmt=True), sent, received)


def test_it_is_ours_until_something_was_heard() -> None:
    assert ServerClock().ahead == 0.0


@pytest.mark.parametrize("wrong", [-600.0, 600.0])
def test_a_stamp_is_in_the_servers_time_whatever_ours_says(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ServerClock()
    monkeypatch.setattr(ServerClock, "local", staticmethod(lambda: NOON + wrong))
    heard(clock, NOON, NOON + wrong, NOON + wrong)
    assert clock.stamp() in ("2026-11-23T12:00:00+00:00", "2026-11-23T12:00:01+00:00")
    assert clock.stamp("microseconds").startswith(f"{clock.stamp()[:19]}.")


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_a_date_that_is_none_says_nothing(date: str | None) -> None:
    clock = ServerClock()
    clock.heard(date, NOON, NOON)
    assert clock.ahead == 0.0


def test_clocks_that_may_agree_are_taken_to_agree() -> None:
    clock = ServerClock()
    heard(clock, NOON, NOON + 0.3, NOON + 0.9)
    assert clock.ahead == 0.0


@pytest.mark.parametrize("ahead", [600.0, -600.0, 86_400.0, 2.5])
def test_a_clock_that_is_off_is_known_to_a_second_by_one_answer(ahead: float) -> None:
    clock = ServerClock()
    heard(clock, NOON + ahead, NOON, NOON + 0.02)
    assert clock.ahead == pytest.approx(ahead, abs=1.03)


@settings(max_examples=50)
@given(ahead=st.floats(-1000, 1000), moments=st.lists(st.floats(0, 60), min_size=1, max_size=20))
def test_more_answers_never_make_it_less_true(ahead: float, moments: list[float]) -> None:
    clock, worst = ServerClock(), 1.03
    for moment in sorted(moments):
        sent = NOON + moment
        heard(clock, sent + 0.01 + ahead, sent, sent + 0.02)
        assert abs(clock.ahead - ahead) <= worst
        worst = max(abs(clock.ahead - ahead), 1e-6)


def test_a_clock_that_was_set_is_followed() -> None:
    clock = ServerClock()
    heard(clock, NOON, NOON, NOON)
    heard(clock, NOON + 300, NOON + 1, NOON + 1)
    assert clock.ahead == pytest.approx(299, abs=1.01)


def test_a_cluster_tells_its_time() -> None:
    ahead = email.utils.formatdate(time.time() + 600, usegmt=True)
    with talk(Reply(body={}, headers={"Date": ahead})) as (server, cluster):
        cluster.get("/version")
        assert server.paths == ["/version"]
        assert cluster.clock.now() - time.time() == pytest.approx(600, abs=1.5)
