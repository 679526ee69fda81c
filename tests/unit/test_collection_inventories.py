# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories that users copy, and the one that the README shows, render as they are."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.evaluate import evaluate
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.references import made_by
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import needs_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.view import PreflightOptions, PreflightView
from tests.unit.plugins.module_utils._preflight.builders import NAMESPACE, UID, fitting, ids
from tests.unit.rendering import render

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRIBUTING = ("namespace", "secrets", "workload", "ingress", "monitoring")
LAB_FACTS = {
    "name": "unit",
    "kubeconfig": "/nowhere/kubeconfig",
    "cluster_issuer": "lab-ca",
    "database": {"host": "10.9.0.21", "port": 5432, "name": "maestro", "user": "maestro", "password": "p-w_1"},
    "redis": {"host": "10.9.0.21", "port": 6379, "password": "r-w_2"},
    "registry": {"host": "10.9.0.1:5000", "user": "puller", "password": "pull"},
    "ingress": {"address": "10.9.0.22", "http_port": 80, "https_port": 443, "domain": "maestro-lab.internal"},
}


@pytest.fixture
def lab_facts(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """A lab that is only its facts.json."""
    state = tmp_path / "unit"
    state.mkdir()
    bundle = state / "ca.crt"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", encoding="utf-8")
    facts = {**LAB_FACTS, "ca_bundle": str(bundle)}
    (state / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    monkeypatch.setenv("MAESTRO_LAB", "unit")
    monkeypatch.setenv("MAESTRO_LAB_STATE", str(tmp_path))
    return facts


def variables(inventory: pathlib.Path) -> dict[str, t.Any]:
    """The variables of the inventory's one cluster, as a play sees them."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(inventory)])
    hosts = manager.get_hosts("maestro_clusters")
    assert len(hosts) == 1
    found = VariableManager(loader=loader, inventory=manager).get_vars(host=hosts[0])
    return {name: value for name, value in found.items() if re.match(r"(maestro|lab|[a-z]+)_", name)}


def contributed(inventory: pathlib.Path) -> dict[str, list[dict[str, t.Any]]]:
    chosen = variables(inventory)
    return {role: render(role, **chosen) for role in CONTRIBUTING}


def rendered(inventory: pathlib.Path) -> list[dict[str, t.Any]]:
    return [manifest for manifests in contributed(inventory).values() for manifest in manifests]


def of_kind(kind: str, manifests: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    found = [manifest for manifest in manifests if manifest["kind"] == kind]
    assert len(found) == 1, f"{len(found)} {kind} objects"
    return found[0]


@pytest.mark.parametrize("name", ["lab", "staging", "production"])
def test_an_inventory_renders_a_whole_release(name: str, lab_facts: dict[str, t.Any]) -> None:
    manifests = rendered(ROOT / "inventories" / name)
    kinds = {manifest["kind"] for manifest in manifests}
    wanted = {"Namespace", "ServiceAccount", "ConfigMap", "Deployment", "Service", "HorizontalPodAutoscaler"}
    assert wanted | {"PodDisruptionBudget", "Ingress", "ServiceMonitor", "PrometheusRule"} <= kinds


@pytest.mark.parametrize(("name", "warned"), [("lab", set()), ("staging", set()), ("production", {"image-not-pinned"})])
def test_an_inventory_is_accepted_by_a_cluster_that_fits(
    name: str, warned: set[str], lab_facts: dict[str, t.Any]
) -> None:
    needs = needs_of(contributed(ROOT / "inventories" / name), "maestro", NAMESPACE)
    wishes = PreflightOptions(cluster_uid=UID, production=name == "production", controller_severity="off")
    evaluation = evaluate(PreflightView(needs, fitting(needs), wishes))
    assert (evaluation.verdict, set(ids(evaluation.findings))) == ("passed", warned)


def test_production_is_the_size_that_the_report_gives() -> None:
    manifests = rendered(ROOT / "inventories" / "production")
    container = of_kind("Deployment", manifests)["spec"]["template"]["spec"]["containers"][0]
    scaler = of_kind("HorizontalPodAutoscaler", manifests)["spec"]
    assert container["resources"]["requests"] | {"cpu": "500m", "memory": "1Gi"} == container["resources"]["requests"]
    assert container["resources"]["limits"] | {"cpu": "2000m", "memory": "4Gi"} == container["resources"]["limits"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 10)


def test_production_and_staging_keep_no_secret_value() -> None:
    for name in ("staging", "production"):
        manifests = rendered(ROOT / "inventories" / name)
        assert "ExternalSecret" in {manifest["kind"] for manifest in manifests}
        assert "Secret" not in {manifest["kind"] for manifest in manifests}


@pytest.mark.parametrize("name", ["staging", "production"])
def test_no_secret_has_to_be_made_by_hand(name: str) -> None:
    given = variables(ROOT / "inventories" / name)
    needs = needs_of({role: render(role, **given) for role in CONTRIBUTING}, "maestro", "maestro-system")
    read = {reference.target.name for reference in needs.references if reference.target.kind == "Secret"}
    made = {key.name for key in map(made_by, rendered(ROOT / "inventories" / name)) if key}
    assert {"maestro-secrets", "maestro-registry", "maestro-alerting"} <= read <= made


def test_staging_is_not_mistaken_for_production() -> None:
    names = [
        of_kind("Ingress", rendered(ROOT / "inventories" / name))["spec"]["rules"][0]["host"]
        for name in ("staging", "production")
    ]
    assert len(set(names)) == 2


def test_the_lab_deploys_the_image_of_the_report(lab_facts: dict[str, t.Any]) -> None:
    pods = of_kind("Deployment", rendered(ROOT / "inventories" / "lab"))["spec"]["template"]["spec"]
    assert pods["containers"][0]["image"] == "ghcr.io/brianlong/intelgraph/maestro-control-plane:2.0.0-prod"


def test_the_lab_asks_its_own_issuer_for_the_certificate(lab_facts: dict[str, t.Any]) -> None:
    certificate = of_kind("Certificate", rendered(ROOT / "inventories" / "lab"))["spec"]
    assert certificate["issuerRef"]["name"] == "lab-ca"


def inventories_of_the_readme() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return [
        block for block in re.findall(r"^```yaml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL) if "hosts:" in block
    ]


def test_the_readme_shows_inventories_of_three_lines() -> None:
    displayed = inventories_of_the_readme()
    assert len(displayed) == 3
    assert all(len(block.splitlines()) == 3 for block in displayed)


@pytest.mark.parametrize("number", range(3))
def test_an_inventory_of_the_readme_renders_a_whole_release(number: int, tmp_path: pathlib.Path) -> None:
    inventory = tmp_path / "clusters.yml"
    inventory.write_text(inventories_of_the_readme()[number], encoding="utf-8")
    manifests = rendered(inventory)
    assert of_kind("Deployment", manifests)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert of_kind("HorizontalPodAutoscaler", manifests)["spec"]["maxReplicas"] == 10
