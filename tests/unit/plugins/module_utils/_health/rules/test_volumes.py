# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that do not come."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import (
    DEPLOYMENT,
    NEW,
    OLD,
    OWN_VOLUMES,
    ago,
    cause,
    condition,
    event,
    facts,
    item,
    node,
    own_claim,
    pod,
    replica_set,
    rollout,
    running,
    seconds_left,
    told_at_the_end,
    unavailable,
    undecided,
    waiting,
)

SETUP = 'MountVolume.SetUp failed for volume "v" : '
MULTI = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) maestro-old-a'


def creating(*conditions: dict[str, t.Any], node: str = "node-1") -> dict[str, t.Any]:
    return pod(waiting("ContainerCreating"), node=node, phase="Pending", conditions=list(conditions))


@pytest.mark.parametrize(
    ("said", "expected", "words"),
    [
        (f'{SETUP}configmap "nocm" not found', "reference-missing", "ConfigMap maestro-system/nocm does not exist"),
        (
            f"{SETUP}configmap references non-existent config key: k",
            "reference-key-missing",
            "a volume needs the key k",
        ),
        (f"{SETUP}hostPath type check failed, /nope is not a directory", "volume-invalid", "hostPath type check"),
        (
            f"{SETUP}mount failed: exit status 32\nOutput: unknown filesystem type 'nfs'.",
            "volume-invalid",
            "exit status",
        ),
    ],
)
def test_a_mount_that_can_never_be_made(said: str, expected: str, words: str) -> None:
    broken = creating()
    finding = cause(evaluate(rollout(broken, also=[event(broken, "FailedMount", said)])))
    assert finding.id == expected
    assert words in finding.message
    assert "\n" not in finding.message


def test_a_missing_object_that_is_named_after_the_pod_is_named_in_full() -> None:
    broken = creating()
    claim = f"data-{broken['metadata']['name']}"
    said = f'{SETUP}persistentvolumeclaim "{claim}" not found'
    finding = cause(evaluate(rollout(broken, also=[event(broken, "FailedMount", said)])))
    assert f"PersistentVolumeClaim maestro-system/{claim} does not exist" in finding.message


def test_a_driver_may_be_late() -> None:
    """The kubelet tries after 63.5 and 127.5 s: a driver that is there after 70 s is only asked then."""
    broken = creating()
    said = f"{SETUP}driver name nope.example not found in the list of registered CSI drivers"
    given = rollout(broken, also=[event(broken, "FailedMount", said, count=8, first=127, last=63)])
    assert undecided(evaluate(given)).id == "volume-mount-failing"
    assert seconds_left(given) == 3
    assert cause(evaluate(dataclasses.replace(given, now=given.now + 3))).id == "volume-mount-failing"


def test_a_late_secret_of_a_volume_is_waited_for_until_the_kubelet_has_tried_again() -> None:
    broken = creating()
    reported = event(broken, "FailedMount", f'{SETUP}secret "late" not found', count=8, first=127, last=63)
    given = rollout(broken, also=[reported, item("ExternalSecret", "late", spec={})])
    assert undecided(evaluate(given)).id == "reference-missing"
    assert seconds_left(given) == 3


def test_the_certificates_of_a_new_namespace_are_waited_for() -> None:
    broken = creating()
    said = f'{SETUP}configmap "kube-root-ca.crt" not found'
    assert undecided(evaluate(rollout(broken, also=[event(broken, "FailedMount", said)]))).id == "reference-missing"


def test_a_mount_that_was_made_at_last_is_no_trouble() -> None:
    mounted = creating(condition("PodReadyToStartContainers", "True"))
    given = rollout(mounted, also=[event(mounted, "FailedMount", f'{SETUP}secret "s" not found')])
    assert evaluate(given).findings == ()


def test_a_volume_that_another_pod_holds() -> None:
    broken, old = creating(), pod(name="maestro-old-a", of=OLD)
    held = event(broken, "FailedAttachVolume", MULTI, first=5)
    assert cause(evaluate(facts(unavailable(), replica_set(), replica_set(OLD), broken, old, held))).id == (
        "volume-attached-elsewhere"
    )
    old["metadata"]["deletionTimestamp"] = ago(1)
    given = facts(unavailable(), replica_set(), replica_set(OLD), broken, old, held)
    assert undecided(evaluate(given)).id == "volume-attached-elsewhere"
    assert seconds_left(given) == 125


def test_a_volume_that_is_only_being_taken_off_its_last_node_has_time_for_that() -> None:
    """Nobody uses it any more, so nobody is named; a StatefulSet's pod moves like this."""
    broken = creating()
    said = 'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node'
    given = rollout(broken, also=[event(broken, "FailedAttachVolume", said, first=5)])
    assert undecided(evaluate(given)).id == "volume-attached-elsewhere"
    assert seconds_left(given) == 125


