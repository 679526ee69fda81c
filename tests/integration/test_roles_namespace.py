# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespace role on the real API: every object is valid, and what it forbids is forbidden."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError
from tests.integration.rendered import restricted, whole
from tests.unit.rendering import Manifest

Check = t.Callable[[Manifest], tuple[str, ...]]

RULE = {"api_groups": [""], "resources": ["configmaps"], "verbs": ["get"], "resource_names": ["flags"]}
VARIANTS: dict[str, dict[str, t.Any]] = {
    "production": {"maestro_database": {"host": "db.example.com"}, "maestro_redis": {"host": "10.0.0.6"}},
    "every-hole": {
        "maestro_identity": {"provider": "pod-identity"},
        "maestro_database": {"host": "fd00::5"},
        "namespace_pod_to_pod": True,
        "namespace_ingress_controller_cidrs": ["10.0.0.0/8"],
        "namespace_egress_upstreams": [{"name": "dns", "host": "resolver.example.com", "port": 53, "protocol": "UDP"}],
    },
    "rights": {"namespace_rbac_rules": [RULE], "namespace_service_account_token": True},
    "irsa": {"maestro_identity": {"provider": "irsa", "role": "arn:aws:iam::123456789012:role/maestro"}},
}


@pytest.fixture(scope="module")
def home(cluster: Cluster) -> t.Iterator[str]:
    """A namespace that the tests of this module share; they leave nothing in it that another could see."""
    with restricted(cluster, "test-roles-namespace") as name:
        yield name


def bare_pod(namespace: str, **security: t.Any) -> Manifest:
    container: Manifest = {"name": "main", "image": "registry.k8s.io/pause:3.10"}
    if security:
        container["securityContext"] = security
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bare", "namespace": namespace},
        "spec": {"containers": [container]},
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_api_takes_every_object_without_a_warning(variant: str, home: str, api_dry_run: Check) -> None:
    manifests = whole("namespace", home, **VARIANTS[variant])
    warned = {f"{item['kind']} {item['metadata']['name']}": api_dry_run(item) for item in manifests}
    assert len(warned) >= 9
    assert {name: warnings for name, warnings in warned.items() if warnings} == {}


def test_a_pod_that_is_not_restricted_is_refused(home: str, api_dry_run: Check) -> None:
    with pytest.raises(ApiError, match=r'violates PodSecurity "restricted:v1\.33"'):
        api_dry_run(bare_pod(home))


def test_a_pod_that_sets_no_limits_gets_those_of_the_namespace(home: str, cluster: Cluster) -> None:
    pod = bare_pod(home, allowPrivilegeEscalation=False, capabilities={"drop": ["ALL"]})
    pod["spec"]["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    resources = cluster.apply(pod, "test", dry_run=True)["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "500m", "memory": "512Mi", "ephemeral-storage": "512Mi"}
    assert resources["requests"] == {"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi"}


def test_a_service_on_a_load_balancer_is_over_the_quota(home: str, api_dry_run: Check) -> None:
    service = next(
        item
        for item in whole("workload", home, workload_service_type="LoadBalancer", workload_service_nlb=False)
        if item["kind"] == "Service" and item["spec"]["type"] == "LoadBalancer"
    )
    with pytest.raises(ApiError, match="exceeded quota: maestro"):
        api_dry_run(service)


def allowed(cluster: Cluster, namespace: str, verb: str, resource: str, name: str = "") -> bool:
    """Whether the release's ServiceAccount may do this, in the API server's own judgement."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{namespace}:maestro",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
            "resourceAttributes": {"namespace": namespace, "verb": verb, "resource": resource, "name": name},
        },
    }
    answer = cluster.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return t.cast("bool", answer["status"]["allowed"])


@pytest.mark.parametrize("resource", ["secrets", "configmaps", "pods", "leases.coordination.k8s.io"])
@pytest.mark.parametrize("verb", ["get", "list", "watch", "create", "patch", "delete"])
def test_pods_have_no_rights_by_default(verb: str, resource: str, cluster: Cluster) -> None:
    assert not allowed(cluster, "maestro-system", verb, resource)


def test_given_rights_are_just_those(home: str, cluster: Cluster) -> None:
    for manifest in whole("namespace", home, **VARIANTS["rights"]):
        if manifest["kind"] in ("Role", "RoleBinding", "ServiceAccount"):
            cluster.apply(manifest, "test")
    assert allowed(cluster, home, "get", "configmaps", "flags")
    assert not allowed(cluster, home, "get", "configmaps", "others")
    assert not allowed(cluster, home, "list", "configmaps")
    assert not allowed(cluster, home, "get", "secrets", "flags")
