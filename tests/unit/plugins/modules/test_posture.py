# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's edge: what it reads, what it returns, and what it says when it may not read."""

from __future__ import annotations

import contextlib
import typing as t

import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS, object_path
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture import collect
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.permissions import EVERYBODYS
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.rules import RULES
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record import Record
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record_secret import Place, encoded
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.seal import Link
from ansible_collections.intelgraph.maestro.plugins.modules import posture
from tests.unit.documented import documented
from tests.unit.plugins.module_utils._posture.releases import manifests
from tests.unit.plugins.module_utils._preflight.api import Api, Reply, serving, status

NAMESPACE = "maestro-system"
CORE, RBAC = f"/api/v1/namespaces/{NAMESPACE}", "/apis/rbac.authorization.k8s.io/v1"
BINDINGS, CLUSTER_BINDINGS = f"{RBAC}/namespaces/{NAMESPACE}/rolebindings", f"{RBAC}/clusterrolebindings"
FORBIDDEN = status(403, "User cannot do that")


def listed(kind: str, *items: dict[str, t.Any], api_version: str = "v1") -> Reply:
    return 200, {"kind": f"{kind}List", "apiVersion": api_version, "metadata": {}, "items": list(items)}


def cluster(**replies: Reply) -> dict[str, Reply]:
    """A cluster in which release 7 is as it was applied."""
    parts, _seal = encoded(Record(7, "passed", manifests()), Place(NAMESPACE, "maestro"), Link())
    for part in parts:
        part["metadata"]["resourceVersion"] = "1"
    objects = {
        object_path(item["apiVersion"], KINDS[item["apiVersion"], item["kind"]], NAMESPACE, item["metadata"]["name"]): (
            200,
            item,
        )
        for item in manifests()
        if (item["apiVersion"], item["kind"]) in KINDS
    }
    return {
        **objects,
        f"{CORE}/secrets": listed("Secret", *parts),
        f"{CORE}/pods": listed("Pod"),
        f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies": listed("NetworkPolicy"),
        f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets": listed("PodDisruptionBudget"),
        BINDINGS: listed("RoleBinding"),
        CLUSTER_BINDINGS: listed("ClusterRoleBinding"),
        collect.REVIEWS: (201, {"status": {"incomplete": False, "resourceRules": list(EVERYBODYS)}}),
        **replies,
    }


@contextlib.contextmanager
def evaluated(replies: dict[str, Reply]) -> t.Iterator[tuple[Ending, Api]]:
    with serving(replies) as api:
        own = {"name": "maestro", "namespace": NAMESPACE}
        yield posture.evaluate(Call({**dict.fromkeys(CONNECTION), **api.connection(), **own})), api


def values(replies: dict[str, Reply]) -> dict[str, t.Any]:
    with evaluated(replies) as (ending, _api):
        assert ending.failed is (ending.values["verdict"] != "passed")
        return ending.values


def ids(result: dict[str, t.Any]) -> list[tuple[str, str, str]]:
    return [(finding["id"], finding["severity"], finding["object"]) for finding in result["findings"]]


def test_the_documentation_says_what_the_module_takes_and_returns() -> None:
    options = documented(posture.DOCUMENTATION)["options"]
    own = {name: option for name, option in posture.ARGUMENTS.items() if name not in CONNECTION}
    assert {name: (each["type"], each["default"]) for name, each in options.items()} == {
        name: (each["type"], each["default"]) for name, each in own.items()
    }
    assert set(values(cluster())) - {"changed"} == set(yaml.safe_load(posture.RETURN))


def test_a_release_as_it_was_applied_keeps_every_rule() -> None:
    with evaluated(cluster()) as (ending, api):
        result = ending.values
        assert (result["verdict"], result["number"], result["findings"]) == ("passed", 7, [])
        assert result["msg"] == "Release 7 of maestro keeps all 12 rules."
        assert [rule["id"] for rule in result["rules"]] == [rule.id for rule in RULES]
        assert {rule["verdict"] for rule in result["rules"]} == {"passed"}
        assert {method for method, path in api.asked if path != collect.REVIEWS} == {"GET"}
        assert f"{CORE}/secrets" not in {path for _method, path in api.asked}