def test_a_cloud_that_does_not_know_a_new_node_yet_does_not_mean_the_volume() -> None:
    broken = creating()
    said = "AttachVolume.Attach failed: rpc error: code = Internal desc = InvalidInstanceID.NotFound: i-1"
    assert undecided(evaluate(rollout(broken, also=[event(broken, "FailedAttachVolume", said, first=5)]))).id == (
        "volume-mount-failing"
    )
    sure = said.replace("InvalidInstanceID.NotFound", "mount failed: wrong fs type")
    assert cause(evaluate(rollout(broken, also=[event(broken, "FailedMount", sure, first=5)]))).id == "volume-invalid"
    asked = said.replace("Internal", "InvalidArgument")
    assert cause(evaluate(rollout(broken, also=[event(broken, "FailedAttachVolume", asked)]))).id == "volume-invalid"


def test_what_was_told_of_a_former_pod_with_the_same_name_is_not_of_this_one() -> None:
    broken = creating()
    reported = event(broken, "FailedMount", f'{SETUP}secret "late" not found')
    assert cause(evaluate(rollout(broken, also=[reported]))).id == "reference-missing"
    reported["involvedObject"]["uid"] = "former"
    assert evaluate(rollout(broken, also=[reported])).findings == ()


def test_a_key_of_a_volume_that_an_external_secret_may_bring_is_waited_for() -> None:
    broken = creating()
    reported = event(broken, "FailedMount", f"{SETUP}references non-existent secret key: k", first=20)
    for volume in ({"secret": {"secretName": "s"}}, {"projected": {"sources": [{"secret": {"name": "s"}}]}}):
        broken["spec"]["volumes"] = [{"name": "v", **volume}]
        assert cause(evaluate(rollout(broken, also=[reported]))).id == "reference-key-missing"
        given = rollout(broken, also=[reported, item("ExternalSecret", "s", spec={})])
        assert undecided(evaluate(given)).id == "reference-key-missing"
        assert seconds_left(given) == 110
    settings = {"name": "v", "configMap": {"name": "c"}}
    broken["spec"]["volumes"] = [settings, {"name": "other", "secret": {"secretName": "s"}}]
    given = rollout(broken, also=[reported, item("ExternalSecret", "s", spec={})])
    assert cause(evaluate(given)).id == "reference-key-missing"


def test_an_old_mount_of_a_pod_whose_node_has_started_again_is_no_trouble() -> None:
    again = pod(running(ready=False), phase="Running")
    given = rollout(again, also=[event(again, "FailedMount", f'{SETUP}secret "s" not found')])
    assert "reference-missing" not in [finding.id for finding in evaluate(given).findings]


def test_a_pod_on_a_lost_node_is_not_the_releases_fault() -> None:
    broken = creating(node="node-9")
    reported = event(broken, "FailedMount", f'{SETUP}secret "s" not found')
    evaluation = evaluate(rollout(broken, also=[reported, node("node-9", ready="Unknown")]))
    assert (evaluation.verdict, [finding.id for finding in evaluation.findings]) == ("", ["node-not-ready"])


def claim(phase: str = "Pending") -> dict[str, t.Any]:
    return item("PersistentVolumeClaim", "maestro-data", spec={}, status={"phase": phase})


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("ProvisioningFailed", 'storageclass.storage.k8s.io "nosuchclass" not found'),
        ("ProvisioningFailed", 'failed to provision volume with StorageClass "standard": NodePath only supports RWO'),
        ("FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
    ],
)
def test_a_claim_that_can_never_be_bound(reason: str, said: str) -> None:
    finding = cause(evaluate(facts(unavailable(), claim(), event(claim(), reason, said))))
    assert (finding.id, finding.object) == ("claim-unbound", "PersistentVolumeClaim maestro-system/maestro-data")
    assert said in finding.message


@pytest.mark.parametrize(
    ("reason", "said", "left"),
    [
        ("ProvisioningFailed", "rpc error: code = Unavailable desc = connection closed", 90),
        ("ExternalProvisioning", "Waiting for a volume to be created by the external provisioner 'x'", 50),
    ],
)
def test_a_provisioner_may_be_slow(reason: str, said: str, left: float) -> None:
    given = facts(unavailable(), claim(), event(claim(), reason, said, first=40))
    assert undecided(evaluate(given)).id == "claim-unbound"
    assert seconds_left(given) == left


