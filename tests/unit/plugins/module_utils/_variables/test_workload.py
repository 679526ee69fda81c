# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the workload role: each is broken once, and says which variable, what was given and what to do."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import workload
from tests.unit.plugins.module_utils._variables.defaults import of_role
from tests.unit.roles.test_workload import BEHIND_NLB

DIGEST = "sha256:" + "0" * 64
SINGLE = {
    "workload_autoscaling_min_replicas": 1,
    "workload_autoscaling_max_replicas": 1,
    "workload_minimum_available": 0,
    "workload_rolling_max_surge": 0,
    "workload_rolling_max_unavailable": 1,
}
ON_A_LOAD_BALANCER = {"workload_service_type": "LoadBalancer"}
EFS = {"workload_persistence_mode": "shared", "workload_storage_class": "efs", "workload_storage_class_create": False}


def problems(**variables: t.Any) -> list[str]:
    return workload.check(of_role("workload", **variables))


def test_the_defaults_break_no_rule() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    "image",
    ["maestro:2.0.0-prod", "registry:5000/maestro:1", "ghcr.io/a/b-c/d__e:v1_2", "localhost/maestro:2.0.0"],
)
def test_images_with_a_tag_are_allowed(image: str) -> None:
    assert problems(workload_image=image) == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"workload_image": "ghcr.io/x/y"}, "needs a tag other than latest (ghcr.io/x/y)"),
        ({"workload_image": "registry:5000/y"}, "needs a tag other than latest"),
        ({"workload_image": "y:latest"}, "needs a tag other than latest"),
        ({"workload_image": f"y@{DIGEST}"}, "Put the digest into workload_image_digest"),
        ({"workload_image": "https://ghcr.io/x:1 "}, "is not an image reference"),
        ({"workload_image": ""}, "is not an image reference"),
        ({"workload_image_digest": "sha256:abc"}, "64 hexadecimal digits"),
        ({"workload_replicas": 0}, "workload_replicas must be 1 or more, but 0 was given"),
        ({"workload_limits_memory": "4GB"}, "workload_limits_memory: '4GB' is not a Kubernetes quantity"),
        ({"workload_heap_percent": 95}, "between 1 and 90, but 95"),
        ({"workload_environment": {"A-B": "x"}}, "workload_environment.A-B cannot be the name"),
        ({"workload_environment": {"A": 1}}, "workload_environment.A must be a string"),
        ({"workload_environment": {"REDIS_URL": "x"}}, "would replace the secret of that name"),
        ({"workload_storage_class_parameters": {"encrypted": True}}, "parameters.encrypted must be a string"),
        ({"workload_monitoring_health_checks": False}, "the probes ask /healthz"),
        ({"workload_ca_bundle": "/etc/ca.pem"}, "Give the content of the file"),
        ({"workload_autoscaling_min_replicas": 11}, "workload_autoscaling_max_replicas (10) is less than"),
        (
            {"workload_autoscaling_cpu_percent": 0, "workload_autoscaling_memory_percent": 0},
            "so nothing would scale",
        ),
        ({"workload_autoscaling_cpu_percent": -1}, "must be 0 or more"),
        ({"workload_rolling_max_surge": 0}, "leave a rolling update no way to begin"),
        ({"workload_autoscaling_min_replicas": 2}, "which leaves 1. Raise the fewest replicas"),
        ({"workload_disruption_max_unavailable": 2}, "which leaves 1. Raise the fewest replicas"),
        ({"workload_termination_grace_seconds": 319}, "it must be at least 320"),
        ({"workload_orchestration_timeout_seconds": 600}, "it must be at least 620"),
        ({"workload_startup_timeout_seconds": 600}, "a slow start counts as a failed update"),
        ({"workload_requests_cpu": "3"}, "workload_requests_cpu (3) must not exceed workload_limits_cpu (2000m)"),
        ({"workload_tmp_size": "3Gi"}, "4146Mi in all, or the kubelet evicts the pod"),
        ({"workload_logging_rotation_files": 1000}, "or the kubelet evicts the pod"),
        ({"workload_service_source_ranges": ["10.0.0.1/8"]}, "must hold address ranges such as 10.20.0.0/24"),
        (
            ON_A_LOAD_BALANCER,
            "workload_pre_stop_seconds (15) ends pods to which an NLB still sends connections: it must be at least 120",
        ),
        (ON_A_LOAD_BALANCER, "workload_termination_grace_seconds (330) to 425 or more"),
        (
            {**BEHIND_NLB, "workload_service_nlb_deregistration_seconds": 300},
            "it must be at least 300, the longer of workload_service_nlb_deregistration_seconds (300) and the 120 s",
        ),
        (
            {**BEHIND_NLB, "workload_termination_grace_seconds": 424},
            "workload_termination_grace_seconds (424) kills pods that still work: it must be at least 425",
        ),
    ],
)
def test_what_cannot_work_is_refused_once(variables: dict[str, t.Any], words: str) -> None:
    found = problems(**variables)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("provider", ["none", "irsa", "pod-identity"])
