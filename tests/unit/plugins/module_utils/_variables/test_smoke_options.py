# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the maestro_smoke_* variables to the options of the module smoke: declared once, and what each becomes."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.doc_fragments.smoke import ModuleDocFragment
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.arguments import SMOKE
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import shared, smoke
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import smoke_options as module
from tests.unit.plugins.module_utils._variables.defaults import of_role

PREFIX = "maestro_smoke_"


def options(load: bool = False, **given: t.Any) -> dict[str, t.Any]:
    return module.smoke_options({**of_role("ingress"), **shared.defaults(), **given}, "staging.pem", load)


def test_every_variable_becomes_an_option() -> None:
    names = {name.removeprefix(PREFIX) for name in smoke.SMOKE}
    assert names == {*module.SAME_NAME, *module.CHANGED}


@pytest.mark.parametrize("option", module.SAME_NAME)
def test_a_variable_of_the_same_name_has_the_type_and_the_default_of_the_option(option: str) -> None:
    variable, declared = smoke.SMOKE[PREFIX + option], SMOKE[option]
    nothing: dict[str, t.Any] = {"dict": {}}
    assert variable["type"] == declared["type"]
    assert variable.get("elements") == declared.get("elements")
    assert variable["default"] == declared.get("default", nothing.get(declared["type"]))
    assert variable.get("no_log", False) == declared.get("no_log", False)


def test_all_options_are_options_of_the_module() -> None:
    assert set(options()) <= set(SMOKE)
    assert set(options(load=True)["load"]) <= set(SMOKE["load"]["options"])


def described(options: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: described(option.get("suboptions", {})) for name, option in options.items()}


def declared(options: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: declared(option.get("options", {})) for name, option in options.items()}


def test_the_documentation_describes_each_option_of_the_declaration() -> None:
    assert described(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]) == declared(SMOKE)


def test_a_load_is_sent_only_where_it_is_asked_for() -> None:
    assert options()["load"]["rate"] == 0
    assert options(load=True)["load"]["rate"] == 1000
    assert options(maestro_smoke_load={"rate": 20})["load"] == {"rate": 20}
    assert options(maestro_smoke_rate=20)["load"] == {"rate": 20}
    assert options(maestro_smoke_load={"gates": {"p95": 1}})["load"]["rate"] == 0
    assert options(load=True, maestro_smoke_load={"rate": 0})["load"]["rate"] == 0
    assert options(load=True, maestro_smoke_rate=0)["load"]["rate"] == 0


def test_numbers_that_a_survey_gives_as_text_are_numbers() -> None:
    assert options(maestro_smoke_rate="20", maestro_smoke_seconds="5")["load"] == {"rate": 20, "seconds": 5}


def test_the_rate_limit_bounds_the_usual_rate() -> None:
    assert options(load=True, ingress_rate_limit_requests_per_second=200)["load"]["rate"] == 200
    assert options(load=True, maestro_smoke_port_forward="service/maestro")["load"]["rate"] == 50


def test_the_roots_of_staging_are_trusted_where_its_issuer_signs() -> None:
    staging = {"ingress_tls_issuer": "letsencrypt-staging"}
    assert options(**staging)["ca_path"] == "staging.pem"
    assert options(**staging, maestro_smoke_ca_path="/mine.pem")["ca_path"] == "/mine.pem"
    assert options(**staging, maestro_smoke_port_forward="service/maestro")["ca_path"] == ""
    assert options()["ca_path"] == ""