def test_the_course_of_each_pod_is_told() -> None:
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-23T20:00:01Z"},
        {"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-23T20:00:02Z"},
    ]
    waiting = {"restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    pod = {
        "metadata": {"name": "maestro-1", "creationTimestamp": "2026-11-23T20:00:00Z"},
        "spec": {"nodeName": "node-1", "containers": []},
        "status": {"conditions": conditions, "containerStatuses": [waiting]},
    }
    assert values(cluster(**{f"{CORE}/pods": listed("Pod", pod)}))["pods"] == [
        {
            "name": "maestro-1",
            "node": "node-1",
            "restarts": 4,
            "created": "2026-11-23T20:00:00Z",
            "scheduled": "2026-11-23T20:00:01Z",
            "ready": "",
            "failing": True,
        }
    ]


def test_a_broken_rule_fails_and_is_told_in_one_sentence() -> None:
    policy = {
        "metadata": {"name": "debug", "namespace": NAMESPACE},
        "spec": {"podSelector": {}, "ingress": [{}]},
    }
    path = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies"
    result = values(cluster(**{path: listed("NetworkPolicy", policy, api_version="networking.k8s.io/v1")}))
    assert ids(result) == [("posture-network", "error", f"NetworkPolicy {NAMESPACE}/debug")]
    assert result["msg"].startswith("Release 7 of maestro breaks 1 rule: [posture-network] NetworkPolicy")
    assert [rule["id"] for rule in result["rules"] if rule["verdict"] == "failed"] == ["posture-network"]


def test_without_a_release_there_is_nothing_to_judge() -> None:
    result = values(cluster(**{f"{CORE}/secrets": listed("Secret"), f"{CORE}/configmaps": listed("ConfigMap")}))
    assert (result["verdict"], result["number"]) == ("failed", 0)
    assert ids(result) == [("release-missing", "error", "Release maestro")]
    assert "correct maestro_name" in result["msg"]


def test_an_object_that_cannot_be_read_leaves_the_verdict_open() -> None:
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/maestro"
    result = values(cluster(**{path: FORBIDDEN}))
    assert result["verdict"] == "inconclusive"
    assert ids(result) == [("fact-unknown", "warning", "Deployment maestro")]
    assert "User cannot do that" in result["msg"]


def test_an_account_that_may_neither_impersonate_nor_read_bindings_is_told_so() -> None:
    result = values(cluster(**{collect.REVIEWS: FORBIDDEN, CLUSTER_BINDINGS: FORBIDDEN}))
    assert result["verdict"] == "passed"
    assert ids(result) == [("fact-unknown", "note", f"ServiceAccount {NAMESPACE}/maestro")]
    assert "ClusterRoleBinding" in result["findings"][0]["message"]


def intruder(role: str) -> dict[str, t.Any]:
    return {
        "metadata": {"name": "intruder", "namespace": NAMESPACE},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "maestro"}],
    }


def test_a_binding_is_followed_to_its_role() -> None:
    replies = cluster(
        **{
            collect.REVIEWS: FORBIDDEN,
            BINDINGS: listed("RoleBinding", intruder("view"), api_version="rbac.authorization.k8s.io/v1"),
            f"{RBAC}/clusterroles/view": (
                200,
                {
                    "metadata": {"name": "view"},
                    "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
                },
            ),
        }
    )
    result = values(replies)
    assert ids(result) == [("posture-permissions", "error", f"RoleBinding {NAMESPACE}/intruder")]
    assert "ClusterRole view): get secrets" in result["msg"]


def test_a_list_of_rules_with_gaps_is_not_trusted() -> None:
    gaps = {"incomplete": True, "resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
    assert values(cluster(**{collect.REVIEWS: (201, {"status": gaps})}))["verdict"] == "passed"


def test_no_value_of_a_secret_is_kept() -> None:
    keep = collect._kept("v1", "Secret")
    assert keep({"metadata": {"name": "s"}, "data": {"TOKEN": "eA=="}, "immutable": True}) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "immutable": True,
    }
