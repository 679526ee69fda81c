# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three roles together, over many inventories: whatever the rules let through renders to objects that fit."""

from __future__ import annotations

import re
import typing as t

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import quantity
from tests.unit.rendering import Manifest, of_kind, only, render
from tests.unit.roles.restricted import violations
from tests.unit.roles.test_workload import BEHIND_NLB

CLUSTER_SCOPED = {"Namespace", "StorageClass"}
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs", "Cc")), max_size=12)
HOSTS = st.sampled_from(["", "10.1.2.3", "db.data.svc", "maestro.abc.rds.amazonaws.com", "fd00::5"])
IDENTITIES = st.sampled_from(
    [
        {"provider": "none"},
        {"provider": "pod-identity"},
        {"provider": "irsa", "role": "arn:aws:iam::123456789012:role/maestro"},
        {"provider": "gke", "role": "maestro@project.iam.gserviceaccount.com"},
        {"provider": "azure", "client_id": "00000000-0000-0000-0000-00000000abcd"},
    ]
)
SERVICES = st.sampled_from(
    [
        {"workload_service_type": "ClusterIP"},
        {"workload_service_type": "LoadBalancer", "workload_service_nlb": False},
        {**BEHIND_NLB, "maestro_identity": {"provider": "pod-identity"}},
    ]
)
PERSISTENCE = st.sampled_from(
    [
        {"workload_persistence_mode": "none"},
        {"workload_persistence_mode": "ephemeral"},
        {
            "workload_persistence_mode": "statefulset",
            "workload_storage_class_create": False,
            "workload_storage_class": "",
        },
        {"workload_persistence_mode": "shared", "workload_storage_class_provisioner": "efs.csi.aws.com"},
    ]
)
SECRETS = st.fixed_dictionaries(
    {
        "secrets_external_provider": st.sampled_from(["aws", "gcp", "azure", "vault"]),
        "secrets_external_remote_key": st.just("maestro"),
        "secrets_external_registry_remote_key": st.just("ghcr"),
        "secrets_external_tls_remote_key": st.sampled_from(["", "tls"]),
        "secrets_external_aws_region": st.just("eu-west-1"),
        "secrets_external_gcp_project": st.just("intelgraph"),
        "secrets_external_azure_vault_url": st.just("https://intelgraph.vault.azure.net"),
        "secrets_external_vault_server": st.just("https://vault.example"),
        "secrets_external_vault_role": st.just("maestro"),
    }
)
SHARED = st.fixed_dictionaries(
    {
        "maestro_name": NAMES,
        "maestro_namespace": NAMES,
        "maestro_labels": st.dictionaries(NAMES, NAMES, max_size=2),
        "maestro_registry_secret": st.booleans(),
        "maestro_identity": IDENTITIES,
        "maestro_database": st.fixed_dictionaries({"host": HOSTS, "port": st.integers(1, 65535)}),
        "maestro_redis": st.fixed_dictionaries({"host": HOSTS, "tls": st.booleans()}),
        "secrets_source": st.sampled_from(["existing", "external"]),
        "namespace_pod_to_pod": st.booleans(),
        "namespace_acme_solver": st.booleans(),
        "namespace_prometheus_namespaces": st.lists(NAMES, max_size=2),
        "workload_autoscaling_enabled": st.booleans(),
        "workload_autoscaling_min_replicas": st.integers(3, 6),
        "workload_environment": st.dictionaries(st.from_regex(r"X_[A-Z]{1,5}", fullmatch=True), TEXT, max_size=3),
        "workload_settings_extra": st.dictionaries(NAMES, st.dictionaries(NAMES, TEXT | st.integers()), max_size=2),
        "workload_image_digest": st.sampled_from(["", "sha256:" + "a" * 64]),
        "workload_limits_memory": st.sampled_from(["1Gi", "1500M", "4Gi"]),
    }
)
INVENTORIES = st.builds(
    lambda *parts: {key: value for part in parts for key, value in part.items()}, SHARED, PERSISTENCE, SECRETS, SERVICES
)


def release(inventory: dict[str, t.Any]) -> list[Manifest]:
    """All manifests of the three roles, as one release would apply them."""
    return [
        manifest
        for role in ("namespace", "secrets", "workload")
        for manifest in render(
            role, **{name: value for name, value in inventory.items() if name.startswith((role, "maestro"))}
        )
    ]


