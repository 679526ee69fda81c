# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do quotas and limits let the release run at its largest?"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Unknown
from tests.unit.rendering import only

from ..builders import (
    SELECTOR,
    autoscaler,
    container,
    deployment,
    findings,
    ids,
    key,
    live_pod,
    obj,
    pod_spec,
    snapshot,
)


def quota(name: str = "maestro", scopes: t.Any = None, **hard: str) -> t.Any:
    return obj(
        "v1",
        "ResourceQuota",
        name,
        spec={"hard": {key.replace("_", "."): value for key, value in hard.items()}, "scopes": scopes},
    )


def limits(**item: t.Any) -> t.Any:
    return obj("v1", "LimitRange", spec={"limits": [{"type": "Container", **item}]})


@pytest.mark.parametrize(
    ("hard", "short"),
    [
        ({"requests_cpu": "5500m"}, ""),
        ({"requests_cpu": "5"}, "requests.cpu: 5500m needed, 5 allowed"),
        ({"cpu": "5"}, "cpu: 5500m needed, 5 allowed"),
        ({"limits_memory": "40Gi"}, "limits.memory: 44Gi needed, 40Gi allowed"),
        ({"pods": "10"}, "pods: 11 needed, 10 allowed"),
        ({"services": "0"}, ""),
    ],
)
def test_the_releases_own_quota_must_hold_the_most_replicas_and_the_surge(hard: t.Any, short: str) -> None:
    found = findings(deployment(), autoscaler(3, 10), quota(**hard))
    assert ids(found) == (["quota-insufficient"] if short else [])
    assert all(short in finding.message for finding in found)


def test_a_live_quota_counts_with_the_pods_of_others_but_not_with_ours() -> None:
    others = (live_pod("", "maestro-system", cpu="1"), live_pod("", "maestro-system", dict(SELECTOR), cpu="2"))
    live = quota("platform", requests_cpu="3")
    assert findings(deployment(), snapshot=snapshot(quotas=(live,), own_pods=others)) == []
    finding = only(
        findings(deployment(), snapshot=snapshot(quotas=(quota("platform", requests_cpu="2500m"),), own_pods=others))
    )
    assert finding.object == "ResourceQuota maestro-system/platform"
    assert "requests.cpu: 3 needed, 2500m allowed" in finding.message


def test_a_live_quota_of_the_same_name_is_replaced() -> None:
    assert findings(deployment(), quota(pods="30"), snapshot=snapshot(quotas=(quota(pods="1"),))) == []


@pytest.mark.parametrize(
    ("scopes", "found"), [(["NotTerminating"], True), (["Terminating"], False), (["BestEffort"], False)]
)
def test_a_quota_of_another_scope_does_not_concern_it(scopes: t.Any, found: bool) -> None:
    assert ("quota-insufficient" in ids(findings(deployment(), quota(scopes=scopes, pods="1")))) is found


def test_a_volume_for_each_pod_counts_for_each() -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "20Gi"}}}
    volume = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": spec}}}
    manifest = deployment(pod_spec(volumes=[volume]))
    assert "needed, 79Gi allowed" in only(findings(manifest, quota(requests_storage="79Gi"))).message
    assert findings(manifest, quota(requests_storage="80Gi", persistentvolumeclaims="4")) == []
    assert "4 needed, 3 allowed" in only(findings(manifest, quota(**{"count/persistentvolumeclaims": "3"}))).message


def balanced(**spec: t.Any) -> t.Any:
    return obj("v1", "Service", spec={"type": "LoadBalancer", "ports": [{"port": 8080}], **spec})


SERVICE = key("Service", "maestro")


@pytest.mark.parametrize(
    ("hard", "short"),
    [
        ({"services_loadbalancers": "0"}, "services.loadbalancers: 1 needed, 0 allowed"),
        ({"services_nodeports": "0"}, "services.nodeports: 1 needed, 0 allowed"),
        ({"services": "0"}, "services: 1 needed, 0 allowed"),
        ({"count/services": "0"}, "count/services: 1 needed, 0 allowed"),
        ({"services": "1", "services_loadbalancers": "1", "services_nodeports": "1"}, ""),
        ({"configmaps": "0"}, ""),
    ],
)
@pytest.mark.parametrize("there", [{"namespace": None}, {"live": {SERVICE: None}}])
def test_objects_that_are_new_need_room_in_the_quota(there: t.Any, hard: t.Any, short: str) -> None:
    found = findings(balanced(), quota(**hard), snapshot=snapshot(**there))
    assert ids(found) == (["quota-insufficient"] if short else [])
    assert all(short in finding.message for finding in found)


