# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule, broken in the live objects of a release that the roles rendered."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.rules import PERMISSIONS, RULES
from tests.unit.roles.test_ingress import GATEWAY_ELSEWHERE
from tests.unit.roles.test_workload import BEHIND_NLB

from .releases import Change, Objects, changed, evaluated, manifests


def put(value: t.Any, *path: str | int) -> Change:
    """Sets one field of an object: put(0, "Deployment", "spec", "replicas"); None takes it away."""

    def change(objects: Objects) -> None:
        *way, last = path
        target: t.Any = objects
        for step in way:
            target = target[step] if not isinstance(target, dict) or step in target else target.setdefault(step, {})
        if value is None:
            del target[last]
        else:
            target[last] = value

    return change


def in_pod(value: t.Any, *path: str | int) -> Change:
    return put(value, "Deployment", "spec", "template", "spec", *path)


def in_container(value: t.Any, *path: str | int) -> Change:
    return in_pod(value, "containers", 0, *path)


def hpa(value: t.Any, *path: str | int) -> Change:
    return put(value, "HorizontalPodAutoscaler", "spec", *path)


def budget(**spec: t.Any) -> Change:
    return lambda objects: objects["PodDisruptionBudget"]["spec"].update(spec)


def policy(name: str, **spec: t.Any) -> Change:
    return lambda objects: objects.add("networking.k8s.io/v1", "NetworkPolicy", name, spec={"podSelector": {}, **spec})


def without(kind: str, name: str = "") -> Change:
    return lambda objects: objects.drop(kind, name)


