# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the namespace role: each is broken once, and says which variable, what was given and what to do."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import namespace
from tests.unit.plugins.module_utils._variables.defaults import of_role

RULE = {"api_groups": [""], "resources": ["configmaps"], "verbs": ["get"]}
SECRETS = {"api_groups": [""], "resources": ["secrets"], "verbs": ["get"]}
UPSTREAM = {"name": "traces", "host": "collector.observability", "port": 4317}


def problems(**variables: t.Any) -> list[str]:
    return namespace.check(of_role("namespace", **variables))


def rights(**changes: t.Any) -> list[str]:
    return problems(namespace_rbac_rules=[{**RULE, **changes}], namespace_service_account_token=True)


def test_the_defaults_break_no_rule() -> None:
    assert problems() == []


@pytest.mark.parametrize("version", ["latest", "1.33", "v2.0", "v1.33.1", ""])
def test_the_standard_is_pinned(version: str) -> None:
    assert "such as v1.33" in problems(namespace_pod_security_version=version)[0]


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"provider": "irsa"}, "maestro_identity.role must be the ARN of an IAM role with provider irsa, but ''"),
        ({"provider": "irsa", "role": "maestro"}, "but 'maestro' was given"),
        ({"provider": "gke", "role": "maestro"}, "e-mail of a Google service account"),
        ({"provider": "azure", "client_id": "maestro"}, "client ID of a managed identity"),
        (
            {"provider": "pod-identity", "role": "arn:aws:iam::123456789012:role/x"},
            "no effect with provider pod-identity",
        ),
        ({"provider": "none", "client_id": "x"}, "maestro_identity.client_id has no effect with provider none"),
    ],
)
def test_an_identity_has_what_its_provider_needs_and_nothing_else(identity: dict[str, str], words: str) -> None:
    assert words in problems(maestro_identity=identity)[0]


@pytest.mark.parametrize("provider", ["none", "pod-identity"])
def test_irsa_comes_in_by_no_back_door(provider: str) -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/x"}
    found = problems(maestro_identity={"provider": provider}, namespace_service_account_annotations=annotations)
    assert "either an IRSA role or a Pod Identity association" in found[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verbs": ["*"]}, "wildcard in verbs"),
        ({"resources": ["*/scale"]}, "wildcard in resources"),
        ({"api_groups": ["*"]}, "wildcard in api_groups"),
        ({"verbs": []}, "has no verbs"),
        ({"verbs": ["get", "escalate"]}, "raises its own rights"),
        ({"verbs": ["bind"]}, "binds itself to stronger roles"),
        ({"verbs": ["impersonate"]}, "acts as somebody else"),
        ({"resources": ["pods/exec"]}, "runs commands in other pods"),
        ({"resources": ["serviceaccounts/token"]}, "makes tokens of other accounts"),
        ({"resources": ["secrets"]}, "opens all Secrets of the namespace"),
        ({"resources": ["secrets"], "resource_names": ["x"], "verbs": ["get", "watch"]}, "list or watch Secrets"),
    ],
)
def test_a_rule_that_grants_too_much_is_refused(changes: dict[str, t.Any], words: str) -> None:
    found = rights(**changes)
    assert len(found) == 1
    assert found[0].startswith("namespace_rbac_rules[0] ")
    assert words in found[0]


def test_a_rule_that_names_what_it_needs_is_allowed() -> None:
    assert rights() == []
    assert rights(resources=["secrets"], resource_names=["one"]) == []


def test_rights_without_a_token_are_refused() -> None:
    found = problems(namespace_rbac_rules=[RULE])
    assert "Set namespace_service_account_token to true" in found[0]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"namespace_quota_pods": -1}, "namespace_quota_pods must be 0 or more, but -1"),
        ({"namespace_quota_limits_memory": "96GB"}, "namespace_quota_limits_memory: '96GB' is not"),
        (
            {"namespace_limits_default_cpu": "5"},
            "namespace_limits_default_cpu (5) must not exceed namespace_limits_max_cpu (4)",
        ),
        (
            {"namespace_limits_default_request_memory": "1Gi"},
            "namespace_limits_default_request_memory (1Gi) must not exceed namespace_limits_default_memory (512Mi)",
        ),
        ({"namespace_database_cidrs": ["10.0.0.1/8"]}, "namespace_database_cidrs must hold address ranges"),
        (
            {"namespace_egress_upstreams": [{**UPSTREAM, "cidrs": ["x"]}]},
            "namespace_egress_upstreams[0].cidrs must hold",
        ),
        ({"namespace_egress_upstreams": [{**UPSTREAM, "name": "Traces"}]}, "[0].name must be a DNS label"),
        ({"namespace_egress_upstreams": [{**UPSTREAM, "host": ""}]}, "[0].host must be a DNS name or an address"),
        ({"namespace_egress_upstreams": [{**UPSTREAM, "port": 70000}]}, "[0].port must be between 1 and 65535"),
        ({"namespace_egress_upstreams": [UPSTREAM, UPSTREAM]}, "holds the name traces more than once"),
        ({"namespace_labels": {"team": 7}}, "namespace_labels.team must be a string"),
    ],
)
def test_what_cannot_be_is_refused_once(variables: dict[str, t.Any], words: str) -> None:
    found = problems(**variables)
    assert len(found) == 1
    assert words in found[0]
