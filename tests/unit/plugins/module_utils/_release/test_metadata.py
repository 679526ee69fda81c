# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who made a release and from where."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.progress import Moment
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.metadata import (
    about,
    plan_in_short,
    proof_in_short,
    running_images,
    timeline_in_short,
    user_and_host,
    within_limits,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import Plan, step
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE, manifest, service

IMAGE = "ghcr.io/intelgraph/maestro:2.0.0"


def of(**given: t.Any) -> dict[str, t.Any]:
    return about({"origin": {}, "reason": "", "components": None, **given})


def test_without_a_job_it_is_the_user_and_the_host() -> None:
    assert of(reason="why") == {"by": user_and_host(), "reason": "why"}


def test_components_are_told_by_their_plain_names() -> None:
    assert of(components={"workload": [service()]})["components"] == {"workload": ["Service/maestro"]}


def test_a_plan_in_short_names_fields_and_holds_no_value() -> None:
    plan = Plan((step(service(), key_of(service()), service(type="ClusterIP"), service(type="NodePort")),))
    short = plan_in_short(plan)
    changed = {"object": "Service maestro-system/maestro", "action": "change", "fields": ["spec.type"]}
    assert (short["changes"], short["counts"]["change"]) == ([changed], 1)
    assert "NodePort" not in str(short)


def test_a_proof_in_short_keeps_figures_and_leaves_out_what_is_drawn() -> None:
    load = {"sent": 3000, "latency": {"p95": 0.1}, "histogram": [{"le": 0.1, "count": 3000}], "series": [{"second": 0}]}
    smoke_result = {"verdict": "passed", "checks": [], "load": load}
    kept = {"sent": 3000, "latency": {"p95": 0.1}}
    assert proof_in_short(smoke_result) == {"verdict": "passed", "checks": [], "load": kept}
    assert len(load) == 4
    assert proof_in_short({}) == {}


def test_the_digests_that_run_are_told_for_each_image() -> None:
    cluster = ApiDouble(NAMESPACE)
    for name, digest in (("a", "sha256:1"), ("b", "sha256:1"), ("c", "sha256:2")):
        pod = manifest("v1", "Pod", name, spec={"containers": [{"name": "maestro", "image": IMAGE}]})
        pod["status"] = {"containerStatuses": [{"name": "maestro", "imageID": f"ghcr.io/intelgraph/maestro@{digest}"}]}
        cluster.put(pod)
    assert running_images(cluster, NAMESPACE, "app.kubernetes.io/instance=maestro") == {IMAGE: ["sha256:1", "sha256:2"]}
    assert running_images(cluster, NAMESPACE, "app.kubernetes.io/instance=other") == {}
    cluster.fail("GET", "/pods", ApiError(403, "Forbidden", "no"))
    assert running_images(cluster, NAMESPACE, "") == {}


def test_of_a_long_wait_its_beginning_and_its_end_are_remembered() -> None:
    moments = [Moment(float(number), {"ready": number}, "x" * 999) for number in range(1000)]
    kept = timeline_in_short(moments)
    assert [each["seconds"] for each in kept] == [*range(20), *range(980, 1000)]
    assert len(json.dumps(kept)) < 20_000, "an annotation has limits"
    assert timeline_in_short(moments[:40]) == [{**each.as_dict(), "message": "x" * 200} for each in moments[:40]]


HUGE = "x" * 300_000
SMALL = {"reason": "", "findings": [], "timeline": [], "running": {}, "smoke": {}, "counts": {"create": 3}}


@pytest.mark.parametrize(
    ("huge", "left_out"),
    [
        ({}, None),
        ({"smoke": {"verdict": "passed", "msg": "well", "checks": [HUGE]}}, ["smoke"]),
        ({"timeline": [HUGE]}, ["smoke", "timeline"]),
        ({"reason": HUGE}, ["smoke", "timeline", "running", "findings", "reason"]),
    ],
)
def test_an_outcome_always_fits_into_its_record_and_says_what_was_left_out(
    huge: dict[str, t.Any], left_out: list[str] | None
) -> None:
    kept = within_limits({**SMALL, **huge})
    assert len(json.dumps(kept)) < 256 * 1024
    assert kept.get("left_out") == left_out
    assert kept["counts"] == {"create": 3}


def test_of_a_smoke_test_that_was_left_out_the_verdict_stays() -> None:
    kept = within_limits({**SMALL, "smoke": {"verdict": "failed", "msg": "slow", "checks": [HUGE]}})
    assert kept["smoke"] == {"verdict": "failed", "msg": "slow"}
