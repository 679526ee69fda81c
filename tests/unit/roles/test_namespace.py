# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the namespace role contributes, line by line of the report and of the rules about networks and rights."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import quantity
from tests.unit.rendering import Manifest, of_kind, only, render

ARN = "arn:aws:iam::123456789012:role/maestro"
SELECTOR = {
    "app.kubernetes.io/name": "maestro",
    "app.kubernetes.io/instance": "maestro",
    "app.kubernetes.io/component": "control-plane",
}


def one(kind: str, **variables: t.Any) -> Manifest:
    return t.cast("Manifest", only(of_kind(render("namespace", **variables), kind)))


def policies(**variables: t.Any) -> dict[str, Manifest]:
    """The specs of the NetworkPolicies by purpose."""
    rendered = of_kind(render("namespace", **variables), "NetworkPolicy")
    return {item["metadata"]["name"].removeprefix("maestro-"): item["spec"] for item in rendered}


def cidrs(spec: Manifest, direction: str = "egress", side: str = "to") -> list[str]:
    return [peer["ipBlock"]["cidr"] for rule in spec[direction] for peer in rule[side] if "ipBlock" in peer]


def namespaces(spec: Manifest, direction: str, side: str) -> list[str]:
    label = "kubernetes.io/metadata.name"
    peers = [peer for rule in spec[direction] for peer in rule[side] if "namespaceSelector" in peer]
    return [peer["namespaceSelector"]["matchLabels"][label] for peer in peers]


def ports(spec: Manifest, direction: str) -> list[tuple[str, int]]:
    return [(port["protocol"], port["port"]) for rule in spec[direction] for port in rule["ports"]]


# "Namespace: maestro-system (with pod security standards)", "Pod Security Standards enforcement (restricted)"
@pytest.mark.parametrize("mode", ["enforce", "warn", "audit"])
def test_pod_security_is_restricted_and_pinned(mode: str) -> None:
    namespace = one("Namespace")
    assert namespace["metadata"]["name"] == "maestro-system"
    assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"
    assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}-version"] == "v1.33"


def test_own_labels_cannot_weaken_pod_security() -> None:
    label = "pod-security.kubernetes.io/enforce"
    assert one("Namespace", namespace_labels={label: "privileged"})["metadata"]["labels"][label] == "restricted"


def test_a_namespace_of_somebody_else_is_left_alone() -> None:
    assert of_kind(render("namespace", namespace_manage=False), "Namespace") == []


# "Service Account: IAM role-based with minimal RBAC permissions", "Service account with IAM role binding"
@pytest.mark.parametrize(
    ("identity", "annotations"),
    [
        ({"provider": "none"}, {}),
        ({"provider": "pod-identity"}, {}),
        ({"provider": "irsa", "role": ARN}, {"eks.amazonaws.com/role-arn": ARN}),
        (
            {"provider": "gke", "role": "maestro@project.iam.gserviceaccount.com"},
            {"iam.gke.io/gcp-service-account": "maestro@project.iam.gserviceaccount.com"},
        ),
        (
            {"provider": "azure", "client_id": "00000000-0000-0000-0000-00000000abcd"},
            {"azure.workload.identity/client-id": "00000000-0000-0000-0000-00000000abcd"},
        ),
    ],
    ids=lambda value: value.get("provider", ""),
)
def test_the_service_account_carries_its_cloud_identity(identity: dict[str, str], annotations: dict[str, str]) -> None:
    account = one("ServiceAccount", maestro_identity=identity)
    assert account["metadata"]["name"] == "maestro"
    assert account["metadata"]["annotations"] == annotations


def test_pods_get_no_token_and_no_rights_by_default() -> None:
    manifests = render("namespace")
    assert only(of_kind(manifests, "ServiceAccount"))["automountServiceAccountToken"] is False
    assert of_kind(manifests, "Role") == []
    assert of_kind(manifests, "RoleBinding") == []


def test_given_rights_are_bound_to_the_service_account_alone() -> None:
    rule = {"api_groups": [""], "resources": ["configmaps"], "verbs": ["get"], "resource_names": ["flags"]}
    manifests = render("namespace", namespace_rbac_rules=[rule], namespace_service_account_token=True)
    expected = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["flags"]}
    assert only(of_kind(manifests, "Role"))["rules"] == [expected]
    binding = only(of_kind(manifests, "RoleBinding"))
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "maestro"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "maestro", "namespace": "maestro-system"}]
    assert only(of_kind(manifests, "ServiceAccount"))["automountServiceAccountToken"] is True


