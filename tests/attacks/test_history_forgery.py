# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on the history of a release, each by an account that may do no more than its Role says.

The attacker wants the next deploy or rollback, which runs with the deployer's rights, to make them cluster-admin, to
stop it for ever, or to use up its machine.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import gzip
import json
import time
import tracemalloc
import typing as t
import zlib

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Ending
from ansible_collections.intelgraph.maestro.plugins.modules import release
from tests.integration.conftest import cluster, lab, namespace
from tests.integration.releasing import Manifest, Releaser, defaults, look_back, make, manifest

__all__ = ["cluster", "lab", "namespace"]

RBAC = "rbac.authorization.k8s.io/v1"
LABEL = "maestro.intelgraph.ai/"
KEY = "a key of the test, of more than 32 characters"
MEBIBYTE = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Attacker:
    """An account of the namespace that may write one resource, and its API."""

    namespace: str
    api: Cluster
    group: str = ""

    def put(self, plural: str, body: Manifest) -> None:
        self.api.create(f"/api/v1/namespaces/{self.namespace}/{plural}", body)

    def may(self, verb: str, plural: str) -> bool:
        attributes = {"namespace": self.namespace, "verb": verb, "group": self.group, "resource": plural}
        review = {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
        body = {**review, "apiVersion": "authorization.k8s.io/v1"}
        return bool(
            self.api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)["status"]["allowed"]
        )


@contextlib.contextmanager
def attacker(
    lab: dict[str, t.Any], cluster: Cluster, namespace: str, resource: str, group: str = ""
) -> t.Iterator[Attacker]:
    """An account whose Role lets it read and write this one resource in the namespace, and nothing else."""
    rule = {"apiGroups": [group], "resources": [resource], "verbs": ["*"]}
    role = {"apiVersion": RBAC, "kind": "Role", "metadata": {"name": "attacker", "namespace": namespace}}
    subject = {"kind": "User", "name": "attacker", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "attacker", "apiGroup": "rbac.authorization.k8s.io"}
    base = f"/apis/{RBAC}/namespaces/{namespace}"
    cluster.create(f"{base}/roles", {**role, "rules": [rule]})
    cluster.create(f"{base}/rolebindings", {**role, "kind": "RoleBinding", "roleRef": reference, "subjects": [subject]})
    params = {**defaults(release), "kubeconfig": lab["kubeconfig"], "impersonate_user": "attacker"}
    with Cluster.connect(params) as api:
        found = Attacker(namespace, api, group)
        deadline = time.monotonic() + 10
        while not found.may("create", resource) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield found


def admin_binding(namespace: str) -> Manifest:
    """What makes the attacker cluster-admin; its name is the test's own."""
    return {
        **manifest(RBAC, "ClusterRoleBinding", f"forged-{namespace}", ""),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "name": "attacker", "apiGroup": "rbac.authorization.k8s.io"}],
    }


@pytest.fixture
def no_binding(cluster: Cluster, namespace: str) -> t.Iterator[t.Callable[[], bool]]:
    """Whether the attacker has not become cluster-admin."""
    path = f"/apis/{RBAC}/clusterrolebindings/forged-{namespace}"
    yield lambda: cluster.find(RBAC, "ClusterRoleBinding", "", f"forged-{namespace}") is None
    cluster.delete(path)


@pytest.fixture
def make_release(lab: dict[str, t.Any], namespace: str) -> Releaser:
    return functools.partial(make, lab["kubeconfig"], namespace)


def settings(namespace: str, text: str) -> Manifest:
    return manifest("v1", "ConfigMap", "maestro-config", namespace, data={"a": text})


def never_ready(namespace: str) -> Manifest:
    """A Deployment whose pods may not be created, so that its release fails soon."""
    labels = {"app.kubernetes.io/name": "never"}
    pod = {"serviceAccountName": "nobody", "containers": [{"name": "c", "image": "registry.test/none:1"}]}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": {**labels, "app.kubernetes.io/instance": "maestro"}}, "spec": pod},
    }
    return manifest("apps/v1", "Deployment", "maestro", namespace, spec=spec)


