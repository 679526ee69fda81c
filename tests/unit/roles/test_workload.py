# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the workload role contributes, line by line of the report and of the rules that the deployment keeps."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.errors import AnsibleActionFail

from tests.unit.rendering import Manifest, of_kind, only, render
from tests.unit.roles.restricted import violations

DIGEST = "sha256:" + "0123456789abcdef" * 4
BEHIND_NLB = {
    "workload_service_type": "LoadBalancer",
    "workload_pre_stop_seconds": 120,
    "workload_termination_grace_seconds": 425,
}
SELECTOR = {
    "app.kubernetes.io/name": "maestro",
    "app.kubernetes.io/instance": "maestro",
    "app.kubernetes.io/component": "control-plane",
}


def one(kind: str, **variables: t.Any) -> Manifest:
    return t.cast("Manifest", only(of_kind(render("workload", **variables), kind)))


def pod(kind: str = "Deployment", **variables: t.Any) -> Manifest:
    return t.cast("Manifest", one(kind, **variables)["spec"]["template"]["spec"])


def container(**variables: t.Any) -> Manifest:
    return t.cast("Manifest", only(pod(**variables)["containers"]))


def environment(**variables: t.Any) -> dict[str, t.Any]:
    """Each variable's value, or the path of the field that it comes from."""
    named = {item["name"]: item for item in container(**variables)["env"]}
    return {
        name: item["value"] if "value" in item else item["valueFrom"]["fieldRef"]["fieldPath"]
        for name, item in named.items()
    }


def settings(**variables: t.Any) -> Manifest:
    return t.cast("Manifest", yaml.safe_load(one("ConfigMap", **variables)["data"]["config.yaml"]))


# "Application Settings", the report's YAML
REPORT = """
orchestration: {enabled: true, maxConcurrentSources: 15, defaultStrategy: consensus, timeoutSeconds: 300}
premium: {enabled: true, budgetThreshold: 5.0, routingStrategy: thompson_sampling}
compliance: {enabled: true, auditTrail: true, policyDecisionPoint: "http://pdp.security:8181"}
monitoring: {metrics: true, tracing: true, healthChecks: true}
"""


def test_the_settings_are_the_reports() -> None:
    rendered = settings()
    assert rendered.pop("logging") == {"format": "json", "level": "info"}
    assert rendered == yaml.safe_load(REPORT)
    assert list(rendered) == ["orchestration", "premium", "compliance", "monitoring"]


def test_further_settings_are_merged_into_the_sections() -> None:
    extra = {"premium": {"budgetThreshold": 1}, "server": {"keepAliveTimeoutSeconds": 75}}
    rendered = settings(workload_settings_extra=extra, workload_logging_level="debug")
    assert rendered["premium"] == {"enabled": True, "budgetThreshold": 1, "routingStrategy": "thompson_sampling"}
    assert rendered["server"] == {"keepAliveTimeoutSeconds": 75}
    assert rendered["logging"]["level"] == "debug"


def test_old_pods_keep_old_settings() -> None:
    assert one("ConfigMap")["immutable"] is True


def test_private_certificate_authorities_are_mounted_and_named() -> None:
    bundle = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    assert one("ConfigMap", workload_ca_bundle=bundle)["data"]["ca.crt"] == bundle
    assert environment(workload_ca_bundle=bundle)["NODE_EXTRA_CA_CERTS"] == "/etc/maestro/ca.crt"
    assert "NODE_EXTRA_CA_CERTS" not in environment()


# "Image Tags: ghcr.io/brianlong/intelgraph/maestro-control-plane:2.0.0-prod"
def test_the_image_is_the_reports_and_may_be_pinned_by_digest() -> None:
    image = "ghcr.io/brianlong/intelgraph/maestro-control-plane:2.0.0-prod"
    assert container()["image"] == image
    assert container(workload_image_digest=DIGEST)["image"] == f"{image}@{DIGEST}"
    assert pod()["imagePullSecrets"] == [{"name": "maestro-registry"}]
    assert "imagePullSecrets" not in pod(maestro_registry_secret=False)


