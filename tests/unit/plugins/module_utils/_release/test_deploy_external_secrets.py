# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods follow the values of Secrets that somebody else keeps, and start with those of this release."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release import deploy as deploy_module
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import Release, assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.external_secret_digest import (
    digest_of,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import deploy, records, states
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    base64_of,
    deployment,
    manifest,
    namespace,
    service,
)
from tests.unit.rendering import only

READING: Manifest = {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "maestro-secrets"}}]}]}
SYNCED: Manifest = {"conditions": [{"type": "Ready", "status": "True"}]}
REFUSED: Manifest = {
    "conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "access denied"}]
}


def kept(cluster: ApiDouble, **values: str) -> None:
    """Somebody gives the Secret these values."""
    data = {name: base64_of(value) for name, value in values.items()}
    metadata = {"name": "maestro-secrets", "namespace": NAMESPACE}
    cluster.put({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def external(property_: str = "a") -> Manifest:
    data = [{"secretKey": "A", "remoteRef": {"key": "maestro", "property": property_}}]
    spec = {"target": {"name": "maestro-secrets"}, "data": data}
    return manifest("external-secrets.io/v1", "ExternalSecret", "maestro-secrets", spec=spec)


def release(*more: Manifest) -> Release:
    return assemble({"all": [namespace(), *more, deployment(**READING), autoscaler(), service()]}, {})


def mark(cluster: ApiDouble) -> str:
    live = cluster.live("deployments/maestro")
    assert live is not None
    return digest_of(live)


@pytest.fixture
def cluster() -> ApiDouble:
    cluster = ApiDouble(NAMESPACE)
    kept(cluster, A="one")
    return cluster


def test_a_value_that_changed_rolls_the_pods_and_is_told_without_itself(cluster: ApiDouble) -> None:
    deploy(cluster, release())
    before = mark(cluster)
    kept(cluster, A="two")
    again = deploy(cluster, release())
    assert again.changed
    assert [str(step.key) for step in again.plan.changes] == [f"Deployment {NAMESPACE}/maestro"]
    assert mark(cluster) not in ("", before)
    assert "pods-restart" in [finding.id for finding in again.all_risks()]
    assert "two" not in str(again.as_result())


def test_while_values_stay_nothing_changes(cluster: ApiDouble) -> None:
    deploy(cluster, release())
    before = cluster.versions()
    assert not deploy(cluster, release()).changed
    assert cluster.versions() == before


def test_no_record_holds_a_digest_so_a_restored_release_takes_the_value_of_now(cluster: ApiDouble) -> None:
    deploy(cluster, release())
    assert digest_of(only(m for m in records(cluster)[0].manifests if m["kind"] == "Deployment")) == ""


def test_a_secret_that_is_missing_for_a_moment_rolls_nothing(cluster: ApiDouble) -> None:
    deploy(cluster, release())
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/maestro-secrets")
    assert not deploy(cluster, release(), check=True).changed


def test_who_may_not_read_secrets_is_told_and_rolls_nothing(cluster: ApiDouble) -> None:
    deploy(cluster, release())
    before = mark(cluster)
    kept(cluster, A="two")
    cluster.fail("GET", "secrets/maestro-secrets", ApiError(403, "Forbidden", "secrets is forbidden"))
    assert not deploy(cluster, release()).changed
    assert mark(cluster) == before
    assert any("Pods do not follow" in warning for warning in cluster.warnings)


def test_pods_wait_for_the_sync_of_this_release(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator writes the Secret when the ExternalSecret has come: after the plan, before the pods."""
    cluster.unready["ExternalSecret maestro-secrets"] = SYNCED
    deploy(cluster, release(external()))
    before, plain = mark(cluster), cluster.settle

    def operator(item: Manifest) -> None:
        plain(item)
        if item["kind"] == "ExternalSecret":
            kept(cluster, A="two")

    monkeypatch.setattr(cluster, "settle", operator)
    deploy(cluster, release(external("b")))
    rolled = [path for method, path in cluster.writes if path == "deployments/maestro"]
    assert len(rolled) == 1
    assert mark(cluster) not in ("", before)
    assert not deploy(cluster, release(external("b"))).changed


def test_the_first_release_marks_its_pods_with_what_it_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    cluster.unready["ExternalSecret maestro-secrets"] = SYNCED
    plain: t.Callable[[Manifest], None] = cluster.settle

    def operator(item: Manifest) -> None:
        plain(item)
        if item["kind"] == "ExternalSecret":
            kept(cluster, A="one")

    monkeypatch.setattr(cluster, "settle", operator)
    assert deploy(cluster, release(external())).verdict == "passed"
    assert mark(cluster)
    assert not deploy(cluster, release(external())).changed


def test_what_a_source_refuses_ends_the_release_before_a_pod_is_touched(cluster: ApiDouble) -> None:
    cluster.unready["ExternalSecret maestro-secrets"] = REFUSED
    with pytest.raises(ReleaseFailed) as failed:
        deploy(cluster, release(external()), timeout=3)
    assert "access denied" in str(failed.value)
    assert cluster.live("deployments/maestro") is None
    assert states(cluster) == [(1, "failed")]


def test_values_are_read_again_only_when_their_source_has_brought_them(
    cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the second reading would stand in the place of what the source said."""
    cluster.unready["ExternalSecret maestro-secrets"] = REFUSED
    monkeypatch.setattr(deploy_module, "renewed", lambda *_: pytest.fail("the values were read again"))
    with pytest.raises(ReleaseFailed, match="access denied"):
        deploy(cluster, release(external()), timeout=3)
