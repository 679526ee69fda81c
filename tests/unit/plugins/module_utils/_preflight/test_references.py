# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects a manifest names without bringing them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.references import (
    all_references,
    keys_made,
    made_by,
)

from .builders import NAMESPACE, container, deployment, key, obj, pod_spec


def named_by(manifest: t.Any) -> dict[Key, tuple[str, ...]]:
    return {reference.target: reference.keys for reference in all_references([manifest], NAMESPACE)}


POD_CASES = [
    ({"containers": [container(envFrom=[{"secretRef": {"name": "s"}}])]}, {key("Secret", "s"): ()}),
    ({"containers": [container(envFrom=[{"configMapRef": {"name": "c"}}])]}, {key("ConfigMap", "c"): ()}),
    ({"containers": [container(envFrom=[{"secretRef": {"name": "s", "optional": True}}])]}, {}),
    (
        {"containers": [container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "a"}}}])]},
        {key("Secret", "s"): ("a",)},
    ),
    (
        {"containers": [container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])]},
        {},
    ),
    (
        {"initContainers": [container(envFrom=[{"secretRef": {"name": "i"}}])], "containers": []},
        {key("Secret", "i"): ()},
    ),
    ({"volumes": [{"name": "v", "secret": {"secretName": "s"}}], "containers": []}, {key("Secret", "s"): ()}),
    (
        {
            "volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}],
            "containers": [],
        },
        {key("ConfigMap", "c"): ("k",)},
    ),
    (
        {
            "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}, {"downwardAPI": {}}]}}],
            "containers": [],
        },
        {key("Secret", "s"): ()},
    ),
    (
        {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "p"}}], "containers": []},
        {key("PersistentVolumeClaim", "p"): ()},
    ),
    ({"imagePullSecrets": [{"name": "r"}], "containers": []}, {key("Secret", "r"): (".dockerconfigjson",)}),
    ({"serviceAccountName": "a", "containers": []}, {key("ServiceAccount", "a"): ()}),
    ({"priorityClassName": "p", "containers": []}, {key("PriorityClass", "p", "", "scheduling.k8s.io/v1"): ()}),
]


@pytest.mark.parametrize(("spec", "expected"), POD_CASES)
def test_a_pod_names(spec: t.Any, expected: t.Any) -> None:
    assert named_by(deployment(spec)) == expected


def test_the_keys_that_the_workload_requires_are_those_of_its_environment_secret() -> None:
    manifest = deployment(pod_spec(containers=[container(envFrom=[{"secretRef": {"name": "s"}}])]))
    manifest["metadata"]["annotations"] = {"maestro.intelgraph.ai/required-keys": "A,B"}
    assert named_by(manifest) == {key("Secret", "s"): ("A", "B")}


def test_several_readers_of_one_object_make_one_reference_with_all_keys() -> None:
    env = [{"name": n, "valueFrom": {"secretKeyRef": {"name": "s", "key": n}}} for n in ("a", "b", "a")]
    assert named_by(deployment(pod_spec(containers=[container(env=env)]))) == {key("Secret", "s"): ("a", "b")}