def workload_of(manifests: list[Manifest]) -> Manifest:
    return t.cast("Manifest", only([*of_kind(manifests, "Deployment"), *of_kind(manifests, "StatefulSet")]))


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes at half a second for an example
    suppress_health_check=[HealthCheck.too_slow],
)
@given(INVENTORIES)
def test_whatever_passes_the_rules_fits_together(inventory: dict[str, t.Any]) -> None:
    manifests = release(inventory)
    workload = workload_of(manifests)
    identities_are_sound(manifests, inventory)
    selectors_find_the_pods(manifests, workload)
    pods_are_sound(workload["spec"]["template"]["spec"])
    references_lead_somewhere(manifests, workload, inventory)
    the_scaler_and_the_budget_agree(manifests, workload)
    settings_survive(manifests, inventory)


def identities_are_sound(manifests: list[Manifest], inventory: dict[str, t.Any]) -> None:
    keys = [key_of(manifest) for manifest in manifests]
    assert len(keys) == len(set(keys))
    for key, manifest in zip(keys, manifests, strict=True):
        assert DNS_LABEL.fullmatch(key.name), key
        assert key.namespace == ("" if key.kind in CLUSTER_SCOPED else inventory["maestro_namespace"])
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == inventory["maestro_name"]
        assert all(isinstance(value, str) and LABEL_VALUE.fullmatch(value) for value in labels.values())


def selectors_find_the_pods(manifests: list[Manifest], workload: Manifest) -> None:
    labels = workload["spec"]["template"]["metadata"]["labels"].items()
    selectors = [workload["spec"]["selector"]["matchLabels"]]
    selectors += [service["spec"]["selector"] for service in of_kind(manifests, "Service")]
    selectors += [budget["spec"]["selector"]["matchLabels"] for budget in of_kind(manifests, "PodDisruptionBudget")]
    for policy in of_kind(manifests, "NetworkPolicy"):
        wanted = policy["spec"]["podSelector"].get("matchLabels", {})
        if "acme.cert-manager.io/http01-solver" not in wanted:
            selectors.append(wanted)
    assert all(selector.items() <= labels for selector in selectors)


def pods_are_sound(pod: Manifest) -> None:
    assert violations(pod) == []
    container = only(pod["containers"])
    for name, request in container["resources"]["requests"].items():
        assert quantity.parse(request) <= quantity.parse(container["resources"]["limits"][name])
    ports = {port["name"] for port in container["ports"]}
    probes = [container[name] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert all(probe["httpGet"]["port"] in ports for probe in probes)
    assert {mount["name"] for mount in container["volumeMounts"]} <= {
        "data",
        *(item["name"] for item in pod["volumes"]),
    }
    names = [item["name"] for item in container["env"]]
    assert len(names) == len(set(names))


def references_lead_somewhere(manifests: list[Manifest], workload: Manifest, inventory: dict[str, t.Any]) -> None:
    pod = workload["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == only(of_kind(manifests, "ServiceAccount"))["metadata"]["name"]
    config = only(volume for volume in pod["volumes"] if volume["name"] == "config")
    assert config["configMap"]["name"] == only(of_kind(manifests, "ConfigMap"))["metadata"]["name"]
    copied = {manifest["spec"]["target"]["name"] for manifest in of_kind(manifests, "ExternalSecret")}
    used = {source["secretRef"]["name"] for source in only(pod["containers"])["envFrom"]}
    used |= {secret["name"] for secret in pod.get("imagePullSecrets", [])}
    assert inventory["secrets_source"] == "existing" or used <= copied
    claims = {claim["metadata"]["name"] for claim in of_kind(manifests, "PersistentVolumeClaim")}
    mounted = {item["persistentVolumeClaim"]["claimName"] for item in pod["volumes"] if "persistentVolumeClaim" in item}
    assert mounted == claims
    targets = [(port["targetPort"]) for service in of_kind(manifests, "Service") for port in service["spec"]["ports"]]
    assert set(targets) == {"http", "metrics"}


def the_scaler_and_the_budget_agree(manifests: list[Manifest], workload: Manifest) -> None:
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == (workload["kind"], workload["metadata"]["name"])
        assert scaler["spec"]["minReplicas"] == workload["spec"]["replicas"] <= scaler["spec"]["maxReplicas"]
    budget = only(of_kind(manifests, "PodDisruptionBudget"))["spec"]["maxUnavailable"]
    assert 1 <= budget < workload["spec"]["replicas"]


def settings_survive(manifests: list[Manifest], inventory: dict[str, t.Any]) -> None:
    """What the YAML file in the ConfigMap reads as is what the inventory said, special characters and all."""
    read = yaml.safe_load(only(of_kind(manifests, "ConfigMap"))["data"]["config.yaml"])
    for section, given_settings in inventory["workload_settings_extra"].items():
        assert read[section].items() >= given_settings.items()
    env = {
        item["name"]: item.get("value")
        for item in only(workload_of(manifests)["spec"]["template"]["spec"]["containers"])["env"]
    }
    assert env.items() >= inventory["workload_environment"].items()
