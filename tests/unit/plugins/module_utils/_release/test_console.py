# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of releases."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.console import (
    field_lines,
    history_lines,
    plan_lines,
    release_lines,
    review_lines,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.history_report import as_result
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import Plan, prune_step, step
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import Record
from tests.unit.plugins.samples import config_map, deployment, service

LATER = Record(
    12,
    "failed",
    (deployment(),),
    {
        "by": "alice@runner",
        "begun": "2026-11-23T12:00:00+00:00",
        "reason": "Upgrade",
        "origin": {"inventory_commit": "0123abc"},
        "plan": {
            "counts": {"change": 1},
            "changes": [{"object": "Service n/s", "action": "change", "fields": ["a.b"]}],
        },
    },
    {"seconds": {"plan": 0.2, "wait": 61.0}, "reason": "image not found"},
)
RESTORED = Record(
    13,
    "passed",
    (deployment(),),
    {"by": "alice@runner", "begun": "2026-11-23T12:02:00+00:00", "rollback_to": 11, "reason": "automatic rollback"},
    {
        "seconds": {"wait": 2.0},
        "smoke": {"verdict": "passed", "msg": "https://m serves: 9 checks passed; p95 12 ms.\nmore", "load": {}},
        "timeline": [{"seconds": 1.2, "pods": {"ready": 3}, "message": "pods: 3 ready"}],
    },
)


def test_a_plan_is_told_object_by_object_with_its_fields_and_then_its_risks() -> None:
    live = {**service("b"), "metadata": {**service("b")["metadata"], "annotations": {"a": "1"}}}
    plan = Plan(
        (
            step(service("a"), key_of(service("a")), None, service("a")),
            step(service("b"), key_of(service("b")), live, service("b", type="NodePort")),
            step(service("c"), key_of(service("c")), service("c"), service("c")),
            step(service("e"), key_of(service("e")), None, service("e"), "not asked"),
            prune_step(key_of(service("d")), service("d")),
        )
    )
    refusal = Finding("field-conflict", "error", "Service n/x", "somebody has it", (".spec.type",), "Ask them.")
    outcome = Outcome(plan, message="Release 4: planned.\nmore", findings=[refusal])
    unasked = "not asked, so defaults, quotas and policies are not in this plan. Plan again when it exists."
    assert plan_lines(outcome) == [
        "Release 4: planned.",
        "    + create  Service maestro-system/a",
        "    ~ change  Service maestro-system/b",
        "          metadata.annotations: {'a': '1'} -> (none)",
        "          spec.type: (none) -> NodePort",
        "    + create  Service maestro-system/e",
        "          not asked",
        "    - remove  Service maestro-system/d",
        "    1 object stays as it is",
        "  Refused:",
        "    ! [field-conflict] Service n/x: somebody has it. Ask them.",
        "        .spec.type",
        "  Worth knowing:",
        f"    ! [dry-run-unavailable] 1 object: {unasked}",
        "        Service maestro-system/e",
    ]
    assert "    ~ change  Service maestro-system/b" not in plan_lines(outcome, with_steps=False)


def test_a_plan_with_nothing_to_do_is_silent() -> None:
    kept = step(service(), key_of(service()), service(), service())
    assert plan_lines(Outcome(Plan((kept,)), message="Nothing.")) == []


def test_of_a_text_the_lines_that_differ_are_told() -> None:
    assert field_lines("data.x", "one\ntwo\n", "one\nthree\n") == [
        "          data.x:",
        "            - two",
        "            + three",
    ]


def test_a_long_text_is_cut_and_says_so() -> None:
    lines = field_lines("data.x", "", "\n".join(f"line {number}" for number in range(40)))
    assert lines[-1].endswith("... and 28 lines more")
    assert len(field_lines("a", "x" * 500, "y")[0]) < 150


def test_a_history_is_a_table_with_the_newest_first() -> None:
    first = Record(1, "passed", (service(),), {"by": "bob@here", "begun": "2026-11-22T12:00:00+00:00"})
    title, head, *rows = history_lines("Two:", [as_result(first), as_result(LATER)])
    assert (title, head.split()) == ("Two:", ["release", "state", "begun", "took", "by", "image", "why"])
    assert [row.split() for row in rows] == [
        ["12", "failed", "2026-11-23", "12:00:00", "61", "s", "alice@runner", "maestro:2.0.0", "Upgrade"],
        ["1", "passed", "2026-11-22", "12:00:00", "bob@here"],
    ]


def test_a_release_is_told_with_where_it_came_from_and_what_it_changed() -> None:
    lines = "\n".join(release_lines(as_result(LATER)))
    for words in ("0123abc", "alice@runner", "image not found", "wait 61.0", "1 change", "~ change  Service n/s: a.b"):
        assert words in lines


def test_a_restored_release_says_what_it_restored_how_it_came_up_and_what_proved_it() -> None:
    lines = release_lines(as_result(RESTORED))
    assert "  rollback to  release 11" in lines
    assert "  took         2.0 s: wait 2.0 s" in lines
    assert "  smoke        passed: https://m serves: 9 checks passed; p95 12 ms." in lines
    assert lines[-1] == "     1.2 s  pods: 3 ready"
    assert history_lines("One:", [as_result(RESTORED)])[-1].endswith("rollback to 11; automatic rollback")


def test_a_record_of_before_says_nothing_of_what_it_does_not_know() -> None:
    displayed = as_result(Record(1, "interrupted", ()))
    assert (displayed["rollback_to"], displayed["timeline"], displayed["smoke"], displayed["seconds"]) == (
        0,
        [],
        {},
        {},
    )
    assert release_lines(displayed) == ["Release 1", "  state    interrupted", "  objects  0"]


def test_only_what_was_asked_for_is_told() -> None:
    drift = Finding("drift", "error", "Service n/s", "1 field of it differs", ("a: was 1, is 2",)).as_dict()
    field = {"field": "data.a", "before": "1", "after": "2"}
    changed = {"object": "ConfigMap n/c", "change": "changed", "fields": [field]}
    result: dict[str, t.Any] = {
        "msg": "The sentence.\n- more",
        "findings": [drift],
        "differences": [changed],
        "releases": [as_result(LATER)],
    }
    asked = {"drift": False, "compare_with": 0, "revision": 0}
    assert review_lines(result, {**asked, "drift": True}) == [
        "The sentence.",
        "  ! [drift] Service n/s: 1 field of it differs",
        "        a: was 1, is 2",
    ]
    assert review_lines(result, {**asked, "compare_with": 3})[1:] == [
        "    ~ changed ConfigMap n/c",
        "          data.a: 1 -> 2",
    ]
    assert review_lines(result, {**asked, "revision": 12})[0] == "Release 12"
    assert len(review_lines(result, asked)) == 3
    assert review_lines({**result, "releases": []}, asked) == ["The sentence.\n- more"]


def test_manifests_are_given_when_they_are_asked_for() -> None:
    held = Record(1, "passed", (config_map(),))
    assert "manifests" not in as_result(held)
    assert as_result(held, with_manifests=True)["manifests"] == [config_map()]