TLS = ("tls.crt", "tls.key")
OTHER_CASES = [
    (obj("networking.k8s.io/v1", "Ingress", spec={"tls": [{"secretName": "t"}]}), {key("Secret", "t"): TLS}),
    (
        obj("cert-manager.io/v1", "Certificate", spec={"secretName": "t", "issuerRef": {"name": "i"}}),
        {key("Issuer", "i", NAMESPACE, "cert-manager.io/v1"): ()},
    ),
    (
        obj(
            "cert-manager.io/v1",
            "Certificate",
            spec={"secretName": "t", "issuerRef": {"name": "i", "kind": "ClusterIssuer"}},
        ),
        {key("ClusterIssuer", "i", "", "cert-manager.io/v1"): ()},
    ),
    (
        obj("cert-manager.io/v1", "Certificate", spec={"secretName": "t", "issuerRef": {"name": "i", "group": "x.io"}}),
        {},
    ),
    (obj("cert-manager.io/v1", "Issuer", spec={"ca": {"secretName": "ca"}}), {key("Secret", "ca"): TLS}),
    (obj("cert-manager.io/v1", "Issuer", spec={"acme": {}}), {}),
    (
        obj(
            "external-secrets.io/v1",
            "ExternalSecret",
            spec={"secretStoreRef": {"name": "s", "kind": "ClusterSecretStore"}},
        ),
        {key("ClusterSecretStore", "s", "", "external-secrets.io/v1"): ()},
    ),
    (
        obj(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            spec={"listeners": [{"tls": {"certificateRefs": [{"name": "t"}]}}]},
        ),
        {key("Secret", "t"): TLS},
    ),
    (
        obj("gateway.networking.k8s.io/v1", "HTTPRoute", spec={"parentRefs": [{"name": "g", "namespace": "infra"}]}),
        {key("Gateway", "g", "infra", "gateway.networking.k8s.io/v1"): ()},
    ),
    (
        obj(
            "monitoring.coreos.com/v1alpha1",
            "AlertmanagerConfig",
            spec={"receivers": [{"slackConfigs": [{"apiURL": {"name": "a", "key": "url"}}]}]},
        ),
        {key("Secret", "a"): ("url",)},
    ),
    (
        obj("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef={"kind": "ClusterRole", "name": "view"}),
        {key("ClusterRole", "view", "", "rbac.authorization.k8s.io/v1"): ()},
    ),
    (obj("v1", "ServiceAccount", imagePullSecrets=[{"name": "r"}]), {key("Secret", "r"): (".dockerconfigjson",)}),
    (obj("v1", "Service", spec={}), {}),
]


@pytest.mark.parametrize(
    ("manifest", "expected"), OTHER_CASES, ids=lambda value: value.get("kind", "") if isinstance(value, dict) else ""
)
def test_an_object_names(manifest: t.Any, expected: t.Any) -> None:
    assert named_by(manifest) == expected


def test_controllers_make_secrets() -> None:
    certificate = obj("cert-manager.io/v1", "Certificate", spec={"secretName": "t", "issuerRef": {"name": "i"}})
    external = obj("external-secrets.io/v1", "ExternalSecret", "e", spec={"target": {"name": "s"}})
    unnamed = obj("external-secrets.io/v1", "ExternalSecret", "e", spec={})
    assert made_by(certificate) == key("Secret", "t")
    assert made_by(external) == key("Secret", "s")
    assert made_by(unnamed) == key("Secret", "e")
    assert made_by(obj("v1", "Service", spec={})) is None


def test_the_keys_that_an_object_will_have() -> None:
    assert keys_made(obj("v1", "Secret", stringData={"A": "(secret)"})) == frozenset({"A"})
    assert keys_made(obj("v1", "ConfigMap", data={"config.yaml": ""})) == frozenset({"config.yaml"})
    assert keys_made(obj("cert-manager.io/v1", "Certificate", spec={})) is None


FETCHED = [{"secretKey": "A"}, {"secretKey": "B"}]


@pytest.mark.parametrize(
    ("fields", "template", "expected"),
    [
        ({"data": FETCHED}, {}, {"A", "B"}),
        ({"data": FETCHED}, {"type": "kubernetes.io/tls"}, {"A", "B"}),
        ({"data": FETCHED}, {"data": {}}, {"A", "B"}),
        ({"data": FETCHED}, {"data": {"C": "{{ .A }}"}}, {"C"}),
        ({"data": FETCHED}, {"data": {"C": "{{ .A }}"}, "mergePolicy": "Replace"}, {"C"}),
        ({"data": FETCHED}, {"data": {"C": "{{ .A }}"}, "mergePolicy": "Merge"}, {"A", "B", "C"}),
        ({"data": FETCHED}, {"data": {"C": ""}, "templateFrom": [{}]}, None),
        ({"dataFrom": [{}]}, {}, None),
        ({"dataFrom": [{}]}, {"data": {"C": "{{ .A }}"}}, {"C"}),
        ({"dataFrom": [{}]}, {"data": {"C": "{{ .A }}"}, "mergePolicy": "Merge"}, None),
    ],
)
def test_the_keys_that_an_external_secret_will_have(fields: t.Any, template: t.Any, expected: t.Any) -> None:
    spec = {**fields, "target": {"template": template}}
    assert keys_made(obj("external-secrets.io/v1", "ExternalSecret", spec=spec)) == expected
