# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/contract.md names all that the roles ask of the image."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.defaults import Expectations
from tests.unit.rendering import Manifest, of_kind, only, render

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([^`]+)`", CONTRACT))
OF_THE_IMAGE = re.compile(r"(?<![a-z_:])(?:maestro|nodejs|process)_[a-z_]+")
AUTHORITY = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
OF_PROMETHEUS = {"le", "namespace", "job"}
SUFFIX = re.compile(r"_(bucket|count|sum)$")


def workload(**variables: object) -> list[Manifest]:
    return render("workload", **variables)


def queries() -> str:
    """All that the rules and the dashboard ask Prometheus for."""
    groups = [group for rule in of_kind(render("monitoring"), "PrometheusRule") for group in rule["spec"]["groups"]]
    asked = [rule["expr"] for group in groups for rule in group["rules"]]
    board = only(of_kind(render("monitoring"), "ConfigMap"))["data"]
    return "\n".join([*asked, *board.values()])


def without_recorded(text: str) -> str:
    return re.sub(r"namespace(_job)?:[a-z0-9_]+:[a-z0-9_]+", "", text)


def test_every_metric_that_is_asked_for_is_named() -> None:
    asked = {SUFFIX.sub("", name) for name in OF_THE_IMAGE.findall(without_recorded(queries()))}
    assert "maestro_http_requests_total" in asked
    assert asked - NAMED == set()


def test_every_label_of_a_metric_is_named() -> None:
    grouped = re.findall(r"by \(([a-z, ]+)\) \(rate\(maestro_", queries())
    labels = {label.strip() for group in grouped for label in group.split(",")}
    assert {"code", "route", "strategy", "outcome"} <= labels
    assert labels - OF_PROMETHEUS - NAMED == set()


def test_the_buckets_are_those_of_the_rules() -> None:
    bounds = {float(bound) for bound in re.findall(r'le=~\\?"(\d+)', queries())}
    assert bounds == {2.0, 30.0}
    assert "the bounds 2 and 30" in CONTRACT


@pytest.mark.parametrize("keys", [[], ["DATABASE_USERNAME", "DATABASE_PASSWORD"]])
def test_every_variable_of_the_environment_is_named(keys: list[str]) -> None:
    given = {"maestro_required_secret_keys": keys} if keys else {}
    pod = only(of_kind(workload(workload_ca_bundle=AUTHORITY, **given), "Deployment"))["spec"]["template"]["spec"]
    names = {variable["name"] for variable in only(pod["containers"])["env"]}
    assert names - NAMED == set()


def test_every_setting_is_named() -> None:
    text = only(of_kind(workload(), "ConfigMap"))["data"]["config.yaml"]
    settings = yaml.safe_load(text)
    assert {*settings, *(key for section in settings.values() for key in section)} - NAMED == set()


def test_the_ports_and_paths_are_those_of_the_pods_and_of_the_smoke_test() -> None:
    pods = json.dumps(workload())
    for port, path in ((8080, "/healthz"), (8080, "/readyz"), (9090, "/metrics")):
        assert f"`GET {path}` on {port}" in CONTRACT
        assert str(port) in pods
    usual = dataclasses.asdict(Expectations())
    for path in (*usual["healthy"], usual["status"], *usual["closed"]):
        assert f"`GET {path}` on 8080" in CONTRACT
