# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup smoke_options: it reads the host's variables, templated, and fills in the defaults."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.intelgraph.maestro.plugins.lookup import smoke_options as plugin


def options(arguments: str = "", **variables: t.Any) -> dict[str, t.Any]:
    text = trust_as_template(f"{{{{ lookup('intelgraph.maestro.smoke_options'{arguments}) }}}}")
    return t.cast("dict[str, t.Any]", Templar(loader=DataLoader(), variables=variables).template(text))


def test_without_variables_the_defaults_of_the_roles_hold_and_no_load_is_sent() -> None:
    found = options()
    assert (found["url"], found["own_host"]) == ("https://maestro.intelgraph.ai", "maestro.intelgraph.ai")
    assert found["expect"] == {"allowed_origin": "https://intelgraph.ai"}
    assert found["load"] == {"rate": 0.0}


def test_variables_are_templated() -> None:
    found = options(maestro_hostname=trust_as_template("{{ site }}.example.com"), site="blue")
    assert found["url"] == "https://blue.example.com"


@pytest.mark.parametrize(("environment", "rate"), [("production", 1000.0), ("staging", 300.0), ("lab", 200.0)])
def test_a_load_that_is_asked_for_has_the_rate_of_the_environment(environment: str, rate: float) -> None:
    assert options(", load=true", maestro_environment=environment)["load"] == {"rate": rate}


def test_the_roots_of_staging_are_a_file_of_the_collection() -> None:
    assert pathlib.Path(options(ingress_tls_issuer="letsencrypt-staging")["ca_path"]).is_file()


def test_terms_have_no_meaning() -> None:
    with pytest.raises(AnsibleError, match="no terms"):
        options(", 'x'")


def test_the_examples_name_the_options_that_there_are() -> None:
    documented = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    assert list(documented) == ["load"]
    assert "load=true" in plugin.EXAMPLES