# "Non-root user (UID: 10001)", "Read-only root filesystem", "Dropped all capabilities",
# "Privilege escalation disabled", "Security context properly configured"
@pytest.mark.parametrize("mode", ["none", "ephemeral", "statefulset"])
def test_pods_pass_the_restricted_standard_and_what_it_leaves_out(mode: str) -> None:
    spec = pod("StatefulSet" if mode == "statefulset" else "Deployment", workload_persistence_mode=mode)
    assert violations(spec) == []
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["runAsGroup"] == 10001
    assert spec["securityContext"]["fsGroup"] == 10001
    assert spec["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert spec["serviceAccountName"] == "maestro"
    assert spec["enableServiceLinks"] is False


@pytest.mark.parametrize("field", ["allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"])
def test_the_check_of_the_restricted_standard_can_fail(field: str) -> None:
    spec = pod()
    del spec["containers"][0]["securityContext"][field]
    assert violations(spec) != []


# "Requests: 1Gi memory, 500m CPU", "Limits: 4Gi memory, 2000m CPU"
def test_the_resources_are_the_reports() -> None:
    resources = container()["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == ("500m", "1Gi")
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == ("2000m", "4Gi")


@pytest.mark.parametrize(("limit", "heap"), [("4Gi", 3072), ("512Mi", 384), ("1000M", 714)])
def test_the_heap_leaves_a_quarter_of_the_memory_to_the_rest(limit: str, heap: int) -> None:
    variables = {"workload_limits_memory": limit, "workload_requests_memory": "256Mi"}
    assert environment(**variables)["NODE_OPTIONS"] == f"--max-old-space-size={heap}"


# "Temporary Storage: EmptyDir volumes with size limits"
def test_what_may_be_written_is_bounded() -> None:
    sizes = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in pod()["volumes"] if "emptyDir" in volume}
    assert sizes == {"tmp": "1Gi", "cache": "1Gi"}
    mounts = {mount["name"]: mount for mount in container()["volumeMounts"]}
    assert mounts["config"] == {"name": "config", "mountPath": "/etc/maestro", "readOnly": True}
    assert {name: mount["mountPath"] for name, mount in mounts.items()} == {
        "config": "/etc/maestro",
        "tmp": "/tmp",
        "cache": "/var/cache/maestro",
    }


def test_the_environment_says_where_the_pod_runs_and_what_it_is() -> None:
    found = environment()
    assert found["MAESTRO_CONFIG"] == "/etc/maestro/config.yaml"
    assert found["POD_NAME"] == "metadata.name"
    assert found["POD_NAMESPACE"] == "metadata.namespace"
    assert found["NODE_NAME"] == "spec.nodeName"
    assert found["MAESTRO_ZONE"] == "metadata.labels['topology.kubernetes.io/zone']"
    assert found["MAESTRO_REVISION"] == "metadata.labels['pod-template-hash']"


def test_secrets_come_from_the_secret_alone() -> None:
    assert container()["envFrom"] == [{"secretRef": {"name": "maestro-secrets"}}]
    assert container(maestro_secret_name="kept-elsewhere")["envFrom"] == [{"secretRef": {"name": "kept-elsewhere"}}]


def test_the_deployment_says_which_keys_its_secret_must_have() -> None:
    annotations = one("Deployment")["metadata"]["annotations"]
    assert annotations["maestro.intelgraph.ai/required-keys"] == (
        "DATABASE_URL,REDIS_URL,OPENAI_API_KEY,ANTHROPIC_API_KEY,JWT_SIGNING_KEY,EXTERNAL_SERVICE_TOKEN"
    )


def test_a_database_without_a_url_is_placed_by_the_environment() -> None:
    keys = ["DATABASE_USERNAME", "DATABASE_PASSWORD", "REDIS_URL"]
    database = {"host": "10.0.0.5", "port": 5433, "name": "graph", "tls": True}
    found = environment(maestro_required_secret_keys=keys, maestro_database=database)
    assert found["DATABASE_HOST"] == "10.0.0.5"
    assert (found["DATABASE_PORT"], found["DATABASE_NAME"]) == ("5433", "graph")
    assert found["DATABASE_SSLMODE"] == "verify-full"
    assert "DATABASE_HOST" not in environment()


# "Replicas: 3 instances minimum with auto-scaling (3-10 replicas)", "Strategy: Rolling updates with zero downtime"
def test_three_replicas_are_updated_without_losing_one() -> None:
    spec = one("Deployment")["spec"]
    assert spec["replicas"] == 3
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert spec["selector"] == {"matchLabels": SELECTOR}
    assert one("Deployment", workload_autoscaling_enabled=False, workload_replicas=5)["spec"]["replicas"] == 5


# "HPA Metrics: CPU (70%) and Memory (80%) utilization", "Scale Up: 100% increase every 15 seconds (max)",
# "Scale Down: 10% decrease every 60 seconds (stabilized)", "Min/Max Replicas: 3-10 replicas"
def test_the_autoscaler_is_the_reports() -> None:
    spec = one("HorizontalPodAutoscaler")["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "maestro"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 10)
    metrics = {item["containerResource"]["name"]: item["containerResource"] for item in spec["metrics"]}
    assert {name: metric["target"]["averageUtilization"] for name, metric in metrics.items()} == {
        "cpu": 70,
        "memory": 80,
    }
    assert {metric["container"] for metric in metrics.values()} == {container()["name"]}
    up, down = spec["behavior"]["scaleUp"], spec["behavior"]["scaleDown"]
    assert up["policies"] == [{"type": "Percent", "value": 100, "periodSeconds": 15}]
    assert down["policies"] == [{"type": "Percent", "value": 10, "periodSeconds": 60}]
    assert (up["stabilizationWindowSeconds"], down["stabilizationWindowSeconds"]) == (0, 300)


def test_a_metric_of_zero_percent_is_off() -> None:
    metrics = one("HorizontalPodAutoscaler", workload_autoscaling_memory_percent=0)["spec"]["metrics"]
    assert [item["containerResource"]["name"] for item in metrics] == ["cpu"]


# "Pod Disruption Budget: Minimum 2 available replicas during maintenance"
def test_the_budget_keeps_two_of_three_and_never_blocks_a_drain() -> None:
    spec = one("PodDisruptionBudget")["spec"]
    assert one("HorizontalPodAutoscaler")["spec"]["minReplicas"] - spec["maxUnavailable"] == 2
    assert spec["maxUnavailable"] >= 1
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert spec["selector"] == {"matchLabels": SELECTOR}


# "Pod Anti-Affinity: Distributed across nodes and availability zones"
def test_pods_spread_over_zones_and_prefer_different_hosts() -> None:
    spec = pod()
    zone = only(spec["topologySpreadConstraints"])
    assert zone["topologyKey"] == "topology.kubernetes.io/zone"
    assert zone["maxSkew"] == 1
    assert zone["matchLabelKeys"] == ["pod-template-hash"]
    assert zone["whenUnsatisfiable"] == "DoNotSchedule"
    assert zone["nodeTaintsPolicy"] == "Honor"
    affinity = spec["affinity"]["podAntiAffinity"]
    assert "requiredDuringSchedulingIgnoredDuringExecution" not in affinity
    term = only(affinity["preferredDuringSchedulingIgnoredDuringExecution"])["podAffinityTerm"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"] == zone["labelSelector"] == {"matchLabels": SELECTOR}


# "Liveness Probe: /healthz endpoint with 30s initial delay", "Readiness Probe: /readyz endpoint with 5s intervals",
# "Startup Probe: 300s timeout for initial startup"
def test_the_probes_are_the_reports() -> None:
    found = container()
    live, ready, start = (found[name] for name in ("livenessProbe", "readinessProbe", "startupProbe"))
    assert (live["httpGet"], live["initialDelaySeconds"]) == ({"path": "/healthz", "port": "http"}, 30)
    assert (ready["httpGet"], ready["periodSeconds"]) == ({"path": "/readyz", "port": "http"}, 5)
    assert start["periodSeconds"] * start["failureThreshold"] == 300
    assert min(probe["timeoutSeconds"] for probe in (live, ready, start)) >= 3


@pytest.mark.parametrize(("timeout", "period", "failures"), [(300, 5, 60), (10, 3, 4), (1, 5, 1)])
def test_a_start_gets_at_least_the_time_that_it_is_given(timeout: int, period: int, failures: int) -> None:
    variables = {"workload_startup_timeout_seconds": timeout, "workload_startup_period_seconds": period}
    assert container(**variables)["startupProbe"]["failureThreshold"] == failures


def test_a_pod_that_stops_finishes_what_it_has_begun() -> None:
    spec, begun = pod(), settings()["orchestration"]["timeoutSeconds"]
    stop = only(spec["containers"])["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert stop >= 10
    assert spec["terminationGracePeriodSeconds"] >= stop + begun + 5


# "Format: Structured JSON logging", "Aggregation: FluentBit to centralized logging",
# "Retention: Configurable log rotation and retention"
def test_logs_are_collected_parsed_and_kept_as_said() -> None:
    annotations = one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["fluentbit.io/parser"] == "json"
    assert annotations["fluentbit.io/exclude"] == "false"
    assert annotations["maestro.intelgraph.ai/log-retention-days"] == "30"
    off = one("Deployment", workload_logging_collected=False, workload_logging_parser="")["spec"]["template"][
        "metadata"
    ]
    assert off["annotations"]["fluentbit.io/exclude"] == "true"
    assert "fluentbit.io/parser" not in off["annotations"]


# "Service Type: ClusterIP with AWS NLB annotations", "/metrics on port 9090"
def test_the_service_is_a_cluster_ip_with_nlb_annotations() -> None:
    service = one("Service")
    assert service["spec"]["type"] == "ClusterIP"
    assert {port["name"]: (port["port"], port["targetPort"]) for port in service["spec"]["ports"]} == {
        "http": (8080, "http"),
        "metrics": (9090, "metrics"),
    }
    prefix = "service.beta.kubernetes.io/aws-load-balancer-"
    nlb = {key.removeprefix(prefix): value for key, value in service["metadata"]["annotations"].items()}
    assert (nlb["type"], nlb["nlb-target-type"], nlb["scheme"]) == ("external", "ip", "internal")
    assert "preserve_client_ip.enabled=true" in nlb["target-group-attributes"]
    assert one("Service", workload_service_nlb=False)["metadata"]["annotations"] == {}


def test_a_load_balancer_never_shows_the_metrics() -> None:
    manifests = render("workload", **BEHIND_NLB, workload_service_source_ranges=["203.0.113.0/24"])
    services = {item["metadata"]["name"]: item["spec"] for item in of_kind(manifests, "Service")}
    assert [port["name"] for port in services["maestro"]["ports"]] == ["http"]
    assert services["maestro"]["loadBalancerSourceRanges"] == ["203.0.113.0/24"]
    assert services["maestro-metrics"]["type"] == "ClusterIP"
    assert [port["name"] for port in services["maestro-metrics"]["ports"]] == ["metrics"]


def test_node_ports_are_spared_where_the_load_balancer_targets_pods() -> None:
    """Other clouds' load balancers come through node ports and would never get an address."""

    def spec(**variables: t.Any) -> Manifest:
        services = of_kind(render("workload", **variables), "Service")
        return t.cast("Manifest", only(item["spec"] for item in services if item["metadata"]["name"] == "maestro"))

    assert spec(**BEHIND_NLB)["allocateLoadBalancerNodePorts"] is False
    assert "allocateLoadBalancerNodePorts" not in spec(**BEHIND_NLB, workload_service_nlb=False)
    assert "allocateLoadBalancerNodePorts" not in spec()


def test_the_place_of_the_pods_can_be_chosen() -> None:
    toleration = {"key": "dedicated", "operator": "Equal", "value": "maestro", "effect": "NoSchedule"}
    spec = pod(
        workload_priority_class="critical",
        workload_node_selector={"pool": "maestro"},
        workload_tolerations=[toleration],
        workload_environment={"HTTPS_PROXY": "http://proxy:3128"},
        workload_pod_annotations={"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
    )
    assert spec["priorityClassName"] == "critical"
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "maestro"}
    assert spec["tolerations"] == [toleration]
    assert {"name": "HTTPS_PROXY", "value": "http://proxy:3128"} in spec["containers"][0]["env"]


def test_azure_pods_ask_for_their_identity() -> None:
    identity = {"provider": "azure", "client_id": "00000000-0000-0000-0000-00000000abcd"}
    labels = one("Deployment", maestro_identity=identity)["spec"]["template"]["metadata"]["labels"]
    assert labels["azure.workload.identity/use"] == "true"
    assert "azure.workload.identity/use" not in one("Deployment")["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"workload_imag": "x"}, "Did you mean workload_image?"),
        ({"workload_replicas": "three"}, "workload_replicas must be a whole number"),
        ({"workload_autoscaling_enabled": "maybe"}, "workload_autoscaling_enabled must be a boolean"),
        ({"workload_persistence_mode": "shared"}, "ebs.csi.aws.com makes volumes that one node mounts at a time"),
        ({"workload_image": "ghcr.io/x/y:latest"}, "needs a tag other than latest"),
        ({"workload_tolerations": [{"keys": "x"}]}, "workload_tolerations[0].keys is not known"),
    ],
    ids=["misspelt", "string-for-number", "string-for-boolean", "persistence", "latest", "nested"],
)
def test_a_wrong_variable_is_refused_by_name(variables: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleActionFail, match="nothing was changed") as refusal:
        render("workload", **variables)
    assert words in str(refusal.value)


@pytest.mark.parametrize("keys", [[], ["DATABASE_USERNAME", "DATABASE_PASSWORD"]])
def test_no_variable_that_the_template_sets_can_be_set_otherwise(keys: list[str]) -> None:
    given = {"maestro_required_secret_keys": keys} if keys else {}
    names = set(environment(workload_ca_bundle="-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", **given))
    assert {"NODE_ENV", "XDG_CACHE_HOME", "NODE_EXTRA_CA_CERTS"} <= names
    for name in names:
        with pytest.raises(AnsibleActionFail, match=f"workload_environment.{name} is set by the role itself"):
            environment(workload_environment={name: "x"})