def fails(make_release: Releaser, namespace: str, tmp_path: t.Any, **given: t.Any) -> Ending:
    """The deploy that cannot pass, and what it says of its rollback."""
    more = {"wait": True, "wait_timeout": 25, "report_dir": str(tmp_path), **given}
    ending = make_release(settings(namespace, "2"), never_ready(namespace), **more)
    assert ending.failed
    return ending


def packed(namespace: str, *more: Manifest) -> bytes:
    """The content of a record: what release 1 has, and more."""
    manifests = [manifest("v1", "Namespace", namespace, ""), settings(namespace, "1"), *more]
    return gzip.compress(json.dumps({"about": {"by": "a colleague"}, "manifests": manifests}).encode())


def labels_of(number: int) -> dict[str, str]:
    return {f"{LABEL}{name}": text for name, text in LABELS.items()} | {f"{LABEL}number": str(number)}


LABELS = {"release-record": "maestro", "state": "passed", "part": "0"}


def config_map_record(namespace: str, number: int, *more: Manifest) -> Manifest:
    """A record as it was kept when records were ConfigMaps."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"maestro-release-{number}", "labels": labels_of(number)},
        "immutable": True,
        "binaryData": {"release.json.gz": base64.b64encode(packed(namespace, *more)).decode()},
    }


def secret_record(namespace: str, number: int, content: bytes) -> Manifest:
    """A record as the product makes one that has no key: with a digest that is right."""
    from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.seal import (
        Link,
        Seal,
        SealSubject,
        digest_of,
        sealed,
    )

    bare = Seal("passed", 1, digest_of(content), Link())
    seal = sealed(bare, SealSubject(namespace, "maestro", number), "", "")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "maestro.intelgraph.ai/release.v1",
        "metadata": {
            "name": f"maestro-release-{number}",
            "labels": labels_of(number),
            "annotations": {f"{LABEL}seal": seal.as_text()},
        },
        "immutable": True,
        "data": {"release.json.gz": base64.b64encode(content).decode()},
    }


def test_who_may_write_config_maps_becomes_no_cluster_admin(
    lab: dict[str, t.Any],
    cluster: Cluster,
    namespace: str,
    make_release: Releaser,
    tmp_path: t.Any,
    no_binding: t.Callable[[], bool],
) -> None:
    """Role: configmaps, every verb. A record of release 2 with a binding to cluster-admin waits for a failed deploy."""
    assert not make_release(settings(namespace, "1")).failed
    with attacker(lab, cluster, namespace, "configmaps") as account:
        assert not account.may("create", "secrets")
        account.put("configmaps", config_map_record(namespace, 2, admin_binding(namespace)))
    ending = fails(make_release, namespace, tmp_path)
    assert no_binding()
    assert (ending.values["number"], ending.values["restored"]["release"]) == (2, 1), "the forged one has no number"
    make_release(state="restored")
    assert no_binding()


def test_who_may_write_config_maps_stops_no_deploy(
    lab: dict[str, t.Any], cluster: Cluster, namespace: str, make_release: Releaser
) -> None:
    """Role: configmaps, every verb. Malformed records and high numbers are nobody's business."""
    assert not make_release(settings(namespace, "1")).failed
    with attacker(lab, cluster, namespace, "configmaps") as account:
        for number, content in enumerate((b"", b"no gzip", gzip.compress(b"[" * 10_000)), 2):
            body = config_map_record(namespace, number)
            body["binaryData"]["release.json.gz"] = base64.b64encode(content).decode()
            account.put("configmaps", body)
        account.put("configmaps", config_map_record(namespace, 999_999_999))
    assert make_release(settings(namespace, "2")).values["number"] == 2
    assert make_release(state="restored").values["number"] == 3


