# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is there what the manifests name but do not bring?"""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Unknown
from tests.unit.rendering import only

from ..builders import container, deployment, findings, ids, key, obj, pod_spec, snapshot

SECRET = key("Secret", "app")


def reading(keys: str = "A,B") -> t.Any:
    manifest = deployment(pod_spec(containers=[container(envFrom=[{"secretRef": {"name": "app"}}])]))
    manifest["metadata"]["annotations"] = {"maestro.intelgraph.ai/required-keys": keys}
    return manifest


def live(**keys: bool) -> t.Any:
    return snapshot(live={SECRET: obj("v1", "Secret", "app", data=keys)})


def test_a_secret_that_is_not_there_is_refused_with_its_user_and_keys() -> None:
    finding = only(findings(reading(), snapshot=snapshot(live={SECRET: None})))
    assert (finding.id, finding.object) == ("reference-missing", "Secret maestro-system/app")
    assert "Deployment maestro-system/maestro needs it" in finding.message
    assert "A, B" in finding.message
    assert "does not exist yet" not in finding.message


def test_it_is_said_when_even_the_namespace_is_missing() -> None:
    assert (
        "namespace itself does not exist"
        in only(findings(reading(), snapshot=snapshot(live={SECRET: None}, namespace=None))).message
    )


def test_a_key_that_is_missing_or_empty_is_named() -> None:
    finding = only(findings(reading("A,B,C"), snapshot=live(A=True, B=False)))
    assert finding.id == "secret-keys-missing"
    assert "reads B, C, missing or empty" in finding.message
    assert findings(reading(), snapshot=live(A=True, B=True)) == []


def test_what_the_release_brings_is_looked_at_instead() -> None:
    whole = obj("v1", "Secret", "app", stringData={"A": "(secret)", "B": "(secret)"})
    assert findings(reading(), whole, snapshot=snapshot(live={SECRET: None})) == []
    partly = obj("v1", "Secret", "app", stringData={"A": "(secret)"})
    assert "reads B" in only(findings(reading(), partly)).message


def test_what_a_controller_will_make_is_not_missed() -> None:
    store = {"name": "s", "kind": "ClusterSecretStore"}
    made = {"target": {"name": "app"}, "secretStoreRef": store, "data": [{"secretKey": "A"}]}
    external = obj("external-secrets.io/v1", "ExternalSecret", "e", spec=made)
    finding = only(findings(reading(), external, controller_severity="off"))
    assert finding.id == "secret-keys-missing"
    assert "(from ExternalSecret maestro-system/e)" in finding.message
    made["data"].append({"secretKey": "B"})  # type: ignore[attr-defined]
    assert findings(reading(), external, controller_severity="off") == []


def test_a_store_or_issuer_that_is_not_there_is_refused() -> None:
    issuer = key("ClusterIssuer", "letsencrypt", "", "cert-manager.io/v1")
    spec = {"secretName": "t", "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}}
    certificate = obj("cert-manager.io/v1", "Certificate", spec=spec)
    found = findings(certificate, snapshot=snapshot(live={issuer: None}), controller_severity="off")
    assert only(found).object == "ClusterIssuer letsencrypt"


def test_what_may_not_be_read_is_a_note() -> None:
    unknown = snapshot(live={SECRET: Unknown("read Secret app", "you may not", True)})
    assert ids(findings(reading(), snapshot=unknown)) == ["fact-unknown"]


def test_a_config_map_has_keys_too() -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "a"}}}]
    manifest = deployment(pod_spec(containers=[container(env=env)]))
    empty = snapshot(live={key("ConfigMap", "c"): obj("v1", "ConfigMap", "c", data={"b": "1"})})
    assert "reads a" in only(findings(manifest, snapshot=empty)).message
