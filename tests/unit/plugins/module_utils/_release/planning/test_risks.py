# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deserves a second look is named with its object, its reason and what to do."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import (
    Plan,
    Step,
    prune_step,
    replace_step,
    step,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.risks import risks
from tests.unit.plugins.samples import (
    Manifest,
    autoscaler,
    base64_of,
    claim,
    config_map,
    deployment,
    manifest,
    secret,
    service,
)
from tests.unit.rendering import only


def of(*steps: Step) -> list[Finding]:
    return risks(Plan(steps))


def changed(before: Manifest, after: Manifest, **more: t.Any) -> Step:
    return dataclasses.replace(step(after, key_of(after), before, after), **more)


def storage(size: str) -> Manifest:
    return {**claim(), "spec": {"resources": {"requests": {"storage": size}}}}


def values(**data: str) -> Manifest:
    held = secret("tls", immutable=False)
    del held["stringData"]
    return {**held, "data": {key: base64_of(value) for key, value in data.items()}}


def budget(least: int) -> Manifest:
    return manifest("policy/v1", "PodDisruptionBudget", "maestro", spec={"minAvailable": least})


def created(item: Manifest, note: str = "") -> Step:
    return step(item, key_of(item), None, item, note)


def test_a_harmless_plan_has_no_risks() -> None:
    assert (
        of(created(service()), changed(service("a"), service("a", type="NodePort")), changed(service(), service()))
        == []
    )


def test_pods_that_restart_say_which_field_of_their_template_changes() -> None:
    finding = only(of(changed(deployment(), deployment(terminationGracePeriodSeconds=9))))
    assert (finding.id, finding.object) == ("pods-restart", "Deployment maestro-system/maestro")
    assert finding.evidence == ("spec.template.spec.terminationGracePeriodSeconds: (none) -> 9",)
    assert "because 1 field of their template changes" in finding.message


def test_a_change_outside_the_template_restarts_no_pods() -> None:
    assert of(changed(deployment(replicas=3), deployment(replicas=4))) == []


def test_an_object_that_is_replaced_says_why() -> None:
    old, new = service(clusterIP="None"), service(clusterIP="")
    finding = only(of(replace_step(new, old, new, key_of(new), "spec.clusterIP is immutable")))
    assert (finding.id, finding.severity) == ("object-replaced", "warning")
    assert "spec.clusterIP is immutable" in finding.message


def test_fields_that_are_taken_name_their_manager() -> None:
    conflict = '.spec.type: conflict with "kubectl-edit"'
    finding = only(of(changed(service(), service(type="NodePort"), taken=(conflict,))))
    assert (finding.id, finding.evidence) == ("field-takeover", (conflict,))


def test_replicas_that_an_autoscaler_hands_back_are_no_risk() -> None:
    conflict = '.spec.replicas: conflict with "kube-controller-manager"'
    assert of(changed(deployment(replicas=3), deployment(replicas=4), taken=(conflict,))) == []


def test_what_no_rollback_undoes() -> None:
    steps = {
        "the volume grows": changed(storage("1Gi"), storage("2Gi")),
        "volumes that exist keep": changed(
            manifest("storage.k8s.io/v1", "StorageClass", "gp3", "", allowVolumeExpansion=False),
            manifest("storage.k8s.io/v1", "StorageClass", "gp3", "", allowVolumeExpansion=True),
        ),
        "changed at its source": changed(
            manifest("external-secrets.io/v1", "ExternalSecret", "s", spec={"data": []}),
            manifest("external-secrets.io/v1", "ExternalSecret", "s", spec={"data": [1]}),
        ),
        "in no record": changed(values(key="hunter1"), values(key="hunter2")),
    }
    for words, each in steps.items():
        finding = only(of(each))
        assert (finding.id, finding.severity) == ("irreversible-step", "warning")
        assert words in finding.message
        assert base64_of("hunter1") not in str(finding)
        assert base64_of("hunter2") not in str(finding)


def test_data_that_stays_says_how_to_remove_it_and_data_that_goes_is_a_warning() -> None:
    kept = only(of(prune_step(key_of(claim()), claim())))
    assert (kept.id, kept.severity) == ("prune-refused", "note")
    assert "PersistentVolumeClaim/maestro-data" in kept.next_step
    assert only(of(prune_step(key_of(claim()), claim(), ["PersistentVolumeClaim"]))).id == "data-lost"
    assert of(prune_step(key_of(service()), service())) == []


def test_a_definition_is_deleted_by_nobody_but_a_person() -> None:
    definition = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.org", "")
    kept = only(of(prune_step(key_of(definition), definition, ["CustomResourceDefinition"])))
    assert (kept.id, "prune_allowed" in kept.next_step) == ("prune-refused", False)
    assert "by hand" in kept.next_step


def test_what_the_server_was_not_asked_about_is_one_finding_for_each_reason() -> None:
    finding = only(of(created(service(), "not asked"), created(config_map(), "not asked"), created(secret())))
    assert (finding.id, finding.object, len(finding.evidence)) == ("dry-run-unavailable", "2 objects", 2)


def test_a_budget_that_lets_no_node_be_drained() -> None:
    finding = only(of(created(deployment(replicas=3)), created(budget(3))))
    assert (finding.id, finding.object) == ("drain-blocked", "PodDisruptionBudget maestro-system/maestro")
    assert of(created(deployment(replicas=3)), created(budget(2))) == []


@pytest.mark.parametrize("spec", [{"maxUnavailable": 0}, {"maxUnavailable": "0%"}, {"minAvailable": "100%"}])
def test_a_budget_that_never_lets_a_pod_go_whatever_their_number(spec: Manifest) -> None:
    never = {**budget(2), "spec": spec}
    assert only(of(created(deployment(replicas=3)), created(never))).id == "drain-blocked"
    assert of(created({**budget(2), "spec": {"maxUnavailable": 1}})) == []


def test_of_an_autoscaled_workload_the_fewest_pods_count() -> None:
    assert only(of(created(deployment(replicas=None)), created(autoscaler()), created(budget(3)))).id == "drain-blocked"
    assert of(created(deployment(replicas=None)), created(budget(3))) == [], "nobody knows how many there are"


def test_warnings_come_first() -> None:
    found = of(changed(deployment(), deployment(a=1)), changed(storage("1Gi"), storage("2Gi")))
    assert [finding.severity for finding in found] == ["warning", "note"]
