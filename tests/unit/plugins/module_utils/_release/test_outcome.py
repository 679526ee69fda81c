# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of a release, for people and for machines."""

from __future__ import annotations

import json
import time

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of, put_back_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome, Phases, diff, summary
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import (
    Plan,
    Step,
    prune_step,
    step,
)
from tests.unit.plugins.samples import Manifest, base64_of, secret, service
from tests.unit.rendering import only


def created(item: Manifest) -> Step:
    return step(item, key_of(item), None, item)


def changed(item: Manifest, live: Manifest) -> Step:
    return step(item, key_of(item), live, item)


MIXED = Plan(
    (
        created(service("a")),
        created(service("b")),
        changed(service("c", type="LoadBalancer"), service("c")),
        changed(service("d"), service("d")),
        prune_step(key_of(service("e")), service("e")),
    )
)


def test_the_summary_counts_what_is_not_kept() -> None:
    assert summary(MIXED) == "2 to create, 1 to change, 1 to remove"
    assert summary(MIXED, done=True) == "2 created, 1 changed, 1 removed"
    assert summary(Plan(())) == "nothing to change"


def test_the_diff_has_an_entry_for_each_object_that_changes() -> None:
    entries = diff(MIXED)
    assert [entry["after_header"] for entry in entries] == [
        "Service maestro-system/a (create)",
        "Service maestro-system/b (create)",
        "Service maestro-system/c (change)",
        "Service maestro-system/e (prune)",
    ]
    assert entries[0]["before"] == ""
    assert yaml.safe_load(entries[0]["after"]) == service("a")
    assert yaml.safe_load(entries[2]["before"]) == service("c")
    assert entries[3]["after"] == ""


def test_the_diff_holds_no_secret() -> None:
    [live] = put_back_secrets([secret("s")], {"s/REDIS_URL": "hunter1"})
    [wanted] = put_back_secrets([secret("s")], {"s/REDIS_URL": "hunter2"})
    entry = only(diff(Plan((changed(wanted, live),))))
    assert entry["before"] != entry["after"], "a rotation shows"
    text = json.dumps(entry)
    assert not [value for value in ("hunter1", "hunter2") if value in text or base64_of(value) in text]


def test_the_result_has_the_same_keys_whatever_happened() -> None:
    finding = Finding("not-ready", "error", "Deployment n/d", "0 of 3 pods are available")
    failed = Outcome(MIXED, 4, True, "failed", [finding], {"plan": 0.1}, "It failed.").as_result()
    assert failed.keys() == Outcome(Plan(())).as_result().keys()
    assert failed["findings"] == [finding.as_dict()]
    assert [entry["object"] for entry in failed["plan"]] == [f"Service maestro-system/{name}" for name in "abce"]
    json.dumps(failed)


def test_a_phase_in_two_parts_lasts_as_long_as_both() -> None:
    phases = Phases()
    for _unused in range(2):
        with phases.phase("apply"):
            time.sleep(0.01)
    assert phases.seconds["apply"] >= 0.02


def test_a_phase_that_fails_has_its_seconds() -> None:
    phases = Phases()
    with pytest.raises(ZeroDivisionError), phases.phase("apply"):
        1 / 0  # noqa: B018
    assert "apply" in phases.seconds
