# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods by phase over time."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.progress import Moment
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.timeline import moments_of, of_pods

from .samples import TIMELINE


def pod(created: str, scheduled: str = "", ready: str = "", **fields: t.Any) -> dict[str, t.Any]:
    times = {"created": created, "scheduled": scheduled, "ready": ready}
    return {name: time and f"2026-11-23T20:00:{time}Z" for name, time in times.items()} | fields


def test_what_a_wait_saw_is_taken_as_it_is() -> None:
    moments = moments_of([{"timeline": [TIMELINE[0]]}, {"timeline": TIMELINE}, {}])
    assert [moment.seconds for moment in moments] == [0.0, 1.2, 2.0, 6.4, 14.2]
    assert moments[-1] == Moment(14.2, {"old": 2, "terminating": 1, "failing": 1}, "pods: 2 old, 1 ending")


def test_without_a_wait_the_pods_own_times_tell_it() -> None:
    pods = [pod("00", "01", "05"), pod("02", "02", "07")]
    assert moments_of([{"timeline": []}, {"pods": pods}]) == (
        Moment(0.0, {"pending": 1}),
        Moment(1.0, {"starting": 1}),
        Moment(2.0, {"starting": 2}),
        Moment(5.0, {"ready": 1, "starting": 1}),
        Moment(7.0, {"ready": 2}),
    )


def test_a_pod_that_never_got_ready_stays_where_it_is() -> None:
    assert of_pods([pod("00")]) == (Moment(0.0, {"pending": 1}),)
    assert of_pods([pod("00", "01", failing=True)])[-1] == Moment(1.0, {"failing": 1})


def test_nothing_is_known_of_no_pods() -> None:
    assert of_pods([]) == ()
    assert moments_of([{"pods": []}, {}]) == ()
    assert moments_of([]) == ()
