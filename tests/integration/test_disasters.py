# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens to the cluster in the middle of a release, it says so, and one plain re-run puts all right."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import functools
import json
import pathlib
import re
import threading
import time
import typing as t
import uuid

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import Record
from tests.faults import comparing, running, sample
from tests.faults.clocks import Clocked
from tests.faults.points import Bench, Scenario, Undisturbed
from tests.integration import seeing
from tests.integration.faulty.controllers import full_folder, held
from tests.integration.faulty.disasters import DISASTERS, ONE_POD, SERVICE, UPGRADE, Disaster

AHEAD = 600
CLOSE = 5.0
"""Seconds by which a timestamp may be off: they are rounded, and two clocks agree to a second."""
MISSING = "registry.k8s.io/pause:missing"
LONGEST = running.LONGEST


@pytest.fixture(scope="module")
def bench(lab: dict[str, t.Any]) -> t.Iterator[Bench]:
    """A namespace of its own, with a proxy between it and the releases."""
    running.prepare()
    with Bench(lab["kubeconfig"], f"test-disasters-{uuid.uuid4().hex[:6]}") as bench:
        yield bench


@pytest.fixture(scope="module")
def undisturbed(bench: Bench) -> t.Callable[[Scenario], Undisturbed]:
    """What a release does when nothing happens to it, tried once."""
    known: dict[str, Undisturbed] = {}

    def of(scenario: Scenario) -> Undisturbed:
        if scenario.name not in known:
            known[scenario.name] = bench.undisturbed(scenario)
        return known[scenario.name]

    return of


def struck(bench: Bench, disaster: Disaster, folder: str) -> running.Result:
    """What a release returned that the disaster met."""
    bench.reset(disaster.scenario)
    bench.proxy.arm_at(disaster.place, functools.partial(disaster.strike, bench))
    result = bench.through_proxy(disaster.scenario, report_dir=folder, **disaster.more).result(LONGEST)
    assert bench.proxy.hit.is_set(), f"no request came for {disaster.place}"
    assert result, "the release died"
    return result


def records(bench: Bench) -> list[Record]:
    return seeing.history(bench.cluster, bench.namespace)


def states(bench: Bench) -> list[str]:
    return [record.state for record in records(bench)]


def only(items: t.Sequence[str]) -> str:
    [item] = items
    return item


@pytest.mark.parametrize("name", DISASTERS)
def test_a_release_tells_what_happened_and_a_plain_re_run_mends_it(
    name: str,
    bench: Bench,
    undisturbed: t.Callable[[Scenario], Undisturbed],
    record_property: t.Callable[[str, object], None],
    tmp_path: pathlib.Path,
) -> None:
    disaster = DISASTERS[name]
    expected = undisturbed(disaster.scenario)
    try:
        result = struck(bench, disaster, str(tmp_path))
        record_property("msg", result["msg"])
        record_property("seconds", str(result["seconds"]))
        assert result["verdict"] == disaster.verdict, result["msg"]
        assert [words for words in disaster.words if words not in result["msg"]] == [], result["msg"]
        if disaster.rollback_to:
            assert result["restored"]["verdict"] == "passed"
            assert bench.misfits(disaster.scenario.before[0], [disaster.scenario.run]) == []
    finally:
        disaster.mend(bench)
    again = bench.here(disaster.scenario.run, must_pass=False)
    assert not again["failed"], again["msg"]
    assert again["changed"] is (disaster.verdict != "passed")
    assert comparing.differences(expected.objects, comparing.objects(bench.cluster, bench.namespace)) == []
    assert bench.misfits(disaster.scenario.run, disaster.scenario.before) == []
    ends = ("passed", disaster.state)
    assert comparing.history_problems(bench.cluster, bench.namespace, ends=ends) == []
    assert states(bench)[1] == disaster.state


def test_a_full_disk_of_the_controller_costs_the_evidence_and_not_the_release(
    bench: Bench, tmp_path: pathlib.Path
) -> None:
    disaster = DISASTERS["denied-by-policy"]
    with full_folder(tmp_path / "full") as folder:
        try:
            result = struck(bench, disaster, str(folder))
        finally:
            disaster.mend(bench)
        assert result["restored"]["verdict"] == "passed", result["msg"]
        assert "No space left on device" in only([each for each in result["warnings"] if "evidence" in each])
        assert (result["report"], held(folder)) == ("", [])
    assert bench.misfits(UPGRADE.before[0], [UPGRADE.run]) == []
    assert states(bench) == ["passed", "failed", "passed"]
    assert not bench.here(UPGRADE.run)["failed"]


@pytest.mark.parametrize("ahead", [AHEAD, -AHEAD])
def test_a_controller_whose_clock_is_wrong_tells_the_right_times(
    ahead: int, bench: Bench, undisturbed: t.Callable[[Scenario], Undisturbed], tmp_path: pathlib.Path
) -> None:
    expected = undisturbed(ONE_POD)
    bench.reset(ONE_POD)
    bench.proxy.arm()
    good = {**ONE_POD.run(bench.connection, bench.namespace), "report_dir": str(tmp_path)}
    bad = json.loads(json.dumps(good).replace(sample.IMAGE, MISSING))
    with since() as is_true:
        failed = Clocked({**bad, "auto_rollback": False}, ahead).result()
        [finding] = [each for each in failed["findings"] if each["id"] == "image-not-found"]
        assert is_true(finding["since"])
        passed = Clocked(good, ahead).result()
        assert not passed["failed"], passed["msg"]
        assert 0 < sum(passed["seconds"].values()) < LONGEST
        for record in records(bench)[1:]:
            assert is_true(record.about["begun"])
            assert is_true(record.outcome["ended"])
    assert not bench.here(ONE_POD.run)["changed"]
    assert comparing.differences(expected.objects, comparing.objects(bench.cluster, bench.namespace)) == []
    assert states(bench) == ["passed", "failed", "passed"]


def test_two_controllers_whose_clocks_disagree_are_kept_apart(bench: Bench) -> None:
    bench.reset(UPGRADE)
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        over.wait(LONGEST)

    bench.proxy.arm_at(SERVICE, hold)
    given = {**UPGRADE.run(bench.connection, bench.namespace), "retry_timeout": LONGEST, "request_timeout": LONGEST}
    with concurrent.futures.ThreadPoolExecutor(1) as pool, since() as is_true:
        first = pool.submit(Clocked(given, AHEAD, good_for=LONGEST).result)
        try:
            assert begun.wait(LONGEST), "the first run does not come to its write"
            second = Clocked(given, -AHEAD).result()
        finally:
            over.set()
        assert "Another run is at work on release maestro" in second["msg"]
        [at] = re.findall(r"since (\S+Z)", second["msg"])
        assert is_true(at)
        assert not first.result()["failed"]
    assert states(bench) == ["passed", "passed"]
    assert not bench.here(UPGRADE.run)["changed"]


@contextlib.contextmanager
def since() -> t.Iterator[t.Callable[[str], bool]]:
    """Tells of a timestamp whether it lies between the beginning of the block and now, to a few seconds."""
    begun = time.time()
    yield lambda text: begun - CLOSE <= dt.datetime.fromisoformat(text).timestamp() <= time.time() + CLOSE
