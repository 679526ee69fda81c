# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind by its examples, and what holds for all kinds, known or not."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.kinds import registry
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.kinds.registry import name_of, state_of
from tests.unit.plugins.module_utils._health.kinds_conformance import BROKEN, EXAMPLES, HALF, HEALTHY, SLOW

ROOT = pathlib.Path(__file__).resolve().parents[6]
Live = dict[str, t.Any]
CASES = [
    pytest.param(what, item, id=f"{kind}-{what}-{number}")
    for kind, examples in EXAMPLES.items()
    for what, items in examples.items()
    for number, item in enumerate(items)
]
WITHOUT_GENERATION = {"Job", "Pod"}
"""Kinds whose spec does not change what they run."""


@pytest.mark.parametrize(("what", "item"), CASES)
def test_each_example_is_what_it_is(what: str, item: Live) -> None:
    state = state_of(item)
    assert state.is_ready == (what == HEALTHY), state
    if what in (SLOW, HALF):
        assert not state.failed, "what goes on is not failed"


def test_each_kind_that_is_waited_for_has_every_sort_of_example() -> None:
    judged_elsewhere = {"PersistentVolumeClaim"}  # by who uses it: see rules/test_pending.py
    alike = {"ReplicationController": "ReplicaSet", "ValidatingWebhookConfiguration": "MutatingWebhookConfiguration"}
    waited = {kind for kind, rule in registry.BUILT_IN.items() if not rule.static or rule.waited} - judged_elsewhere
    assert {alike.get(kind, kind) for kind in waited} <= EXAMPLES.keys()
    assert all(set(examples) == {BROKEN, HEALTHY, SLOW, HALF} for examples in EXAMPLES.values())


@pytest.mark.parametrize(("what", "item"), [case for case in CASES if case.values[0] == HEALTHY])
def test_nothing_that_is_being_deleted_is_ready(what: str, item: Live) -> None:
    going = copy.deepcopy(item)
    going["metadata"].update(deletionTimestamp="2026-11-30T10:00:00Z", finalizers=["example.com/hold"])
    assert (
        "is being deleted since 2026-11-30T10:00:00Z, held by its finalizers: example.com/hold"
        in state_of(going).failed
    )


def test_a_stale_generation_is_never_ready() -> None:
    for kind, examples in EXAMPLES.items():
        for item in examples[HEALTHY]:
            if "observedGeneration" in item["status"]:
                older = copy.deepcopy(item)
                older["metadata"]["generation"] = 3
                assert state_of(older).waiting == "the controller has not seen the newest change yet", kind


WORDS = st.sampled_from(["True", "False", "Unknown"])
TYPES = st.sampled_from(
    [
        "Ready",
        "Available",
        "Succeeded",
        "Complete",
        "Reconciling",
        "Stalled",
        "Failed",
        "Degraded",
        "Synced",
        "Progressing",
    ]
)
CONDITIONS = st.dictionaries(TYPES, WORDS, max_size=5)
KINDS = st.sampled_from(
    [
        "Widget.example.com",
        "Certificate.cert-manager.io",
        "Service.serving.knative.dev",
        "ScaledObject.keda.sh",
        "Kafka.kafka.strimzi.io",
    ]
)


def custom(kind: str, status: Live, generation: int = 2, **spec: t.Any) -> Live:
    name, _dot, group = kind.partition(".")
    metadata = {"name": "x", "namespace": "maestro-system", "generation": generation}
    return {"apiVersion": f"{group}/v1", "kind": name, "metadata": metadata, "spec": spec, "status": status}


def conditions(found: t.Mapping[str, str], generation: int | None = None) -> list[Live]:
    told = [{"type": kind, "status": status, "message": f"{kind} is {status}"} for kind, status in found.items()]
    return told if generation is None else [{**entry, "observedGeneration": generation} for entry in told]


@given(kind=KINDS, found=CONDITIONS, observed=st.integers(0, 1))
def test_no_custom_resource_is_ready_of_an_older_generation(kind: str, found: dict[str, str], observed: int) -> None:
    for status in (
        {"observedGeneration": observed, "conditions": conditions(found)},
        {"observedGeneration": str(observed), "conditions": conditions(found)},
        {"conditions": conditions({"Ready": "True", **found}, observed)},
    ):
        state = state_of(custom(kind, status))
        assert state.waiting
        assert not state.failed


@given(kind=KINDS, found=CONDITIONS)
def test_no_custom_resource_is_failed_while_its_controller_makes_progress(kind: str, found: dict[str, str]) -> None:
    state = state_of(
        custom(kind, {"observedGeneration": 2, "conditions": conditions({**found, "Reconciling": "True"})})
    )
    assert (bool(state.waiting), state.failed) == (True, "")


@given(
    kind=KINDS,
    found=CONDITIONS,
    ready=st.integers(0, 2),
    field=st.sampled_from(["readyReplicas", "availableReplicas", "updatedReplicas"]),
)
def test_no_custom_resource_is_ready_with_too_few_pods(
    kind: str, found: dict[str, str], ready: int, field: str
) -> None:
    status = {"observedGeneration": 2, "replicas": 3, field: ready, "conditions": conditions(found)}
    assert not state_of(custom(kind, status, replicas=3)).is_ready


