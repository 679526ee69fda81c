# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversation with a cluster, from the first question to the judgement."""

from __future__ import annotations

import socket
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Untrusted
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.collect import Preflight, examine, unusable
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import needs_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.view import PreflightOptions
from tests.unit.rendering import only

from .api import Api, Reply, serving, status
from .builders import NAMESPACE, UID, container, deployment, ids, pod_spec

KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
SPACE = f"/api/v1/namespaces/{NAMESPACE}"
REVIEWS = "/apis/authorization.k8s.io/v1/"
EMPTY: Reply = (200, {"items": [], "metadata": {}})
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
NODE = {
    "metadata": {"name": "node-1", "labels": {}},
    "status": {
        "allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}
WORKLOAD = deployment(pod_spec(containers=[container(envFrom=[{"secretRef": {"name": "app"}}])]))


def fit() -> dict[str, Reply]:
    """A cluster that is fit for WORKLOAD."""
    return {
        KUBE_SYSTEM: (200, {"metadata": {"uid": UID}}),
        "/version": (200, {"gitVersion": "v1.37.2"}),
        "/apis": (200, {"groups": []}),
        "/apis/apps/v1": (200, {"resources": [{"kind": "Deployment", "name": "deployments", "namespaced": True}]}),
        "/api/v1/pods": EMPTY,
        "/api/v1/nodes": (200, {"items": [NODE], "metadata": {}}),
        SPACE: (200, {"metadata": {"name": NAMESPACE}}),
        f"{SPACE}/resourcequotas": EMPTY,
        f"{SPACE}/limitranges": EMPTY,
        f"{SPACE}/configmaps": EMPTY,
        f"{SPACE}/pods": EMPTY,
        f"{SPACE}/secrets/app": (200, {"metadata": {"name": "app"}, "data": {"A": "Y2FuYXJ5"}}),
        f"{REVIEWS}selfsubjectrulesreviews": (201, {"status": {"resourceRules": [EVERYTHING]}}),
        f"{REVIEWS}selfsubjectaccessreviews": (201, {"status": {"allowed": False}}),
    }


def look_at(replies: t.Mapping[str, Reply], **options: t.Any) -> tuple[Preflight, Api]:
    needs = needs_of({"workload": [WORKLOAD]}, "maestro", NAMESPACE)
    with serving(replies) as api:
        return examine(api.connection(), needs, PreflightOptions(**{"cluster_uid": UID, **options})), api


def test_a_fit_cluster_is_asked_and_passes() -> None:
    collect, api = look_at(fit())
    assert (collect.evaluation.verdict, collect.evaluation.findings) == ("passed", ())
    assert collect.requests == len(api.asked)
    assert api.asked[0] == ("GET", KUBE_SYSTEM)


def test_nothing_is_written() -> None:
    _, api = look_at(fit())
    writes = [path for method, path in api.asked if method != "GET"]
    assert sorted(writes) == [f"{SPACE}/pods?dryRun=All", f"{REVIEWS}selfsubjectrulesreviews"]


def test_no_value_of_a_secret_is_among_the_facts() -> None:
    collect, _ = look_at(fit())
    assert "Y2FuYXJ5" not in str(collect)


def test_an_account_without_listed_rules_is_asked_verb_by_verb() -> None:
    collect, _ = look_at({**fit(), f"{REVIEWS}selfsubjectrulesreviews": (201, {"status": {}})})
    denied = {finding.object for finding in collect.evaluation.findings}
    assert set(ids(collect.evaluation.findings)) == {"permission-missing"}
    assert "Deployment in maestro-system" in denied


def test_on_the_wrong_cluster_nothing_more_is_asked() -> None:
    collect, api = look_at(fit(), cluster_uid="another")
    assert ids(collect.evaluation.findings) == ["wrong-cluster"]
    assert api.asked == [("GET", KUBE_SYSTEM)]


def test_refused_credentials_end_it_at_the_first_question() -> None:
    collect, api = look_at({**fit(), KUBE_SYSTEM: status(401, "Unauthorized")})
    finding = only(collect.evaluation.findings)
    assert (finding.id, collect.evaluation.verdict, collect.snapshot) == ("credentials-refused", "failed", None)
    assert "Unauthorized" in finding.message
    assert len(api.asked) == 1


def test_an_identity_that_may_not_be_read_is_no_reason_to_stop_where_none_is_expected() -> None:
    collect, _ = look_at({**fit(), KUBE_SYSTEM: status(403, "you may not")}, cluster_uid="", production=False)
    assert collect.evaluation.verdict == "passed"
    assert ids(collect.evaluation.findings) == ["fact-unknown"]


def test_a_server_that_fails_in_between_leaves_the_verdict_open() -> None:
    collect, _ = look_at({**fit(), "/api/v1/nodes": status(500, "etcdserver: leader changed")})
    assert collect.evaluation.verdict == "inconclusive"
    assert "leader changed" in only(collect.evaluation.findings).message


def test_nobody_listening_is_a_finding() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    params = {**Api({}).connection(), "host": f"https://127.0.0.1:{port}"}
    collect = examine(params, needs_of({}, "maestro", NAMESPACE), PreflightOptions())
    finding = only(collect.evaluation.findings)
    assert (finding.id, finding.object) == ("api-unreachable", params["host"])
    assert (collect.evaluation.verdict, collect.requests) == ("failed", 0)


def test_no_kubeconfig_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/no/such/kubeconfig")
    params = {**Api({}).connection(), "host": None, "api_key": None}
    finding = only(examine(params, needs_of({}, "maestro", NAMESPACE), PreflightOptions()).evaluation.findings)
    assert (finding.id, finding.object) == ("connection-options", "maestro_connection")
    assert "/no/such/kubeconfig" in finding.message


def test_a_certificate_that_is_not_trusted_has_its_own_name() -> None:
    assert unusable("https://x", Untrusted("The TLS certificate of https://x is not trusted")).id == "api-untrusted"