def test_who_may_write_secrets_is_granted_nothing_by_a_rollback(
    lab: dict[str, t.Any],
    cluster: Cluster,
    namespace: str,
    make_release: Releaser,
    tmp_path: t.Any,
    no_binding: t.Callable[[], bool],
) -> None:
    """Role: secrets, every verb; no key is in use, so a forged record is not told from a real one."""
    assert not make_release(settings(namespace, "1")).failed
    with attacker(lab, cluster, namespace, "secrets") as account:
        account.put("secrets", secret_record(namespace, 2, packed(namespace, admin_binding(namespace))))
    ending = fails(make_release, namespace, tmp_path)
    assert "[rollback-rbac]" in ending.values["msg"]
    assert f"create ClusterRoleBinding forged-{namespace}" in ending.values["msg"]
    assert no_binding()
    by_hand = make_release(state="restored", rollback_to=2)
    assert (by_hand.failed, by_hand.values["error_id"]) == (True, "rollback-rbac")
    assert no_binding()


def test_who_may_write_secrets_is_not_believed_where_there_is_a_key(
    lab: dict[str, t.Any],
    cluster: Cluster,
    namespace: str,
    make_release: Releaser,
    tmp_path: t.Any,
    no_binding: t.Callable[[], bool],
) -> None:
    """Role: secrets, every verb; records are signed. The forged record is named, and the last signed one restored."""
    assert not make_release(settings(namespace, "1"), history_key=KEY).failed
    with attacker(lab, cluster, namespace, "secrets") as account:
        account.put("secrets", secret_record(namespace, 2, packed(namespace, admin_binding(namespace))))
    ending = fails(make_release, namespace, tmp_path, history_key=KEY)
    assert (ending.values["number"], ending.values["restored"]["release"]) == (3, 1)
    assert any(f"[record-untrusted] Secret {namespace}/maestro-release-2" in text for text in ending.warnings)
    assert no_binding()


def test_a_small_record_does_not_use_up_the_machine(
    lab: dict[str, t.Any], cluster: Cluster, namespace: str, make_release: Releaser
) -> None:
    """Role: secrets, every verb. A record of 700 kB that unpacks to 700 MB is named, and the others are read."""
    assert not make_release(settings(namespace, "1")).failed
    stream = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(stream.compress(b" " * MEBIBYTE) for _part in range(700)), stream.flush()])
    with attacker(lab, cluster, namespace, "secrets") as account:
        account.put("secrets", secret_record(namespace, 2, bomb))
    tracemalloc.start()
    ending = look_back(lab["kubeconfig"], namespace)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 64 * MEBIBYTE
    assert [(each["number"], each["state"]) for each in ending.values["releases"]] == [
        (1, "passed"),
        (2, "interrupted"),
    ]
    assert ("record-unreadable", f"Secret {namespace}/maestro-release-2") in [
        (finding["id"], finding["object"]) for finding in ending.values["findings"]
    ]
    assert not make_release(settings(namespace, "2")).failed


def test_a_lease_of_a_day_holds_no_run_up(
    lab: dict[str, t.Any], cluster: Cluster, namespace: str, make_release: Releaser
) -> None:
    """Role: leases, every verb. A Lease that is not renewed is followed, whatever it says of itself."""
    assert not make_release(settings(namespace, "1")).failed
    group = "coordination.k8s.io"
    with attacker(lab, cluster, namespace, "leases", group) as account:
        path = f"/apis/{group}/v1/namespaces/{namespace}/leases/maestro-release"
        body = {"spec": {"holderIdentity": "attacker", "leaseDurationSeconds": 86_400}}
        account.api.merge(path, body)
    begun = time.monotonic()
    ending = make_release(settings(namespace, "2"), wait_timeout=5)
    assert time.monotonic() - begun < 60
    assert (ending.failed, ending.values["number"]) == (False, 2)
