# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to a release is kept, whatever leads to it; what is somebody else's is not."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.scope import BundleSubject
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.selection import belonging
from tests.unit.plugins.module_utils._support_bundle.objects import NAMESPACE, Live, Release, by_kind, event, live

OURS = {"app.kubernetes.io/instance": "maestro"}
DEPLOYMENT = live("Deployment", "maestro", labels=OURS)
REPLICA_SET = live("ReplicaSet", "maestro-1", owner=DEPLOYMENT)
POD = live("Pod", "maestro-1-a", owner=REPLICA_SET)


def kept(*lives: Live, records: tuple[Release, ...] = ()) -> set[str]:
    found = belonging(by_kind(*lives), BundleSubject("maestro", NAMESPACE, records))
    return {each["metadata"]["name"] for several in found.values() for each in several}


def test_what_the_release_owns_belongs_to_it_at_any_depth_and_in_any_order() -> None:
    assert kept(POD, REPLICA_SET, DEPLOYMENT, live("Pod", "stranger")) == {"maestro", "maestro-1", "maestro-1-a"}


def test_what_a_recorded_release_declared_belongs_to_it_without_a_label() -> None:
    record = Release(manifests=({"kind": "ConfigMap", "metadata": {"name": "old", "namespace": NAMESPACE}},))
    assert kept(live("ConfigMap", "old"), live("ConfigMap", "other"), records=(record,)) == {"old"}


def test_what_its_pods_name_belongs_to_it() -> None:
    spec = {
        "serviceAccountName": "runner",
        "imagePullSecrets": [{"name": "pull"}],
        "volumes": [{"secret": {"secretName": "files"}}, {"persistentVolumeClaim": {"claimName": "disk"}}],
        "containers": [
            {"envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}]},
            {"env": [{"valueFrom": {"secretKeyRef": {"name": "key", "key": "a"}}}]},
        ],
    }
    named = [live("Secret", name) for name in ("pull", "files", "keys", "key", "foreign")]
    others = [live("ServiceAccount", "runner"), live("PersistentVolumeClaim", "disk"), live("ConfigMap", "settings")]
    found = kept(live("Pod", "maestro", labels=OURS, spec=spec), *named, *others, live("ConfigMap", "foreign"))
    assert found == {"maestro", "runner", "pull", "files", "disk", "settings", "keys", "key"}


def test_quotas_and_limits_of_the_namespace_bear_on_it() -> None:
    assert kept(live("ResourceQuota", "of-the-platform"), live("LimitRange", "x")) == {"of-the-platform", "x"}


def test_events_are_kept_of_its_objects_and_of_pods_that_are_gone() -> None:
    events = [event(POD, "a"), event(("Pod", "maestro-1-gone"), "b"), event(("Pod", "stranger-1"), "c")]
    found = belonging(by_kind(DEPLOYMENT, REPLICA_SET, POD, *events), BundleSubject("maestro", NAMESPACE))
    assert sorted(each["message"] for each in found["Event"]) == ["a", "b"]


def test_events_of_strangers_whose_names_begin_alike_are_not_kept() -> None:
    found = belonging(
        by_kind(DEPLOYMENT, event(("Deployment", "maestro-of-others"), "c")), BundleSubject("maestro", NAMESPACE)
    )
    assert found["Event"] == ()
