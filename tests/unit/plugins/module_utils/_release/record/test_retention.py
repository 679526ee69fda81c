# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the remembered releases a rollback goes back to, and which can be forgotten."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import INTERRUPTED, Record
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.retention import (
    before_current,
    forgettable,
)
from tests.unit.plugins.samples import config_map, service


def record(number: int, content: str, state: str = "passed", **about: t.Any) -> Record:
    """A release of one object; its content is its name."""
    return Record(number, state, (service(content),), about)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param([], None, id="no release"),
        pytest.param([record(1, "a")], None, id="the first"),
        pytest.param([record(1, "a"), record(2, "b")], 1, id="the one before"),
        pytest.param([record(1, "a"), record(2, "b", "failed")], 1, id="the last good one before a bad one"),
        pytest.param([record(1, "a"), record(2, "b", "failed"), record(3, "c", INTERRUPTED)], 1, id="two bad ones"),
        pytest.param([record(1, "a", "failed"), record(2, "b")], None, id="none that passed"),
        pytest.param([record(1, "a"), record(2, "b"), record(3, "b")], 1, id="not the same once more"),
        pytest.param(
            [record(1, "a"), record(2, "b"), record(3, "c"), record(4, "b", rollback_to=2)],
            1,
            id="further back, not forth",
        ),
        pytest.param(
            [record(1, "a"), record(2, "b"), record(3, "a", rollback_to=1)], None, id="nothing before the first"
        ),
        pytest.param(
            [
                record(1, "a"),
                record(2, "b"),
                record(3, "c"),
                record(4, "b", rollback_to=2),
                record(5, "d", "failed"),
                record(6, "b", rollback_to=4, first_released_as=2),
            ],
            1,
            id="further back than what was restored twice",
        ),
        pytest.param(
            [record(1, "a"), record(2, "b"), record(3, "a", INTERRUPTED, rollback_to=1)],
            1,
            id="a killed restore once more",
        ),
        pytest.param(
            [record(1, "a"), record(2, "b"), record(3, "a", "failed", rollback_to=1)],
            1,
            id="a failed restore once more",
        ),
    ],
)
def test_which_release_comes_before_the_current(known: list[Record], expected: int | None) -> None:
    found = before_current(known)
    assert (found.number if found else None) == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param([], None, id="no release"),
        pytest.param([record(1, "a"), record(2, "b")], None, id="the current and the one before it"),
        pytest.param([record(1, "a"), record(2, "b"), record(3, "c")], 1, id="the oldest"),
        pytest.param([record(1, "a"), record(2, "b", "failed"), record(3, "b")], 2, id="a failed one before the last"),
        pytest.param(
            [record(1, "a"), record(2, "b"), *(record(n, "b", "failed") for n in (3, 4, 5))],
            3,
            id="a failed one without an object of its own",
        ),
        pytest.param(
            [record(1, "a"), record(2, "b"), record(3, "extra", "failed"), record(4, "b", "failed")],
            4,
            id="not what alone remembers an object that may be there",
        ),
        pytest.param(
            [record(1, "a"), record(2, "b"), record(3, "c", "failed"), record(4, "d", "inconclusive")],
            None,
            id="none, until a release passes",
        ),
        pytest.param([record(1, "c", "failed"), record(2, "c", "failed")], 1, id="none has passed"),
        pytest.param(
            [record(1, "a"), record(2, "b"), record(3, "b", "failed"), record(4, "b", rollback_to=2)],
            2,
            id="not the one before what was restored",
        ),
    ],
)
def test_which_release_can_be_forgotten(known: list[Record], expected: int | None) -> None:
    found = forgettable(known)
    assert (found.number if found else None) == expected


def test_settings_alone_keep_no_record_of_a_failed_release() -> None:
    tries = [Record(number, "failed", (service(), config_map(f"c-{number}"))) for number in (2, 3)]
    found = forgettable([Record(1, "passed", (service(),)), *tries])
    assert found is tries[0]