@pytest.mark.parametrize(
    ("kind", "status", "ready"),
    [
        ("Widget.example.com", {"conditions": conditions({"Ready": "True"})}, True),
        ("Widget.example.com", {"conditions": conditions({"Ready": "Unknown"})}, False),
        ("Widget.example.com", {"conditions": conditions({"Succeeded": "True", "Ready": "False"})}, True),
        ("Widget.example.com", {"conditions": conditions({"Available": "True", "Progressing": "True"})}, False),
        ("Widget.example.com", {"conditions": conditions({"Available": "True", "Degraded": "True"})}, False),
        ("Widget.example.com", {"conditions": conditions({"Synced": "False", "Ready": "True"})}, False),
        ("Widget.example.com", {"phase": "Provisioning"}, False),
        ("Widget.example.com", {"phase": "Running"}, True),
        ("Widget.example.com", {"observedGeneration": 2}, True),
        ("Widget.example.com", {"observedGeneration": 2, "replicas": 3}, False),
        ("Certificate.cert-manager.io", {}, False),
        ("Rollout.argoproj.io", {"phase": "Healthy", "observedGeneration": "2"}, True),
        ("Rollout.argoproj.io", {"phase": "Healthy", "observedGeneration": "1"}, False),
        ("Rollout.argoproj.io", {"phase": "Progressing", "observedGeneration": "2"}, False),
        ("Application.argoproj.io", {"health": {"status": "Healthy"}}, True),
        ("Service.serving.knative.dev", {"observedGeneration": 2, "conditions": conditions({"Ready": "True"})}, True),
        ("ScaledObject.keda.sh", {"conditions": conditions({"Ready": "True", "Active": "False"})}, True),
        ("Kafka.kafka.strimzi.io", {"observedGeneration": 2, "conditions": conditions({"NotReady": "True"})}, False),
        ("Provider.pkg.crossplane.io", {"conditions": conditions({"Installed": "True"})}, False),
        ("HelmRelease.helm.toolkit.fluxcd.io", {"observedGeneration": -1, "conditions": []}, False),
        ("Cluster.cluster.x-k8s.io", {"phase": "Provisioned", "conditions": conditions({"Available": "False"})}, False),
        ("VolumeSnapshot.snapshot.storage.k8s.io", {"readyToUse": True}, True),
        ("VolumeSnapshot.snapshot.storage.k8s.io", {"readyToUse": False}, False),
        ("Gateway.networking.istio.io", {}, True),
        ("ServiceMonitor.monitoring.coreos.com", {}, True),
    ],
)
def test_a_custom_resource_is_ready_by_its_own_words(kind: str, status: Live, ready: bool) -> None:
    assert state_of(custom(kind, status)).is_ready == ready


def test_a_database_cluster_has_to_have_all_its_instances() -> None:
    status = {"phase": "Cluster in healthy state", "readyInstances": 2, "conditions": conditions({"Ready": "True"})}
    assert not state_of(custom("Cluster.postgresql.cnpg.io", status, instances=3)).is_ready
    assert state_of(custom("Cluster.postgresql.cnpg.io", {**status, "readyInstances": 3}, instances=3)).is_ready


def test_a_crossplane_claim_that_was_only_synced_is_not_ready() -> None:
    synced = {"conditions": conditions({"Synced": "True"})}
    assert not state_of(custom("Database.example.com", synced, compositionRef={"name": "x"})).is_ready
    assert state_of(custom("Database.example.com", synced)).is_ready


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"conditions": conditions({"Stalled": "True"})}, "Stalled is True"),
        ({"conditions": conditions({"Succeeded": "False"})}, "Succeeded is False"),
        ({"conditions": conditions({"Failed": "True"})}, "Failed is True"),
    ],
)
def test_a_controller_may_give_up(status: Live, words: str) -> None:
    assert state_of(custom("Widget.example.com", {"observedGeneration": 2, **status})).failed == words


def test_of_what_tells_nothing_it_is_said_that_it_was_not_judged() -> None:
    assert state_of(custom("Widget.example.com", {})).unknown == "it has no status"
    mute = state_of(custom("Widget.example.com", {"url": "https://x"}))
    assert (mute.is_ready, mute.unknown) == (True, "its status says nothing of whether it is ready")


def test_what_is_suspended_by_its_declaration_is_in_its_declared_state() -> None:
    suspended = state_of(custom("Kustomization.kustomize.toolkit.fluxcd.io", {}, suspend=True))
    assert (suspended.is_ready, bool(suspended.note)) == (True, True)


def test_a_kind_of_another_group_is_another_kind() -> None:
    assert registry.rule_of("Service") is not registry.rule_of("Service.serving.knative.dev")
    assert name_of("Service.serving.knative.dev") == "Service.serving.knative.dev"
    assert (name_of("Service"), name_of("Certificate.cert-manager.io")) == ("Service", "Certificate")
    assert name_of("Gateway.gateway.networking.k8s.io") == "Gateway"
    assert name_of("Gateway.networking.istio.io") == "Gateway.networking.istio.io"
    assert name_of("Widget.example.com") == "Widget"


def test_every_kind_says_when_it_is_ready_and_why() -> None:
    page = (ROOT / "docs" / "kinds.md").read_text(encoding="utf-8")
    for kind, rule in registry.every():
        assert rule.ready, kind
        assert rule.source.startswith("https://"), kind
        assert f"`{kind}`" in page, kind
