# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Steps: in the order of what they depend on, several at once, stopped by the first failure, all undone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_lab.failure import LabError
from maestro_lab.names import Lab
from maestro_lab.step import Step, in_order, run_down, run_up


def step(name: str, *depends: str, up: Callable[[Lab], None] | None = None) -> Step:
    return Step(name, f"{name} is there", up or (lambda _: None), depends=depends)


@given(st.permutations(range(8)))
def test_a_step_comes_after_all_that_it_depends_on(order: list[int]) -> None:
    steps = [
        step(f"s{number}", *(f"s{lower}" for lower in range(number) if number % (lower + 1) == 0)) for number in order
    ]
    names = [one.name for one in in_order(steps)]
    assert sorted(names) == sorted(one.name for one in steps)
    for one in steps:
        assert all(names.index(needed) < names.index(one.name) for needed in one.depends)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([step("a", "b"), step("b", "a")], "a circle"),
        ([step("a", "nobody")], "there is no such step"),
        ([step("a"), step("a")], "the same name"),
    ],
)
def test_steps_that_cannot_be_ordered_are_refused(steps: list[Step], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        in_order(steps)


def test_steps_that_a_running_lab_has_done_are_not_waited_for(lab: Lab) -> None:
    run = run_up(lab, [step("new", "old"), step("newer", "new")], done={"old", "older"})
    assert list(run.seconds) == ["new", "newer"]


def test_facts_of_all_steps_are_gathered_and_each_is_timed(lab: Lab) -> None:
    steps = [
        Step("a", "a", lambda _: {"one": 1}),
        Step("b", "b", lambda _: {"two": 2}, depends=("a",)),
    ]
    run = run_up(lab, steps)
    assert run.facts == {"one": 1, "two": 2}
    assert set(run.seconds) == {"a", "b"}
    assert all(seconds >= 0 for seconds in run.seconds.values())


def test_steps_that_do_not_depend_on_each_other_run_at_once(lab: Lab) -> None:
    meeting = threading.Barrier(2, timeout=30)

    def meet(lab: Lab) -> None:
        meeting.wait()

    run_up(lab, [step("a", up=meet), step("b", up=meet)])


def test_a_step_waits_for_what_it_depends_on(lab: Lab) -> None:
    seen: list[str] = []
    steps = [
        step("late", "early", up=lambda _: seen.append("late")),
        step("early", up=lambda _: seen.append("early")),
    ]
    run_up(lab, steps)
    assert seen == ["early", "late"]


def test_a_failure_keeps_others_from_starting_and_is_raised(lab: Lab) -> None:
    started: list[str] = []

    def fail(lab: Lab) -> None:
        raise LabError("no luck")

    with pytest.raises(LabError, match="no luck"):
        run_up(lab, [step("bad", up=fail), step("next", "bad", up=lambda _: started.append("next"))])
    assert started == []


def test_everything_is_undone_in_reverse_even_when_one_undoing_fails(lab: Lab) -> None:
    undone: list[str] = []

    def undo(name: str) -> Callable[[Lab], None]:
        def down(lab: Lab) -> None:
            undone.append(name)
            if name == "b":
                raise LabError("stuck")

        return down

    steps = [
        Step(name, name, lambda _: None, undo(name), needs) for name, needs in (("a", ()), ("b", ("a",)), ("c", ("b",)))
    ]
    with pytest.raises(LabError, match="b: stuck"):
        run_down(lab, steps)
    assert undone == ["c", "b", "a"]