def scaled_by(manager: str, operation: str, time: str = "2026-11-23T20:00:00Z") -> Change:
    entry = {
        "manager": manager,
        "operation": operation,
        "time": time,
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    return put([entry], "Deployment", "metadata", "managedFields")


def second_budget(objects: Objects) -> None:
    selector = objects["PodDisruptionBudget"]["spec"]["selector"]
    spec = {"selector": selector, "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    objects.add("policy/v1", "PodDisruptionBudget", "other", spec=spec)


def required_anti_affinity(objects: Objects) -> None:
    anti = objects.pod["affinity"]["podAntiAffinity"]
    term = anti["preferredDuringSchedulingIgnoredDuringExecution"][0]["podAffinityTerm"]
    anti["requiredDuringSchedulingIgnoredDuringExecution"] = [term]


def hosted_volume(objects: Objects) -> None:
    objects.pod["volumes"].append({"name": "root", "hostPath": {"path": "/"}})


def sidecar(objects: Objects) -> None:
    """A webhook added a container to the pods, which the template does not show."""
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    spec = {**objects.pod, "containers": [*objects.pod["containers"], {"name": "proxy", "image": "proxy:1"}]}
    objects.pods.append({"kind": "Pod", "metadata": {"name": "maestro-1", "labels": labels}, "spec": spec})


def settings_named_plainly(objects: Objects) -> None:
    for item in objects.items:
        if item["kind"] == "ConfigMap" and item["metadata"]["name"].startswith("maestro-config"):
            objects.pod["volumes"][0]["configMap"]["name"] = item["metadata"]["name"] = "maestro-config"


def alert_gone(objects: Objects) -> None:
    for item in objects.items:
        if item["kind"] == "PrometheusRule":
            for group in item["spec"]["groups"]:
                group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != "MaestroPodDown"]


BREACHES: list[tuple[str, Change, str, str]] = [
    ("autoscaler gone", without("HorizontalPodAutoscaler"), "posture-autoscaling", "No HorizontalPodAutoscaler"),
    ("shrinks to two", hpa(2, "minReplicas"), "posture-autoscaling", "It may shrink to 2"),
    (
        "cannot grow",
        hpa(3, "maxReplicas"),
        "posture-autoscaling",
        "cannot grow: minReplicas and maxReplicas are 3 and 3",
    ),
    ("no metrics", hpa([], "metrics"), "posture-autoscaling", "does not look at cpu"),
    (
        "waits for 95 %",
        hpa(95, "metrics", 0, "containerResource", "target", "averageUtilization"),
        "posture-autoscaling",
        "waits for 95 % of cpu",
    ),
    ("never shrinks", hpa("Disabled", "behavior", "scaleDown", "selectPolicy"), "posture-autoscaling", "never shrinks"),
    ("shrinks at once", hpa(None, "behavior", "scaleDown"), "posture-autoscaling", "may drop more than 50 %"),
    (
        "grows slowly",
        hpa(5, "behavior", "scaleUp", "policies", 0, "value"),
        "posture-autoscaling",
        "less than a doubling",
    ),
    ("replicas declared", scaled_by("argocd-controller", "Apply"), "posture-autoscaling", "argocd-controller declares"),
    ("replicas by kubectl apply", scaled_by("kubectl-client-side-apply", "Update"), "posture-autoscaling", "declares"),
    ("recreate", put({"type": "Recreate"}, "Deployment", "spec", "strategy"), "posture-rollout", "Recreate: all pods"),
    (
        "takes pods away",
        put("34%", "Deployment", "spec", "strategy", "rollingUpdate", "maxUnavailable"),
        "posture-rollout",
        "maxUnavailable 34%",
    ),
    ("no surge", put(0, "Deployment", "spec", "strategy", "rollingUpdate", "maxSurge"), "posture-rollout", "no pod"),
    ("no preStop", in_container(None, "lifecycle"), "posture-rollout", "no preStop"),
    (
        "short grace",
        in_pod(40, "terminationGracePeriodSeconds"),
        "posture-rollout",
        "killed after 40 s, which do not hold",
    ),
    ("no readiness", in_container(None, "readinessProbe"), "posture-rollout", "no readinessProbe"),
    ("no spread", in_pod(None, "topologySpreadConstraints"), "posture-spread", "spreads its pods over zones"),
    ("no anti-affinity", in_pod(None, "affinity"), "posture-spread", "do not prefer different nodes"),
    ("required anti-affinity", required_anti_affinity, "posture-spread", "refuse to share a node"),
    ("budget gone", without("PodDisruptionBudget"), "posture-disruption", "No PodDisruptionBudget covers"),
    ("blocks drains", budget(maxUnavailable=0), "posture-disruption", "lets none go, so every drain waits"),
    ("leaves one", budget(maxUnavailable="60%"), "posture-disruption", "lets 2 go at once, which leaves 1"),
    ("bad pods block", budget(unhealthyPodEvictionPolicy="IfHealthyBudget"), "posture-disruption", "not ready block"),
    ("two budgets", second_budget, "posture-disruption", "Several budgets cover its pods (maestro, other)"),
    (
        "privileged namespace",
        put("privileged", "Namespace", "metadata", "labels", "pod-security.kubernetes.io/enforce"),
        "posture-pod-security",
        "It enforces privileged",
    ),
    (
        "unpinned",
        put("latest", "Namespace", "metadata", "labels", "pod-security.kubernetes.io/enforce-version"),
        "posture-pod-security",
        "enforce-version is latest",
    ),
    ("another UID", in_pod(1000, "securityContext", "runAsUser"), "posture-container", "UID 1000, not as UID 10001"),
    ("root", in_pod(False, "securityContext", "runAsNonRoot"), "posture-container", "may run as root"),
    (
        "writable root",
        in_container(False, "securityContext", "readOnlyRootFilesystem"),
        "posture-container",
        "write to its root file system",
    ),
    (
        "privileges",
        in_container(True, "securityContext", "allowPrivilegeEscalation"),
        "posture-container",
        "may gain privileges",
    ),
    (
        "capability",
        in_container({"drop": ["ALL"], "add": ["NET_ADMIN"]}, "securityContext", "capabilities"),
        "posture-container",
        "has capabilities (NET_ADMIN)",
    ),
    (
        "default capabilities",
        in_container(None, "securityContext", "capabilities"),
        "posture-container",
        "keeps the default capabilities",
    ),
    ("no seccomp", in_pod(None, "securityContext", "seccompProfile"), "posture-container", "no seccomp profile"),
    ("no memory limit", in_container(None, "resources", "limits"), "posture-container", "Nothing limits its memory"),
    ("host network", in_pod(True, "hostNetwork"), "posture-container", "share the node's own (hostNetwork)"),
    ("host path", hosted_volume, "posture-container", "Volume root is a path of the node (hostPath /)"),
    ("sidecar", sidecar, "posture-container", "write to its root file system (added to the pods"),
    (
        "token",
        put(True, "ServiceAccount", "automountServiceAccountToken"),
        "posture-service-account",
        "hold a token of ServiceAccount maestro",
    ),
    ("default account", in_pod(None, "serviceAccountName"), "posture-service-account", "ServiceAccount default"),
    ("mutable settings", put(False, "ConfigMap", "immutable"), "posture-settings", "may be changed under them"),
    ("plain name", settings_named_plainly, "posture-settings", "name does not change with its content"),
    (
        "no denial",
        without("NetworkPolicy", "maestro-default-deny"),
        "posture-network",
        "No policy denies what comes",
    ),
    ("all in", policy("debug", ingress=[{}]), "posture-network", "lets everything in from everywhere"),
    ("all in to a port", policy("debug", ingress=[{"ports": [{"port": 8080}]}]), "posture-network", "everything in"),
    (
        "all out",
        policy("debug", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
        "posture-network",
        "lets everything out to everywhere",
    ),
    (
        "no TLS",
        put(None, "Ingress", "spec", "tls"),
        "posture-ingress",
        "Host maestro.intelgraph.ai is served without TLS",
    ),
    (
        "no limit",
        put("0", "Ingress", "metadata", "annotations", "nginx.ingress.kubernetes.io/limit-rps"),
        "posture-ingress",
        "No rate limit",
    ),
    (
        "no metrics port",
        without("Service"),
        "posture-monitoring",
        "No Service that it selects has a port named metrics",
    ),
    ("alert gone", alert_gone, "posture-monitoring", "The alert MaestroPodDown does not exist"),
]


@pytest.mark.parametrize(
    ("change", "rule", "words"), [each[1:] for each in BREACHES], ids=[each[0] for each in BREACHES]
)
def test_a_rule_that_was_broken_in_the_cluster_is_an_error(change: Change, rule: str, words: str) -> None:
    found = evaluated(changed(change))
    assert {finding.id for finding in found} == {rule}
    assert {finding.severity for finding in found} == {"error"}
    assert any(words in finding.message for finding in found), found
    assert all(
        "Release 12 declares it otherwise" in finding.cause or "somebody else" in finding.cause for finding in found
    )


def test_every_rule_is_broken_by_one_of_these_tests() -> None:
    broken = {rule for _, _, rule, _ in BREACHES}
    assert {rule.id for rule in RULES} - broken == {PERMISSIONS.id}


@pytest.mark.parametrize(
    ("change", "rule", "words"), [each[1:] for each in BREACHES], ids=[each[0] for each in BREACHES]
)
def test_a_rule_that_the_release_itself_breaks_is_a_warning(change: Change, rule: str, words: str) -> None:
    chosen = changed(change)
    chosen.pods.clear()
    found = evaluated(chosen, declared=chosen.items)
    assert {finding.severity for finding in found} <= {"warning"}
    if change is not sidecar:
        assert {finding.id for finding in found} == {rule}
        assert all(finding.cause == "Release 12 declares it so." for finding in found)


ENVOY = {
    "ingress_provider": "gateway",
    "ingress_gateway_implementation": "envoy",
    "ingress_rate_limit_burst": 1000,
}
SOUND: dict[str, dict[str, t.Any]] = {
    "as the roles come": {},
    "a role's own rules": {
        "namespace_rbac_rules": [{"api_groups": [""], "resources": ["configmaps"], "verbs": ["get"]}],
        "namespace_service_account_token": True,
    },
    "traefik": {"ingress_provider": "traefik"},
    "gateway by envoy": ENVOY,
    "gateway by traefik": {"ingress_provider": "gateway", "ingress_gateway_implementation": "traefik"},
    "gateway by nginx": {
        "ingress_provider": "gateway",
        "ingress_gateway_implementation": "nginx",
        **GATEWAY_ELSEWHERE,
    },
    "a volume for each pod": {"workload_persistence_mode": "statefulset"},
    "a load balancer": BEHIND_NLB,
    "no monitoring": {"monitoring_rules_enabled": False, "monitoring_scraping_enabled": False},
}
FITTING = {
    "gateway": {"ingress_class": "gateway", "ingress_connections_per_client": 0, "ingress_annotations": {}},
    "traefik": {"ingress_class": "traefik"},
}


@pytest.mark.parametrize("variables", SOUND.values(), ids=list(SOUND))
def test_what_the_roles_make_keeps_every_rule(variables: dict[str, t.Any]) -> None:
    declared = manifests(**FITTING.get(variables.get("ingress_provider", ""), {}), **variables)
    assert evaluated(changed(lambda _objects: None, declared), declared) == []


@pytest.mark.parametrize(
    ("variables", "change", "words"),
    [
        ({"ingress_provider": "traefik"}, without("Middleware", "maestro-rate-limit"), "No rate limit"),
        (ENVOY, without("BackendTrafficPolicy"), "No rate limit"),
        (ENVOY, put(None, "Gateway", "spec", "listeners", 1, "tls"), "a listener without TLS"),
    ],
)
def test_the_ingress_is_judged_in_each_providers_terms(variables: dict[str, t.Any], change: Change, words: str) -> None:
    declared = manifests(**FITTING[variables["ingress_provider"]], **variables)
    (finding,) = evaluated(changed(change, declared), declared)
    assert finding.id == "posture-ingress"
    assert words in finding.message


def test_a_namespace_that_is_not_the_releases_is_its_owners_choice() -> None:
    declared = manifests(namespace_manage=False)
    live = Objects([*declared, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "maestro-system"}}])
    (finding,) = evaluated(live, declared)
    assert (finding.id, finding.severity) == ("posture-pod-security", "warning")
    assert "It enforces nothing" in finding.message