def test_pods_behind_an_nlb_serve_until_it_has_forgotten_them(provider: str) -> None:
    assert problems(**BEHIND_NLB, maestro_identity={"provider": provider}) == []


@pytest.mark.parametrize("provider", ["gke", "azure"])
def test_another_clouds_load_balancer_is_no_nlb(provider: str) -> None:
    identity = {"maestro_identity": {"provider": provider}}
    [problem] = problems(**BEHIND_NLB, **identity)
    assert "Set workload_service_nlb to false" in problem
    assert f"maestro_identity.provider {provider}" in problem
    assert problems(**BEHIND_NLB, **identity, workload_service_nlb=False) == []
    assert problems(**identity) == []


def test_a_load_balancer_that_is_no_nlb_asks_for_no_longer_stop() -> None:
    assert problems(**ON_A_LOAD_BALANCER, workload_service_nlb=False) == []


def test_a_digest_makes_the_tag_a_matter_of_taste() -> None:
    assert problems(workload_image="ghcr.io/x/y", workload_image_digest=DIGEST) == []


def test_a_single_replica_that_promises_nothing_is_allowed() -> None:
    assert problems(workload_autoscaling_enabled=False, workload_replicas=1, workload_minimum_available=0) == []


@pytest.mark.parametrize("mode", ["none", "ephemeral", "statefulset"])
def test_modes_that_work_with_block_storage_are_allowed(mode: str) -> None:
    assert problems(workload_persistence_mode=mode) == []


def test_a_shared_volume_needs_a_shared_file_system() -> None:
    assert problems(**EFS) == []
    found = problems(workload_persistence_mode="shared")
    assert "ebs.csi.aws.com makes volumes that one node mounts at a time" in found[0]


@pytest.mark.parametrize("access", ["ReadWriteOnce", "ReadWriteOncePod"])
def test_the_reports_volume_cannot_be_shared_by_replicas(access: str) -> None:
    found = problems(**EFS, workload_persistence_access_mode=access)
    assert len(found) == 1
    assert "up to 10 replicas on several nodes and zones" in found[0]


def test_a_single_writer_that_starts_before_the_old_one_stops_deadlocks() -> None:
    single = {**SINGLE, **EFS, "workload_persistence_access_mode": "ReadWriteOnce"}
    assert problems(**single) == []
    found = problems(**{**single, "workload_rolling_max_surge": 1})
    assert "Set workload_rolling_max_surge to 0" in found[0]


def test_volumes_of_pods_that_are_gone_are_not_hoarded() -> None:
    variables = {"workload_persistence_mode": "ephemeral", "workload_storage_class_reclaim_policy": "Retain"}
    assert "leave a volume behind for every pod" in problems(**variables)[0]
    assert problems(**variables, workload_storage_class_create=False) == []


def test_a_contributed_class_has_a_name() -> None:
    variables = {"workload_persistence_mode": "statefulset", "workload_storage_class": ""}
    assert "no name for the StorageClass" in problems(**variables)[0]
    assert problems(**variables, workload_storage_class_create=False) == []


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 10), st.integers(0, 10))
def test_replicas_that_pass_always_keep_what_is_promised(low: int, high: int, taken: int, promised: int) -> None:
    found = problems(
        workload_autoscaling_min_replicas=low,
        workload_autoscaling_max_replicas=high,
        workload_disruption_max_unavailable=taken,
        workload_minimum_available=promised,
    )
    assert (found == []) == (low <= high and low - taken >= promised)


@given(st.integers(1, 600), st.integers(1, 600), st.integers(1, 1300))
def test_pods_that_pass_always_have_time_to_finish(stop: int, longest: int, grace: int) -> None:
    found = problems(
        workload_pre_stop_seconds=stop,
        workload_orchestration_timeout_seconds=longest,
        workload_termination_grace_seconds=grace,
    )
    assert (found == []) == (grace >= stop + longest + 5)
