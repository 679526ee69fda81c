# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that a container's probes give it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.probe_budget import (
    answers_to_expect,
    seconds_to_be_ready,
    seconds_to_start,
)

FIELDS = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold")


@pytest.mark.parametrize(
    ("probe", "to_start", "to_be_ready"),
    [
        ({"httpGet": {}}, 31, 41),
        ({"periodSeconds": 5, "failureThreshold": 24, "timeoutSeconds": 3}, 123, 128),
        ({"initialDelaySeconds": 30, "periodSeconds": 2, "successThreshold": 2}, 37, 41),
        ({"periodSeconds": 1, "timeoutSeconds": 5}, 20, 25),
    ],
)
def test_the_arithmetic(probe: dict[str, int], to_start: float, to_be_ready: float) -> None:
    assert seconds_to_start({"startupProbe": probe}) == to_start
    assert seconds_to_be_ready({"readinessProbe": probe}) == to_be_ready


def test_without_a_probe_there_is_nothing_to_wait_for() -> None:
    assert (seconds_to_start({}), seconds_to_be_ready({})) == (0, 0)


@given(st.tuples(*[st.integers(1, 60)] * 5), st.sampled_from(FIELDS))
def test_more_patience_never_means_less_time(values: tuple[int, ...], field: str) -> None:
    probe = dict(zip(FIELDS, values, strict=True))
    longer = {"readinessProbe": {**probe, field: probe[field] + 1}}
    assert seconds_to_be_ready(longer) >= seconds_to_be_ready({"readinessProbe": probe})


@pytest.mark.parametrize(("bad", "expected"), [(1, 1), (3, 2), (10, 9), (60, 10)])
def test_a_kubelet_tells_of_nearly_as_many_bad_answers_as_are_tolerated(bad: int, expected: int) -> None:
    assert answers_to_expect({"failureThreshold": bad}) == expected