# "Resource Limits: requests 1Gi memory, 500m CPU; limits 4Gi memory, 2000m CPU", "3-10 replicas"
@pytest.mark.parametrize(
    ("resource", "of_one_pod"),
    [
        ("requests.cpu", "500m"),
        ("requests.memory", "1Gi"),
        ("requests.ephemeral-storage", "512Mi"),
        ("limits.cpu", "2"),
        ("limits.memory", "4Gi"),
        ("limits.ephemeral-storage", "4Gi"),
        ("requests.storage", "20Gi"),
        ("pods", "1"),
        ("persistentvolumeclaims", "1"),
    ],
)
def test_the_quota_holds_ten_replicas_a_surge_and_ten_that_drain(resource: str, of_one_pod: str) -> None:
    hard = one("ResourceQuota")["spec"]["hard"]
    assert quantity.parse(hard[resource]) >= 21 * quantity.parse(of_one_pod)


def test_the_quota_forbids_load_balancers() -> None:
    assert one("ResourceQuota")["spec"]["hard"]["services.loadbalancers"] == "0"


def test_the_limit_range_fits_the_workload() -> None:
    limits = only(one("LimitRange")["spec"]["limits"])
    assert quantity.parse(limits["max"]["cpu"]) >= 2
    assert quantity.parse(limits["max"]["memory"]) >= quantity.parse("4Gi")
    assert set(limits["default"]) == set(limits["defaultRequest"]) == {"cpu", "memory", "ephemeral-storage"}


@pytest.mark.parametrize(
    ("switch", "kind"),
    [
        ("namespace_quota_enabled", "ResourceQuota"),
        ("namespace_limits_enabled", "LimitRange"),
        ("namespace_network_policies_enabled", "NetworkPolicy"),
    ],
)
def test_what_is_switched_off_is_not_there(switch: str, kind: str) -> None:
    assert of_kind(render("namespace", **{switch: False}), kind) == []


# "Network Policies: Ingress/egress restrictions for security"
def test_the_holes_are_these_and_no_others() -> None:
    plain = {"default-deny", "dns", "ingress", "acme-solver", "metrics", "upstream-policy-decision-point", "https"}
    assert set(policies()) == plain
    placed = {"maestro_database": {"host": "10.0.0.5"}, "maestro_redis": {"host": "10.0.0.6"}}
    assert set(policies(**placed)) == plain | {"database", "redis"}


def test_everything_is_denied_first() -> None:
    assert policies()["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def dns_pods(spec: Manifest) -> list[Manifest]:
    return [peer["podSelector"]["matchLabels"] for peer in only(spec["egress"])["to"] if "podSelector" in peer]


def test_dns_is_open_by_udp_and_tcp_to_the_cluster_to_the_node_caches_and_to_cloud_dns() -> None:
    dns = policies()["dns"]
    assert ports(dns, "egress") == [("UDP", 53), ("TCP", 53)]
    assert dns_pods(dns) == [{"k8s-app": "kube-dns"}, {"k8s-app": "node-local-dns"}]
    assert set(namespaces(dns, "egress", "to")) == {"kube-system"}
    assert cidrs(dns) == ["169.254.20.10/32", "169.254.169.254/32"]
    assert dns["podSelector"] == {}


def test_dns_that_is_elsewhere_is_open_there_alone() -> None:
    dns = policies(
        namespace_dns_labels={"app": "bind"}, namespace_dns_cache_labels={}, namespace_dns_cidrs=["172.20.0.10/32"]
    )["dns"]
    assert dns_pods(dns) == [{"app": "bind"}]
    assert cidrs(dns) == ["172.20.0.10/32"]


def test_the_ingress_controller_reaches_the_http_port_only() -> None:
    ingress = policies(namespace_ingress_controller_cidrs=["10.1.0.0/24"])["ingress"]
    assert namespaces(ingress, "ingress", "from") == ["ingress-nginx"]
    assert cidrs(ingress, "ingress", "from") == ["10.1.0.0/24"]
    assert ports(ingress, "ingress") == [("TCP", 8080)]
    assert ingress["podSelector"] == {"matchLabels": SELECTOR}


def test_prometheus_reaches_the_metrics_port_only() -> None:
    metrics = policies()["metrics"]
    assert namespaces(metrics, "ingress", "from") == ["monitoring"]
    assert ports(metrics, "ingress") == [("TCP", 9090)]


def test_certificate_solvers_are_reached_by_the_ingress_controller() -> None:
    solver = policies()["acme-solver"]
    assert solver["podSelector"] == {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}}
    assert ports(solver, "ingress") == [("TCP", 8089)]
    assert namespaces(solver, "ingress", "from") == ["ingress-nginx"]
    assert "acme-solver" not in policies(namespace_acme_solver=False)


