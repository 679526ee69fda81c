# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""One answer has to come to its end within the time that is allowed for it, however it drips."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Unreachable
from tests.unit.plugins.module_utils._cluster.api_server import Reply
from tests.unit.plugins.module_utils._cluster.connecting import talk


@pytest.mark.parametrize("from_head", [False, True])
@pytest.mark.parametrize("once", [False, True])
def test_an_answer_that_comes_byte_by_byte_ends_within_the_time_for_the_whole_of_it(
    from_head: bool, once: bool
) -> None:
    dripping = Reply(body={"items": ["x" * 200]}, drip=0.05, from_head=from_head)
    with talk(dripping, request_timeout=0.5, retry_timeout=0.0) as api:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            api.cluster.once("/api", 0.5) if once else api.cluster.get("/api")
        assert time.monotonic() - begun < 2.5


def test_a_slow_answer_that_comes_in_time_is_read_and_the_connection_is_good_for_the_next() -> None:
    with talk(Reply(body={"a": 1}, drip=0.02), Reply(body={"b": 2})) as api:
        assert api.cluster.get("/api") == {"a": 1}
        assert api.cluster.get("/api") == {"b": 2}
        assert api.server.connections == 1


def test_a_stream_may_last_longer_than_one_answer_but_must_begin_in_time() -> None:
    limits = {"request_timeout": 0.4, "retry_timeout": 0.0}
    with talk(Reply(body=[{"n": 1}], hold=True), **limits) as api, api.cluster.stream("/api", {}, 5.0) as lines:
        assert next(lines) == b'{"n": 1}'
        threading.Timer(0.8, api.server.closing.set).start()
        assert list(lines) == []
    with (
        talk(Reply(body={}, drip=0.1, from_head=True), **limits) as api,
        pytest.raises(Unreachable),
        api.cluster.stream("/api", {}, 60.0),
    ):
        pass