def test_who_changed_it_and_when_is_told() -> None:
    objects = changed(hpa(2, "minReplicas"))
    objects["HorizontalPodAutoscaler"]["metadata"]["managedFields"] = [
        {"manager": "intelgraph.maestro", "time": "2026-11-23T21:00:00Z"},
        {"manager": "kubectl-edit", "time": "2026-11-23T20:00:00Z"},
        {"manager": "kube-controller-manager", "time": "2026-11-23T22:00:00Z", "subresource": "status"},
    ]
    (finding,) = evaluated(objects)
    assert finding.since == "2026-11-23T20:00:00Z"
    assert finding.evidence == ("kubectl-edit changed it last, at 2026-11-23T20:00:00Z",)
    assert finding.next_step.startswith("Deploy again with maestro_takeover (another manager holds the field)")


def test_what_is_not_the_releases_is_to_be_removed_not_deployed() -> None:
    (finding,) = evaluated(changed(policy("debug", ingress=[{}])))
    assert finding.cause == "It is no object of release 12: somebody else made it."
    assert finding.next_step.startswith(
        "If nobody needs it: kubectl delete networkpolicy debug -n maestro-system. Else"
    )


@pytest.mark.parametrize(("manager", "operation"), [("intelgraph.maestro-initial", "Apply"), ("kubectl", "Update")])
def test_a_scale_that_is_given_once_is_no_rival_of_the_autoscaler(manager: str, operation: str) -> None:
    assert evaluated(changed(scaled_by(manager, operation))) == []


def test_the_gravest_comes_first() -> None:
    def both(objects: Objects) -> None:
        hpa(2, "minReplicas")(objects)
        in_pod(True, "hostNetwork")(objects)

    assert [finding.id for finding in evaluated(changed(both))] == ["posture-container", "posture-autoscaling"]
