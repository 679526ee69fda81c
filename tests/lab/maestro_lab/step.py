# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""A lab comes up as a list of steps, run as soon as what they depend on is done, and goes down in the reverse order.

`up` does the step's work and waits until it holds; it may return facts, which go to facts.json under their keys.
`down` takes away whatever the step may have left, wholly, partly or not at all; it is called after a failed or killed
`up` too, when the lab may have no addresses (`lab.network` is None).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from .failure import LabError
from .names import Lab
from .progress import say, seconds

Facts = Mapping[str, object]


def _nothing(lab: Lab) -> None:
    """Leaves nothing to take away."""


@dataclass(frozen=True)
class Step:
    """One part of a lab. `title` says in a few words what is there once `up` has returned."""

    name: str
    title: str
    up: Callable[[Lab], Facts | None]
    down: Callable[[Lab], None] = _nothing
    depends: tuple[str, ...] = ()


@dataclass
class Run:
    """What became of the steps: their seconds and the facts that they gave."""

    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)


def in_order(steps: Sequence[Step], done: Collection[str] = ()) -> tuple[Step, ...]:
    """The steps with each after all that it depends on; refuses unknown names, doubles and circles.

    `done` names steps that are not among these because a lab that runs has done them.
    """
    by_name = {step.name: step for step in steps}
    if len(by_name) != len(steps):
        raise ValueError("two steps have the same name")
    placed: dict[str, Step] = {}

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in placed:
            return
        if name in path or name not in by_name:
            wrong = "a circle" if name in path else "there is no such step"
            raise ValueError(f"step {' -> '.join((*path, name))}: {wrong}")
        for needed in by_name[name].depends:
            if needed in by_name or needed not in done:
                place(needed, (*path, name))
        placed[name] = by_name[name]

    for step in steps:
        place(step.name, ())
    return tuple(placed.values())


def run_up(lab: Lab, steps: Sequence[Step], done: Collection[str] = ()) -> Run:
    """Run all steps, each once those it depends on are done; after a failure no other is started."""
    waiting = list(in_order(steps, done))
    before = set(done) - {step.name for step in steps}
    run = Run()
    running: dict[Future[tuple[Facts, float]], Step] = {}
    failures: list[Exception] = []
    with ThreadPoolExecutor(max_workers=max(1, len(waiting)), thread_name_prefix="step") as pool:
        while running or (waiting and not failures):
            if not failures:
                for step in [step for step in waiting if before.union(run.seconds).issuperset(step.depends)]:
                    waiting.remove(step)
                    running[pool.submit(_timed, step, lab)] = step
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                _settle(running.pop(future), future, run, failures, len(steps))
    if failures:
        raise failures[0]
    return run


def run_down(lab: Lab, steps: Sequence[Step]) -> None:
    """Undo all steps, last first; one that fails does not keep the others from being undone."""
    failures = []
    for step in reversed(in_order(steps)):
        try:
            step.down(lab)
        except Exception as error:
            failures.append(f"{step.name}: {error}")
    if failures:
        raise LabError(f"Lab {lab.name} is not wholly down. " + "; ".join(failures))


def _timed(step: Step, lab: Lab) -> tuple[Facts, float]:
    began = time.monotonic()
    return step.up(lab) or {}, time.monotonic() - began


def _settle(step: Step, future: Future[tuple[Facts, float]], run: Run, failures: list[Exception], number: int) -> None:
    error = future.exception()
    if error is None:
        facts, elapsed = future.result()
        run.facts.update(facts)
        run.seconds[step.name] = elapsed
        say(f"  {len(run.seconds):>2}/{number} {step.title:<56} {seconds(elapsed):>12}")
    elif isinstance(error, Exception):
        say(f"  {step.title}: failed")
        failures.append(error)
    else:
        raise error