@pytest.mark.parametrize(
    "said",
    [
        "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        "rpc error: code = Internal desc = RequestLimitExceeded: Request limit exceeded.",
        'error generating accessibility requirements: csinode.storage.k8s.io "n1" not found',
        'node "ip-10-0-1-2.eu-west-1.compute.internal" not found',
        'nodes "ip-10-0-1-2.eu-west-1.compute.internal" not found',
    ],
)
def test_a_provisioner_that_is_busy_has_not_refused(said: str) -> None:
    given = facts(unavailable(), claim(), event(claim(), "ProvisioningFailed", said, first=40))
    assert undecided(evaluate(given)).id == "claim-unbound"
    assert seconds_left(given) == 90


def test_a_class_that_the_release_brings_may_be_unknown_for_a_moment() -> None:
    reported = event(claim(), "ProvisioningFailed", 'storageclass.storage.k8s.io "own" not found')
    own = item("StorageClass", "own")
    own["metadata"]["namespace"] = ""
    assert undecided(evaluate(facts(unavailable(), claim(), reported, own))).id == "claim-unbound"


@pytest.mark.parametrize("reason", ["Provisioning", "ExternalProvisioning", "WaitForFirstConsumer"])
def test_a_claim_whose_class_has_come_since_is_tried_anew(reason: str) -> None:
    refused = event(claim(), "ProvisioningFailed", 'storageclass.storage.k8s.io "x" not found', first=900, last=700)
    anew = event(claim(), reason, "anew", first=4, last=4)
    assert evaluate(facts(unavailable(), claim(), refused, anew)).verdict == ""


def test_a_provisioner_that_has_refused_is_not_excused_by_who_asks_it() -> None:
    refused = event(claim(), "ProvisioningFailed", "rpc error: code = InvalidArgument desc = invalid type", last=9)
    asked = event(claim(), "ExternalProvisioning", "Waiting for a volume to be created", last=1)
    assert cause(evaluate(facts(unavailable(), claim(), refused, asked))).id == "claim-unbound"


def test_a_claim_of_a_pod_is_judged_like_one_of_the_release() -> None:
    mine = claim() | {"metadata": {**claim()["metadata"], "ownerReferences": []}}
    user = creating()
    user["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "maestro-data"}}]
    reported = event(mine, "ProvisioningFailed", 'storageclass.storage.k8s.io "x" not found')
    given = facts(unavailable(), replica_set(NEW), user, mine, reported)
    assert cause(evaluate(given)).id == "claim-unbound"


def with_its_own_volume() -> dict[str, t.Any]:
    user = creating(node="")
    user["spec"]["volumes"] = OWN_VOLUMES
    return user


def test_a_claim_that_a_pod_brings_is_judged_like_one_of_the_release() -> None:
    own = own_claim()
    reported = event(own, "ProvisioningFailed", 'storageclass.storage.k8s.io "x" not found')
    finding = cause(evaluate(rollout(with_its_own_volume(), own, reported)))
    assert (finding.id, finding.object) == ("claim-unbound", "PersistentVolumeClaim maestro-system/maestro-new-a-data")


QUOTA = (
    'ephemeral volume data: persistentvolumeclaims "maestro-new-a-data" is forbidden: exceeded quota: q,'
    " requested: persistentvolumeclaims=1, used: persistentvolumeclaims=2, limited: persistentvolumeclaims=2"
)


def test_a_claim_that_may_not_be_made_for_its_pod_has_its_cause() -> None:
    user = with_its_own_volume()
    finding = cause(evaluate(rollout(user, also=[event(user, "FailedBinding", QUOTA)])))
    assert (finding.id, finding.object) == ("quota-exceeded", DEPLOYMENT)
    assert "the claim of its volume data cannot be made: exceeded quota: q" in finding.message


def test_a_claim_that_was_made_at_last_is_no_trouble() -> None:
    user = with_its_own_volume()
    assert evaluate(rollout(user, own_claim("Bound"), also=[event(user, "FailedBinding", QUOTA)])).findings == ()


def test_a_volume_that_is_being_made_is_only_told_when_the_time_is_over() -> None:
    begun = event(claim(), "Provisioning", "External provisioner is provisioning volume", first=300, last=300)
    over = told_at_the_end(facts(unavailable(), claim(), begun))
    assert (over.id, over.object) == ("claim-unbound", "PersistentVolumeClaim maestro-system/maestro-data")
    assert "its volume is being made: External provisioner is provisioning volume" in over.message


def test_a_claim_that_waits_for_its_first_pod_is_fine() -> None:
    reported = event(claim(), "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    assert evaluate(facts(claim(), reported)).verdict == "passed"


def test_a_lost_volume() -> None:
    assert cause(evaluate(facts(claim("Lost")))).message == "it is not bound to a volume: its volume is lost"