@pytest.mark.parametrize(
    "live",
    [{SERVICE: balanced()}, {}, {SERVICE: Unknown("read Service maestro", "you may not", True)}],
    ids=["there", "not looked at", "forbidden"],
)
def test_objects_that_are_there_or_not_known_need_none(live: t.Any) -> None:
    found = findings(balanced(), quota(services_loadbalancers="0"), snapshot=snapshot(live=live))
    assert "quota-insufficient" not in ids(found)


@pytest.mark.parametrize(("allowed", "found"), [("4", []), ("3", ["quota-insufficient"])])
def test_new_objects_come_beside_those_that_a_live_quota_counts(allowed: str, found: list[str]) -> None:
    live = {**quota("platform", services=allowed), "status": {"used": {"services": "3"}}}
    assert ids(findings(balanced(), snapshot=snapshot(quotas=(live,), live={SERVICE: None}))) == found


def test_a_quota_that_is_full_does_not_stop_a_release_that_adds_nothing() -> None:
    live = {**quota("platform", services="1", configmaps="9"), "status": {"used": {"services": "1", "configmaps": "9"}}}
    assert findings(balanced(), snapshot=snapshot(quotas=(live,), live={SERVICE: balanced()})) == []


def test_quotas_that_may_not_be_read_leave_the_releases_own_one() -> None:
    unknown = snapshot(quotas=Unknown("list ResourceQuotas", "you may not", True), live={SERVICE: None})
    assert ids(findings(balanced(), quota(services="1"), snapshot=unknown)) == ["fact-unknown"]
    assert ids(findings(balanced(), quota(services="0"), snapshot=unknown)) == ["quota-insufficient", "fact-unknown"]


def test_quotas_wait_for_an_answer_about_the_pods() -> None:
    unknown = Unknown("list pods", "you may not", True)
    assert ids(findings(deployment(), quota(pods="1"), snapshot=snapshot(own_pods=unknown))) == ["fact-unknown"]


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"max": {"cpu": "1"}}, "may use cpu 2, more than the maximum 1"),
        ({"max": {"ephemeral-storage": "1Gi"}}, "has no limit of ephemeral-storage"),
        ({"min": {"memory": "2Gi"}}, "requests memory 1Gi, less than the minimum 2Gi"),
        ({"maxLimitRequestRatio": {"cpu": "3"}}, "more than 3 times its request"),
        ({"maxLimitRequestRatio": {"cpu": "4"}, "max": {"cpu": "2"}, "min": {"cpu": "500m"}}, ""),
    ],
)
def test_containers_keep_to_the_limit_range(item: t.Any, says: str) -> None:
    found = findings(deployment(), limits(**item))
    assert ids(found) == (["limit-range-violation"] if says else [])
    assert all(says in finding.message and "Container maestro" in finding.message for finding in found)


def test_pods_and_volumes_keep_to_it_too() -> None:
    two = deployment(pod_spec(containers=[container(), container(name="other")]))
    assert "Pod may use cpu 4" in only(findings(two, limits(type="Pod", max={"cpu": "3"}))).message
    spec = {"accessModes": ["ReadWriteMany"], "storageClassName": "", "resources": {"requests": {"storage": "20Gi"}}}
    claim = obj("v1", "PersistentVolumeClaim", "data", spec=spec)
    found = findings(claim, limits(type="PersistentVolumeClaim", max={"storage": "10Gi"}))
    assert "Volume data may use storage 20Gi" in only(found).message


def test_a_live_limit_range_counts_unless_it_is_replaced() -> None:
    live = snapshot(limit_ranges=(limits(max={"cpu": "1"}),))
    assert ids(findings(deployment(), snapshot=live)) == ["limit-range-violation"]
    assert findings(deployment(), limits(max={"cpu": "2"}), snapshot=live) == []
