# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules together: what happens every day is silent, what must wake somebody does."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.unit.monitoring import promtool
from tests.unit.monitoring.promtool import Expectation, Values
from tests.unit.monitoring.stories import STORIES
from tests.unit.monitoring.world import HEALTHY, Pod, World

START = 30
"""The minute at which something begins to happen."""


def pods(count: int, revision: str = "aaaaaaaaaa", born: int = 0, ready: int = 0, gone: int = 10_000) -> list[Pod]:
    return [Pod(f"maestro-{revision}-{number:05d}", born, ready, gone) for number in range(count)]


def rolling_update() -> World:
    """Three new pods, one after the other; each is ready after two minutes, then an old one goes."""
    old = [Pod(pod.name, gone=START + 3 * (index + 1)) for index, pod in enumerate(pods(3))]
    new = [
        Pod(pod.name, born=START + 3 * index, ready=START + 3 * index + 2)
        for index, pod in enumerate(pods(3, "bbbbbbbbbb"))
    ]
    return World([*old, *new])


def scale_up() -> World:
    """The autoscaler doubles the replicas; the new pods take five minutes to start."""
    new = pods(3, "cccccccccc", born=START, ready=START + 5)
    return World([*pods(3), *new], wanted=lambda minute: 6 if minute >= START else 3)


def scale_down() -> World:
    gone = pods(3, "cccccccccc", gone=START)
    return World([*pods(3), *gone], wanted=lambda minute: 3 if minute >= START else 6)


def drain() -> World:
    """A node is drained: its pod goes, the next is ready within the minute."""
    [first, *others] = pods(3)
    return World([Pod(first.name, gone=START), *others, Pod("maestro-aaaaaaaaaa-zzzzz", START, START + 1)])


def retry_deadline() -> World:
    return World(pods(3, gone=START))


def dead_pod() -> World:
    """One pod goes and its successor never becomes ready."""
    [first, *others] = pods(3)
    return World([Pod(first.name, gone=START), *others, Pod("maestro-aaaaaaaaaa-zzzzz", START, 10_000)])


def bad_release() -> World:
    """From the start on, a quarter of the requests fails."""
    return World(pods(3), failing=lambda minute: 0.25 if minute >= START else HEALTHY)


def names() -> set[str]:
    return {rule["alert"] for rule in promtool.alerts()}


@pytest.mark.parametrize("world", [rolling_update, scale_up, scale_down, drain], ids=lambda world: world.__name__)
def test_everyday_events_are_silent(world: t.Callable[[], World], tmp_path: pathlib.Path) -> None:
    view: World = world()
    silent = [Expectation(name, minute) for name in names() for minute in range(view.minutes)]
    promtool.verify(tmp_path, promtool.groups(), view.series(), silent)


@pytest.mark.parametrize(
    ("world", "after", "expected"),
    [
        (retry_deadline, 4, {("MaestroAbsent", "page"), ("MaestroTooFewPods", "page"), ("MaestroPodDown", "ticket")}),
        (dead_pod, 4, {("MaestroPodDown", "ticket")}),
        (
            bad_release,
            15,
            {
                ("MaestroHighErrorRate", "page"),
                ("MaestroErrorBudgetBurn", "page"),
                ("MaestroOrchestrationsFailing", "ticket"),
            },
        ),
    ],
    ids=["outage", "dead_pod", "bad_release"],
)
def test_what_must_be_known_fires_and_nothing_else(
    world: t.Callable[[], World], after: int, expected: set[tuple[str, str]], tmp_path: pathlib.Path
) -> None:
    view: World = world()
    minute = START + after
    wanted = {
        name: tuple(
            story.firing
            for story in STORIES
            if story.alert == name and (name, story.severity) in expected and not slower(story.marks, after)
        )
        for name in names()
    }
    expectations = [Expectation(name, minute, firing) for name, firing in wanted.items()]
    promtool.verify(tmp_path, promtool.groups(), view.series(), expectations)


REQUESTS, BUCKET = "maestro_http_requests_total", "maestro_http_request_duration_seconds_bucket"


def steady() -> dict[str, Values]:
    return World(pods(3)).series()


def idle() -> dict[str, Values]:
    """Nobody has asked for anything yet, so no series of requests exists."""
    return {name: values for name, values in steady().items() if not name.startswith(("maestro_", "nginx_"))}


def probed() -> dict[str, Values]:
    """Nobody but the kubelet asks, and the application counts that."""
    asked = {name: values for name, values in steady().items() if not name.startswith("nginx_")}
    return {name.replace("/api/v1/orchestrations", "/healthz"): values for name, values in asked.items()}


def quiet_since_an_update() -> dict[str, Values]:
    """Requests came until a rolling update; the new pods have had none, so they have no series of them."""
    series = rolling_update().series()
    return {
        name: [None] * len(values) if name.startswith("maestro_") and "-bbbbbbbbbb-" in name else values
        for name, values in series.items()
        if not name.startswith("nginx_")
    } | {name: list(values[:START]) for name, values in series.items() if name.startswith("nginx_")}


@pytest.mark.parametrize("view", [steady, idle, probed, quiet_since_an_update], ids=lambda view: view.__name__)
def test_without_requests_nothing_is_missing(view: t.Callable[[], dict[str, Values]], tmp_path: pathlib.Path) -> None:
    silent = [Expectation("MaestroMetricsMissing", minute) for minute in range(75)]
    promtool.verify(tmp_path, promtool.groups(), view(), silent)


def without(*words: str) -> dict[str, Values]:
    """The steady world without the series whose names hold one of these words."""
    return {name: values for name, values in steady().items() if not any(word in name for word in words)}


def counted_by_another_label() -> dict[str, Values]:
    return {name.replace('code="', 'status_code="'): values for name, values in steady().items()}


@pytest.mark.parametrize(
    ("series", "sources"),
    [
        (without(REQUESTS), {REQUESTS}),
        (counted_by_another_label(), {REQUESTS}),
        (without('le="2"'), {f"{BUCKET} le=2"}),
        (without('le="30"'), {f"{BUCKET} le=30"}),
        (without("maestro_http_request_duration"), {f"{BUCKET} le=2", f"{BUCKET} le=30"}),
        (without("maestro_http"), {REQUESTS, f"{BUCKET} le=2", f"{BUCKET} le=30"}),
        (without("nginx_"), {"ingress-nginx"}),
    ],
    ids=["counter", "label", "bucket-2", "bucket-30", "histogram", "both", "ingress"],
)
def test_what_the_alerts_lack_is_named_while_the_application_serves(
    series: dict[str, Values], sources: set[str], tmp_path: pathlib.Path
) -> None:
    blind = tuple(
        {marks["source"]: story.firing for story in STORIES if (marks := story.marks).get("source") in sources}.values()
    )
    others = [Expectation(name, minute) for name in names() - {"MaestroMetricsMissing"} for minute in (14, 25, 70)]
    missing = [Expectation("MaestroMetricsMissing", minute, blind if minute > 20 else ()) for minute in (14, 25, 70)]
    promtool.verify(tmp_path, promtool.groups(), series, [*others, *missing])


def slower(marks: dict[str, str], after: int) -> bool:
    """Whether a burn alert of these windows cannot know after so few minutes."""
    return marks.get("long_window") in ("6h", "1d", "3d") and after < 15
