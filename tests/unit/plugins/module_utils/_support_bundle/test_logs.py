# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every log that exists is read to its end within its bound, the telling ones first."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.logs import (
    LEAST,
    log_names,
    reading,
    share,
    tail,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.scope import Bounds, LogName
from tests.unit.plugins.module_utils._support_bundle.objects import container, pod


def test_containers_in_trouble_come_first_with_the_log_of_the_one_that_ended() -> None:
    crashing = pod("b", container(state="waiting", restarts=3, ended=1))
    restarted = pod("c", container(restarts=1, ended=137))
    assert log_names([pod("a", container()), crashing, restarted]) == [
        LogName("b", "maestro", previous=True),
        LogName("c", "maestro"),
        LogName("c", "maestro", previous=True),
        LogName("a", "maestro"),
    ]


def test_a_container_that_never_started_has_no_log() -> None:
    assert log_names([pod("a", container(state="waiting"))]) == []


def test_an_init_container_that_ended_well_has_one() -> None:
    ended = container("prepare", "terminated", because={"exitCode": 0})
    both = pod("a", container(state="waiting"))
    both["status"]["initContainerStatuses"] = [ended]
    assert log_names([both]) == [LogName("a", "prepare")]


def test_each_log_has_its_bound_or_its_share_but_never_less_than_is_of_use() -> None:
    bounds = Bounds(log_bytes=100_000, logs_bytes=1_000_000)
    assert [share(bounds, logs) for logs in (0, 3, 20, 10_000)] == [100_000, 100_000, 50_000, LEAST]


def test_the_former_log_is_asked_for_as_such_and_fewer_lines_each_time() -> None:
    queries = list(reading(LogName("a", "maestro", previous=True), 1000))
    assert {query["previous"] for query in queries} == {"true"}
    lines = [query["tailLines"] for query in queries]
    assert lines == sorted(lines, reverse=True)
    assert lines[-1] == 1


def test_the_tail_is_whole_lines() -> None:
    assert tail("one\ntwo\nthree\n", 10) == ("three\n", True)
    assert tail("one\n", 10) == ("one\n", False)
    assert tail("é" * 100, 11) == ("é" * 5, True)
