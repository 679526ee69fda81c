# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables, and what the other roles' manifests need when they meet a cluster that fits."""

from __future__ import annotations

import functools
import re
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleActionFail

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.evaluation import Evaluation
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.evaluate import evaluate
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import Needs, needs_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Controller
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.view import PreflightOptions, PreflightView
from ansible_collections.intelgraph.maestro.plugins.modules import cluster_info
from tests.unit.plugins.module_utils._preflight.builders import NAMESPACE, UID, fitting, ids
from tests.unit.rendering import ROLES, component, only, render

DIGEST = f"sha256:{'0' * 64}"
SOURCES: dict[str, dict[str, t.Any]] = {
    "secrets": {"secrets_source": "existing"},
    "workload": {"workload_image_digest": DIGEST},
}


@functools.lru_cache(maxsize=1)
def rendered() -> dict[str, list[dict[str, t.Any]]]:
    """What all roles contribute with production's defaults."""
    roles = ("namespace", "secrets", "workload", "ingress", "monitoring")
    return {role: render(role, **SOURCES.get(role, {})) for role in roles}


def production(**changes: list[dict[str, t.Any]]) -> Needs:
    return needs_of({**rendered(), **changes}, "maestro", NAMESPACE)


def evaluated(needs: Needs, **changes: t.Any) -> Evaluation:
    return evaluate(
        PreflightView(needs, fitting(needs, **changes), PreflightOptions(cluster_uid=UID, controller_severity="off"))
    )


def test_productions_defaults_pass_on_a_cluster_that_fits() -> None:
    evaluation = evaluated(production())
    assert (evaluation.verdict, evaluation.findings) == ("passed", ())


def test_productions_defaults_need_what_the_report_says() -> None:
    workload = only(production().workloads)
    assert (workload.minimum, workload.maximum, workload.surge) == (3, 10, 1)


def test_productions_quota_holds_its_largest_release_and_not_much_less() -> None:
    def with_pods(count: str) -> list[dict[str, t.Any]]:
        quota = only(item for item in rendered()["namespace"] if item["kind"] == "ResourceQuota")
        hard = {**quota["spec"]["hard"], "pods": count}
        rest = [item for item in rendered()["namespace"] if item is not quota]
        return [*rest, {**quota, "spec": {**quota["spec"], "hard": hard}}]

    assert "quota-insufficient" not in ids(evaluated(production(namespace=with_pods("11"))).findings)
    assert ids(evaluated(production(namespace=with_pods("10"))).findings) == ["quota-insufficient"]


def test_a_load_balancer_needs_a_quota_that_allows_it() -> None:
    workload = render(
        "workload", workload_image_digest=DIGEST, workload_service_type="LoadBalancer", workload_service_nlb=False
    )
    finding = only(evaluated(production(workload=workload), namespace=None).findings)
    assert finding.id == "quota-insufficient"
    assert "services.loadbalancers: 1 needed, 0 allowed" in finding.message
    allowed = render("namespace", namespace_quota_load_balancers=1)
    assert evaluated(production(workload=workload, namespace=allowed), namespace=None).verdict == "passed"


def test_requests_through_traefik_are_warned_of_while_only_ingress_nginx_is_let_in() -> None:
    needs = production(ingress=render("ingress", ingress_provider="traefik", ingress_class="traefik"))
    traefik = {
        "ingress_classes": {"traefik": "traefik.io/ingress-controller"},
        "controllers": (Controller("Traefik", "Deployment traefik/traefik", "3.7.0", 1, 1),),
    }
    finding = only(evaluated(needs, **traefik).findings)
    assert (finding.id, finding.severity) == ("network-policy-mismatch", "warning")
    assert finding.object == "NetworkPolicy maestro-system/maestro-ingress"
    opened = render("namespace", namespace_ingress_controller_namespaces=["traefik"])
    assert (
        evaluated(needs_of({**needs.components, "namespace": opened}, "maestro", NAMESPACE), **traefik).findings == ()
    )


def test_a_secret_that_must_exist_is_missed_with_all_its_keys() -> None:
    needs = production()
    live = {**fitting(needs).live, Key("v1", "Secret", NAMESPACE, "maestro-secrets"): None}
    finding = only(evaluated(needs, live=live).findings)
    assert finding.id == "reference-missing"
    assert all(name in finding.message for name in ("DATABASE_URL", "REDIS_URL", "JWT_SIGNING_KEY"))


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"prerequisites_capacty": "error"}, "Did you mean prerequisites_capacity?"),
        ({"prerequisites_endpoints": "fatal"}, "error, warning, off"),
        ({"prerequisites_endpoints": False}, "prerequisites_endpoints must be a string"),
        ({"prerequisites_endpoint_timeout": "three"}, "prerequisites_endpoint_timeout must be a number"),
    ],
)
def test_a_variable_that_cannot_be_used_is_refused(variables: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleActionFail, match=re.escape(words)):
        component("prerequisites", **variables)


def test_the_role_contributes_nothing() -> None:
    assert render("prerequisites") == []


def test_the_role_gives_the_module_only_what_it_takes_and_all_its_own_variables() -> None:
    tasks = yaml.safe_load((ROLES / "prerequisites" / "tasks" / "main.yml").read_text(encoding="utf-8"))
    given = only(task["intelgraph.maestro.cluster_info"] for task in tasks if "intelgraph.maestro.cluster_info" in task)
    assert set(given) <= set(cluster_info.ARGUMENTS)
    specs = yaml.safe_load((ROLES / "prerequisites" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    assert set(specs["argument_specs"]["main"]["options"]) == set(re.findall(r"\bprerequisites_[a-z_]+", str(tasks)))
