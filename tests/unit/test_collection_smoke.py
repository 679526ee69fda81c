# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the plays prove a release, from the variables of each shipped inventory: playbooks/vars/smoke.yml."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.arguments import SMOKE
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.options import SmokePlan, smoke_plan
from tests.unit.test_collection_inventories import ROOT, lab_facts, variables

__all__ = ["lab_facts"]
STAGING_ROOTS = "playbooks/files/letsencrypt-staging.pem"


def templated(name: str, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """A variable of playbooks/vars/smoke.yml beside those of an inventory."""
    loader = DataLoader()
    plays = loader.load_from_file(str(ROOT / "playbooks" / "vars" / "smoke.yml"), trusted_as_template=True)
    return t.cast("dict[str, t.Any]", Templar(loader=loader, variables={**given, **plays}).template(plays[name]))


def options(inventory: str, **more: t.Any) -> dict[str, t.Any]:
    """What deploy, rollback and validate ask."""
    return templated("__maestro_smoke", {**variables(ROOT / "inventories" / inventory), **more})


def of_the_play(inventory: str, **more: t.Any) -> dict[str, t.Any]:
    """What the play smoke asks."""
    [play] = DataLoader().load_from_file(str(ROOT / "playbooks" / "smoke.yml"), trusted_as_template=True)
    text = play["module_defaults"]["intelgraph.maestro.smoke"]
    given = {**variables(ROOT / "inventories" / inventory), **more}
    return t.cast("dict[str, t.Any]", Templar(loader=DataLoader(), variables=given).template(text))


def asked(given: dict[str, t.Any]) -> SmokePlan:
    """What the module smoke would do with these options."""
    checked = ArgumentSpecValidator(SMOKE).validate(given)
    assert checked.error_messages == []
    return smoke_plan(checked.validated_parameters)


def api_of(run: SmokePlan) -> t.Any:
    return next(check for check in run.checks if check.name == "api")


def test_the_variables_of_the_plays_hold_no_logic() -> None:
    text = (ROOT / "playbooks" / "vars" / "smoke.yml").read_text(encoding="utf-8")
    assert not re.search(r"default|combine|\bif\b|\||ingress", text.split("---")[1])


@pytest.mark.parametrize("inventory", ["production", "staging"])
def test_a_release_sends_no_load_unless_the_inventory_asks_for_it(inventory: str) -> None:
    assert asked(options(inventory)).load is None
    run = asked(options(inventory, maestro_smoke_load={"rate": 20}))
    assert run.load is not None
    assert run.load.rate == 20


def test_production_is_asked_as_its_users_ask() -> None:
    given = options("production")
    run = asked(given)
    assert (str(run.url), given["ca_path"]) == ("https://maestro.intelgraph.ai/", "")
    assert given["expect"] == {"allowed_origin": "https://intelgraph.ai"}
    load = asked(of_the_play("production")).load
    assert load is not None
    assert load.rate == 1000


def test_staging_trusts_its_issuer_and_nothing_else_is_less_strict() -> None:
    assert variables(ROOT / "inventories" / "staging")["ingress_tls_issuer"] == "letsencrypt-staging"
    given = options("staging")
    assert pathlib.Path(given["ca_path"]).resolve() == ROOT / STAGING_ROOTS
    assert given["expect"] == {"allowed_origin": "https://staging.intelgraph.ai"}
    assert asked(given).load is None
    load = asked(of_the_play("staging")).load
    assert load is not None
    assert load.rate == 300


def test_the_lab_trusts_its_own_authority_and_sends_no_load(lab_facts: dict[str, t.Any]) -> None:
    given = of_the_play("lab")
    run = asked(given)
    assert (given["ca_path"], run.load) == (lab_facts["ca_bundle"], None)
    assert api_of(run).hsts_seconds == 0


def test_a_file_of_authorities_goes_before_the_roots_of_staging() -> None:
    assert options("staging", maestro_smoke_ca_path="/etc/ssl/proxy.pem")["ca_path"] == "/etc/ssl/proxy.pem"


def test_what_the_ingress_leaves_out_is_not_expected() -> None:
    run = asked(options("production", ingress_provider="traefik", ingress_paths=["/api"], ingress_hsts_enabled=False))
    assert not [check.name for check in run.checks if check.name.startswith("healthy")]
    assert api_of(run).hsts_seconds == 0


def test_what_is_expected_by_name_goes_before_what_follows_from_the_ingress() -> None:
    given = options("production", ingress_paths=["/api"], maestro_smoke_expect={"healthy": ["/api/healthz"]})
    assert given["expect"]["healthy"] == ["/api/healthz"]
    assert options("production", maestro_smoke_expect={"allowed_origin": ""})["expect"]["allowed_origin"] == ""


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ({"ingress_rate_limit_requests_per_second": 200}, 200),
        ({"ingress_rate_limit_requests_per_second": 200, "maestro_smoke_load": {"rate": 400}}, 400),
        ({"ingress_rate_limit_requests_per_second": 200, "maestro_smoke_rate": 500}, 500),
        ({"maestro_smoke_port_forward": "service/maestro"}, 50),
    ],
)
def test_a_load_has_the_rate_that_is_told_or_that_passes(given: dict[str, t.Any], rate: float) -> None:
    assert of_the_play("production", **given)["load"]["rate"] == rate


def test_pods_behind_a_service_are_asked_whatever_the_ingress_does() -> None:
    given = options("staging", maestro_smoke_port_forward="service/maestro", ingress_paths=["/api"])
    assert (given["ca_path"], given["expect"]) == ("", {})
