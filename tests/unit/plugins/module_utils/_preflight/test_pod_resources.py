# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod is counted with, and which nodes let it in."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.pod_resources import (
    alone_on_node,
    required_topologies,
    takes,
    use_of,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.resource_math import amounts


def with_requests(cpu: str, **fields: t.Any) -> dict[str, t.Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **fields}


def limit_range(**item: t.Any) -> dict[str, t.Any]:
    return {"limits": [{"type": "Container", **item}]}


def test_containers_add_up() -> None:
    use = use_of({"containers": [with_requests("500m"), with_requests("250m")]})
    assert use.requests == amounts({"cpu": "750m"})


def test_a_large_init_container_counts_instead_of_the_sum() -> None:
    use = use_of({"initContainers": [with_requests("2")], "containers": [with_requests("500m")]})
    assert use.requests == amounts({"cpu": "2"})


def test_a_sidecar_counts_beside_everything_that_starts_after_it() -> None:
    sidecar = with_requests("1", restartPolicy="Always")
    use = use_of({"initContainers": [sidecar, with_requests("2")], "containers": [with_requests("500m")]})
    assert use.requests == amounts({"cpu": "3"})


def test_a_limit_without_a_request_is_the_request() -> None:
    use = use_of(
        {"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}]},
        [limit_range(defaultRequest={"cpu": "1"})],
    )
    assert use.requests == amounts({"cpu": "2"})


def test_a_limit_range_fills_in_what_is_not_given() -> None:
    ranges = [limit_range(default={"cpu": "1"}, defaultRequest={"cpu": "100m"})]
    use = use_of({"containers": [{"name": "c"}]}, ranges)
    assert (use.requests, use.limits) == (amounts({"cpu": "100m"}), amounts({"cpu": "1"}))


def test_overhead_is_added_and_pod_level_resources_win() -> None:
    spec = {"containers": [with_requests("1")], "overhead": {"cpu": "250m"}}
    assert use_of(spec).requests == amounts({"cpu": "1250m"})
    assert use_of({**spec, "resources": {"requests": {"cpu": "3"}}}).requests == amounts({"cpu": "3"})


TAINT = {"key": "team", "value": "data", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (None, False),
        ({"key": "team", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "team", "value": "data"}, True),
        ({"key": "team", "value": "web"}, False),
        ({"key": "team", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_a_taint_keeps_pods_off_that_do_not_tolerate_it(toleration: t.Any, expected: bool) -> None:
    spec = {"containers": [], "tolerations": [toleration] if toleration else []}
    assert takes({}, [TAINT], spec) is expected


def test_a_soft_taint_keeps_nobody_off() -> None:
    assert takes({}, [{**TAINT, "effect": "PreferNoSchedule"}], {})


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ["a"], True),
        ("In", ["b"], False),
        ("NotIn", ["b"], True),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
    ],
)
def test_required_node_affinity_is_obeyed(operator: str, values: t.Any, expected: bool) -> None:
    expression = {"key": "pool", "operator": operator, "values": values}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    spec = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}
    assert takes({"pool": "a"}, [], spec) is expected


@pytest.mark.parametrize(("operator", "bound", "expected"), [("Gt", "3", True), ("Gt", "4", False), ("Lt", "5", True)])
def test_numbers_in_node_labels_are_compared_as_numbers(operator: str, bound: str, expected: bool) -> None:
    terms = {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "generation", "operator": operator, "values": [bound]}]}]
    }
    spec = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}
    assert takes({"generation": "4"}, [], spec) is expected
    assert not takes({}, [], spec)


def test_a_node_selector_is_obeyed() -> None:
    assert takes({"os": "linux"}, [], {"nodeSelector": {"os": "linux"}})
    assert not takes({"os": "windows"}, [], {"nodeSelector": {"os": "linux"}})


def test_a_required_spread_needs_its_label_on_the_node() -> None:
    constraint = {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    spec = {"topologySpreadConstraints": [constraint]}
    assert required_topologies(spec) == {"zone": 1}
    assert takes({"zone": "a"}, [], spec)
    assert not takes({}, [], spec)
    assert takes({}, [], {"topologySpreadConstraints": [{**constraint, "whenUnsatisfiable": "ScheduleAnyway"}]})


def test_only_a_required_anti_affinity_on_the_host_keeps_pods_apart() -> None:
    term = {"topologyKey": "kubernetes.io/hostname"}
    required = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    preferred = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": term}]}}
    assert alone_on_node({"affinity": required})
    assert not alone_on_node({"affinity": preferred})
    assert not alone_on_node({})
