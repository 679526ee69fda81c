# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every provider answers all questions, and what it says of a feature is what the role renders for it."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS
from ansible_collections.intelgraph.maestro.plugins.module_utils._ingress import providers
from ansible_collections.intelgraph.maestro.plugins.module_utils._ingress.provider import (
    BODY_LIMIT,
    CORS,
    FEATURES,
    HSTS,
    RATE_LIMIT,
    Provider,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.view import PostureView
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import ingress
from tests.unit.plugins.module_utils._variables.defaults import of_role
from tests.unit.rendering import ROLES, Manifest, of_kind, render

ROOT = ROLES.parent
every_provider = pytest.mark.parametrize("provider", providers.PROVIDERS, ids=lambda each: each.id)
CORE_GROUPS = ("networking.k8s.io/v1", "cert-manager.io/v1")


def rendered(provider: Provider, **variables: t.Any) -> tuple[PostureView, list[Manifest]]:
    """The objects of a release with this provider, and those of its routes that serve requests."""
    objects = render("ingress", **{**provider.variables, **variables})
    view = PostureView("maestro", "maestro-system", tuple(objects))
    routes = of_kind(objects, "Ingress") + of_kind(objects, "HTTPRoute")
    return view, [route for route in routes if not providers.only_redirects(view, route)]


@every_provider
def test_its_own_variables_are_taken_without_a_complaint(provider: Provider) -> None:
    assert ingress.check(of_role("ingress", **provider.variables)) == []
    assert providers.of(of_role("ingress", **provider.variables)) is provider


@every_provider
@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_is_recognised_on_objects_exactly_where_it_is_switched_on(provider: Provider, feature: str) -> None:
    """One that is on is recognised, refused by name, or has no entry since no object says it."""
    switch = FEATURES[feature]
    on, off = (8, 0) if feature == BODY_LIMIT else (True, False)
    is_refused = any(
        switch in problem for problem in provider.problems(of_role("ingress", **provider.variables) | {switch: on})
    )
    is_told_to_stay = any(
        switch in each for each in provider.problems(of_role("ingress", **provider.variables) | {switch: off})
    )
    if is_told_to_stay:
        assert feature not in provider.features
        return
    view, without = rendered(provider, **{switch: off})
    assert without
    assert not any(providers.has(feature, view, route) for route in without)
    if not is_refused:
        view, with_it = rendered(provider, **{switch: on})
        assert with_it
        assert all(providers.has(feature, view, route) for route in with_it)


@every_provider
def test_it_renders_the_kinds_that_it_names_and_no_others(provider: Provider) -> None:
    backend_tls = {
        "ingress_backend_tls_enabled": True,
        "ingress_backend_tls_ca": "ca",
        "ingress_backend_tls_server_name": "maestro.internal",
    }
    keeps_tls = not provider.problems(of_role("ingress", **{**provider.variables, **backend_tls}))
    objects = render("ingress", **provider.variables, **(backend_tls if keeps_tls else {}))
    found = {(item["apiVersion"], item["kind"]) for item in objects if item["apiVersion"] not in CORE_GROUPS}
    own_gateway = (
        set() if not provider.variables.get("ingress_gateway_name") else {("gateway.networking.k8s.io/v1", "Gateway")}
    )
    assert found | own_gateway == set(provider.kinds)


@every_provider
def test_its_kinds_have_the_plural_names_by_which_the_client_asks_for_them(provider: Provider) -> None:
    known = {key: KINDS[key].plural for key in provider.kinds if key in KINDS}
    assert known == {key: plural for key, plural in provider.kinds.items() if key in KINDS}


@every_provider
def test_the_groups_of_its_kinds_are_brought_by_software_that_it_requires(provider: Provider) -> None:
    groups = {api_version.rpartition("/")[0] for api_version, _kind in provider.kinds}
    assert groups <= {group for each in provider.requires for group in each.groups}


@every_provider
def test_its_templates_exist(provider: Provider) -> None:
    assert all((ROLES / "ingress" / "templates" / f"{name}.yaml.j2").is_file() for name in provider.templates)


def test_every_template_belongs_to_a_provider_or_to_the_certificate() -> None:
    found = {path.name.removesuffix(".yaml.j2") for path in (ROLES / "ingress" / "templates").glob("*.yaml.j2")}
    assert found - {name for each in providers.PROVIDERS for name in each.templates} == {"certificate", "issuer"}


@pytest.mark.parametrize("provider", [each for each in providers.PROVIDERS if each.classes], ids=lambda each: each.id)
def test_a_class_leads_to_its_provider(provider: Provider) -> None:
    for controller in provider.classes:
        assert providers.by_class(controller) is provider
        assert provider.software in providers.serving(controller)


def test_one_of_several_instances_of_a_controller_is_known_by_its_class() -> None:
    assert [each.name for each in providers.serving("haproxy.org/ingress-controller/public")] == ["HAProxy"]
    assert providers.by_class("haproxy.org/ingress-controllers") is None


def test_no_two_providers_are_the_same() -> None:
    assert len({each.id for each in providers.PROVIDERS}) == len(providers.PROVIDERS)
    controllers = [name for each in providers.PROVIDERS for name in each.classes]
    assert len(set(controllers)) == len(controllers)


@pytest.mark.parametrize("name", ["apache", "Nginx"])
def test_a_provider_that_there_is_not_is_an_error(name: str) -> None:
    with pytest.raises(LookupError, match=name):
        providers.of({"ingress_provider": name})


def test_without_variables_the_default_of_the_role_is_meant() -> None:
    assert providers.of({}) is providers.USUAL
    assert providers.USUAL.name == of_role("ingress")["ingress_provider"]
    assert (
        list(providers.USUAL.controller_namespaces) == of_role("namespace")["namespace_ingress_controller_namespaces"]
    )


def options(role: str) -> dict[str, t.Any]:
    text = (ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return t.cast("dict[str, t.Any]", yaml.safe_load(text)["argument_specs"]["main"]["options"])


def test_the_choices_of_the_roles_are_the_providers() -> None:
    names = dict.fromkeys(each.name for each in providers.PROVIDERS)
    implementations = dict.fromkeys(each.implementation for each in providers.PROVIDERS if each.implementation)
    metrics = dict.fromkeys(each.metrics.name for each in providers.PROVIDERS if each.metrics)
    assert options("ingress")["ingress_provider"]["choices"] == list(names)
    assert options("ingress")["ingress_gateway_implementation"]["choices"] == list(implementations)
    assert options("monitoring")["monitoring_ingress_metrics"]["choices"] == ["auto", *metrics, "none"]


@every_provider
def test_the_readme_of_the_role_has_a_column_and_the_namespace_of_each_provider(provider: Provider) -> None:
    text = (ROLES / "ingress" / "README.md").read_text(encoding="utf-8")
    column = f"{provider.name}: {provider.implementation}" if provider.implementation else provider.name
    assert re.search(rf"^\|.*\| {re.escape(column)} \|", text, re.MULTILINE), column
    assert all(f"`{name}`" in text for name in provider.controller_namespaces)


SWITCH = re.compile(
    r"""ingress_provider["'\]]*\s*(==|!=|\bin\b|not in)|ingress_gateway_implementation["'\]]*\s*(==|!=)"""
)


def test_nothing_else_switches_on_the_name_of_a_provider() -> None:
    places = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "roles").rglob("*.j2"), *(ROOT / "playbooks").rglob("*.yml")]
    found = [str(path) for path in places if SWITCH.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_redirects_are_no_routes_that_serve() -> None:
    for provider in providers.PROVIDERS:
        _view, routes = rendered(provider)
        names = [route["metadata"]["name"] for route in routes]
        assert names == ["maestro"], provider.id


def test_a_limit_of_another_provider_counts_as_well() -> None:
    """Traefik reads the annotations of ingress-nginx; an inventory names the class, not who serves it."""
    route = {
        "kind": "Ingress",
        "metadata": {"annotations": {"nginx.ingress.kubernetes.io/limit-rpm": "60"}},
        "spec": {},
    }
    assert providers.has(RATE_LIMIT, PostureView("m", "n", ()), route)
    assert not providers.has(CORS, PostureView("m", "n", ()), route)
    assert not providers.has(HSTS, PostureView("m", "n", ()), route)


def test_the_house_has_one_file_for_each_provider() -> None:
    folder = pathlib.Path(providers.__file__).parent
    shared = {"provider", "providers", "refusals", "__init__"}
    assert {path.stem for path in folder.glob("*.py")} - shared == {each.name for each in providers.PROVIDERS}
