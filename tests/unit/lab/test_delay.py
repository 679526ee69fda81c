# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The slow cable: frames come out in order, each after the delay and never before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maestro_lab.delay import MOST_WAITING, Queue

ARRIVALS = st.lists(st.floats(0, 10), min_size=1, max_size=30).map(sorted)


@given(ARRIVALS, st.floats(0.001, 5), st.floats(0, 20))
def test_what_is_due_has_been_passed_on_and_nothing_else(arrivals: list[float], delay: float, now: float) -> None:
    sent: list[bytes] = []
    queue = Queue(delay, sent.append)
    for number, at in enumerate(arrivals):
        queue.put(bytes([number]), at)
    queue.pass_on(now)
    due = [bytes([number]) for number, at in enumerate(arrivals) if at + delay <= now]
    assert sent == due
    assert queue.next_due() == (arrivals[len(due)] + delay if len(due) < len(arrivals) else float("inf"))


def test_a_frame_that_the_link_refuses_is_lost_and_the_next_passes() -> None:
    sent: list[bytes] = []

    def send(frame: bytes) -> None:
        if frame == b"bad":
            raise OSError("no buffer space")
        sent.append(frame)

    queue = Queue(0.1, send)
    queue.put(b"bad", 0)
    queue.put(b"good", 0)
    queue.pass_on(1)
    assert sent == [b"good"]


def test_the_frames_that_wait_are_bounded() -> None:
    queue = Queue(1, lambda _: None)
    for _ in range(MOST_WAITING + 5):
        queue.put(b"x", 0)
    assert len(queue.waiting) == MOST_WAITING