def test_no_controller_means_no_hole_rather_than_a_hole_for_everybody() -> None:
    assert {"ingress", "acme-solver"} & set(policies(namespace_ingress_controller_namespaces=[])) == set()
    assert "metrics" not in policies(namespace_prometheus_namespaces=[])


# "policyDecisionPoint: http://pdp.security:8181"
def test_the_policy_decision_point_is_reachable_where_the_workload_looks_for_it() -> None:
    upstream = policies()["upstream-policy-decision-point"]
    assert namespaces(upstream, "egress", "to") == ["security"]
    assert ports(upstream, "egress") == [("TCP", 8181)]
    config = only(of_kind(render("workload"), "ConfigMap"))["data"]["config.yaml"]
    assert "policyDecisionPoint: http://pdp.security:8181" in config


@pytest.mark.parametrize(
    ("host", "given", "expected"),
    [
        ("10.20.0.7", [], ["10.20.0.7/32"]),
        ("maestro.abc.eu-west-1.rds.amazonaws.com", ["10.20.0.0/24"], ["10.20.0.0/24"]),
        ("fd00::7", [], ["fd00::7/128"]),
    ],
)
def test_the_database_is_open_on_its_port_alone(host: str, given: list[str], expected: list[str]) -> None:
    spec = policies(maestro_database={"host": host, "port": 6432}, namespace_database_cidrs=given)["database"]
    assert cidrs(spec) == expected
    assert ports(spec, "egress") == [("TCP", 6432)]


def test_a_database_behind_a_name_is_open_in_the_private_ranges() -> None:
    found = cidrs(policies(maestro_database={"host": "maestro.abc.rds.amazonaws.com"})["database"])
    assert "10.0.0.0/8" in found
    assert not any(network.is_global for network in map(ipaddress.ip_network, found))


# "AI API keys (OpenAI, Anthropic)"
def test_https_leaves_for_public_addresses_but_never_for_private_or_link_local_ones() -> None:
    https = policies()["https"]
    assert ports(https, "egress") == [("TCP", 443)]
    blocks = [peer["ipBlock"] for peer in https["egress"][0]["to"]]
    assert [block["cidr"] for block in blocks] == ["0.0.0.0/0", "::/0"]
    closed = [ipaddress.ip_network(cidr) for block in blocks for cidr in block["except"]]
    for address in (
        "10.9.8.7",
        "172.20.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.3.2",
        "fd00:ec2::254",
        "fe80::1",
    ):
        assert any(ipaddress.ip_address(address) in network for network in closed), address
    assert "https" not in policies(namespace_egress_https=False)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"provider": "pod-identity"}, ["169.254.170.23/32", "fd00:ec2::23/128"]),
        (
            {"provider": "gke", "role": "maestro@project.iam.gserviceaccount.com"},
            ["169.254.169.252/32", "169.254.169.254/32"],
        ),
    ],
    ids=["pod-identity", "gke"],
)
def test_the_agent_of_the_cloud_identity_is_reachable(identity: dict[str, str], expected: list[str]) -> None:
    assert cidrs(policies(maestro_identity=identity)["identity"]) == expected


def test_there_is_no_way_to_an_identity_agent_that_is_not_used() -> None:
    assert "identity" not in policies()
    assert "identity" not in policies(maestro_identity={"provider": "irsa", "role": ARN})


def test_pods_of_a_release_talk_to_each_other_only_when_asked() -> None:
    both = policies(namespace_pod_to_pod=True)["pod-to-pod"]
    assert ports(both, "ingress") == ports(both, "egress") == [("TCP", 8080)]
    assert both["ingress"][0]["from"] == both["egress"][0]["to"] == [{"podSelector": {"matchLabels": SELECTOR}}]


def test_a_further_upstream_gets_a_policy_of_its_own() -> None:
    upstreams = [{"name": "traces", "host": "collector.observability.svc", "port": 4317}]
    found = policies(namespace_egress_upstreams=upstreams)
    assert namespaces(found["upstream-traces"], "egress", "to") == ["observability"]
    assert "upstream-policy-decision-point" not in found


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"namespace_quota_podz": 3}, "Did you mean namespace_quota_pods?"),
        ({"namespace_manage": "maybe"}, "namespace_manage must be a boolean"),
        ({"namespace_pod_security_level": "strict"}, "namespace_pod_security_level must be one of restricted"),
        ({"maestro_identity": {"provider": "irsa"}}, "maestro_identity.role must be the ARN of an IAM role"),
    ],
    ids=["misspelt", "string-for-boolean", "choice", "identity"],
)
def test_a_wrong_variable_is_refused_by_name(variables: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleActionFail, match="nothing was changed") as refusal:
        render("namespace", **variables)
    assert words in str(refusal.value)
