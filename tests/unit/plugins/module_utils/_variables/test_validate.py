# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything wrong with a role's variables is told at once."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import shared, validate
from tests.unit.rendering import ROLES, only

OPTIONS: dict[str, dict[str, t.Any]] = {
    "ingress_provider": {"type": "str", "choices": ["nginx"]},
    "ingress_rate": {"type": "int"},
}


@pytest.fixture
def no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "RULES", {})


def evaluated(*, given: t.Iterable[str] = (), **values: t.Any) -> list[str]:
    """The problems of a role `ingress` with two variables."""
    whole = {**shared.defaults(), **values}
    return validate.of_role("ingress", OPTIONS, whole, [*whole, *given])


@pytest.mark.usefixtures("no_rules")
class TestEveryRole:
    def test_good_variables(self) -> None:
        assert evaluated(ingress_provider="nginx", ingress_rate=3) == []

    def test_all_problems_at_once(self) -> None:
        found = evaluated(ingress_provider="x", ingress_rate="3", ingress_rat=1, maestro_nam="m", maestro_reason=7)
        assert [problem.split()[0] for problem in found] == [
            "ingress_rat",
            "maestro_nam",
            "maestro_reason",
            "ingress_provider",
            "ingress_rate",
        ]

    def test_variables_of_other_roles_are_not_judged(self) -> None:
        assert evaluated(workload_imag="x", other=1) == []

    def test_a_shared_variable_that_is_nothing(self) -> None:
        assert only(evaluated(maestro_name=None)).startswith("maestro_name must be a string, but null was given.")

    @pytest.mark.parametrize("name", ["", "Maestro", "-a", "a-", "a.b", "a" * 41, "a\n"])
    def test_a_name_that_is_no_dns_label(self, name: str) -> None:
        assert only(evaluated(maestro_name=name)).startswith("maestro_name must be a DNS label")

    def test_the_longest_names(self) -> None:
        assert evaluated(maestro_name="a" * 40, maestro_namespace="n" * 63) == []
        assert "at most 63" in only(evaluated(maestro_namespace="n" * 64))


def test_the_rules_of_a_role_see_all_values_but_only_of_the_right_type(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def rule(values: t.Mapping[str, t.Any]) -> list[str]:
        seen.append(values["ingress_rate"])
        return ["a rule is broken"]

    monkeypatch.setattr(validate, "RULES", {"ingress": rule})
    assert evaluated(ingress_rate=3) == ["a rule is broken"]
    assert evaluated(ingress_rate="3") != ["a rule is broken"]
    assert seen == [3]


def roles() -> list[pathlib.Path]:
    return sorted(path.parents[1] for path in ROLES.glob("*/meta/argument_specs.yml"))


@pytest.mark.parametrize("role", roles(), ids=lambda role: role.name)
def test_the_defaults_of_every_role_have_their_types(role: pathlib.Path) -> None:
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    values = yaml.safe_load((role / "defaults" / "main.yml").read_text(encoding="utf-8")) or {}
    plain = {name: value for name, value in values.items() if "{{" not in str(value)}
    required = [f"{name} is required." for name, option in options.items() if option.get("required")]
    found = validate.of_role(role.name, options, {**shared.defaults(), **plain}, values)
    types = [problem for problem in found if problem not in required and problem.split()[0] in {*options, *values}]
    assert not [problem for problem in types if " must be a" in problem or "not a variable" in problem]
