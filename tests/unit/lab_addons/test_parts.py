# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The manifests of the cluster's parts, as they are applied."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from maestro_lab.addons import catalogue, steps
from maestro_lab.addons.parts import PARTS, manifests
from maestro_lab.names import Lab
from maestro_lab.pki import SERVICES_CA, make_authority
from maestro_lab.step import Step, in_order

CORE = ("network", "certificates", "etcd", "api-server", "controllers", "nodes")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    made = Lab("test", tmp_path_factory.mktemp("lab"), IPv4Network("10.99.0.0/16"))
    make_authority(made, SERVICES_CA)
    return made


@pytest.fixture(scope="module")
def objects(lab: Lab) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(manifests(lab)) if found]


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def test_every_part_is_a_deployment_of_its_namespace(objects: list[dict[str, Any]]) -> None:
    deployed = {(found["metadata"]["namespace"], name) for name, found in of_kind(objects, "Deployment").items()}
    assert deployed == {(part.namespace, part.deployment) for part in PARTS}


def test_every_namespace_is_made_or_built_in(objects: list[dict[str, Any]]) -> None:
    used = {found["metadata"].get("namespace", "kube-system") for found in objects}
    assert used <= {"kube-system", *of_kind(objects, "Namespace")}


def test_no_two_objects_have_the_same_name(objects: list[dict[str, Any]]) -> None:
    names = [(found["kind"], found["metadata"].get("namespace"), found["metadata"]["name"]) for found in objects]
    assert len(names) == len(set(names))


def test_deployed_images_are_those_that_the_registry_holds(objects: list[dict[str, Any]]) -> None:
    deployed = {
        container["image"]
        for found in of_kind(objects, "Deployment").values()
        for container in found["spec"]["template"]["spec"]["containers"]
    }
    held = set(catalogue.references().values())
    assert deployed <= held
    assert held - deployed == {catalogue.BUSYBOX_REFERENCE, catalogue.PACKED["pause"].reference}


def test_name_server_has_the_address_that_kubelets_tell_pods(lab: Lab, objects: list[dict[str, Any]]) -> None:
    assert of_kind(objects, "Service")["kube-dns"]["spec"]["clusterIP"] == str(lab.dns)


def test_name_server_knows_the_database_and_leads_the_rest_of_the_domain_to_the_ingress(
    lab: Lab, objects: list[dict[str, Any]]
) -> None:
    corefile = of_kind(objects, "ConfigMap")["coredns"]["data"]["Corefile"]
    assert f"db.maestro-lab.internal:53 {{\n    errors\n    hosts {{\n        {lab.host('db').address} db." in corefile
    assert r"match .*[.]maestro-lab[.]internal[.]$" in corefile
    assert f'answer "{{{{ .Name }}}} 30 IN A {lab.host("lb").address}"' in corefile


def test_one_storage_class_is_the_default(objects: list[dict[str, Any]]) -> None:
    mark = "storageclass.kubernetes.io/is-default-class"
    classes = of_kind(objects, "StorageClass")
    assert [name for name, found in classes.items() if found["metadata"].get("annotations", {}).get(mark)] == [
        "standard"
    ]


def test_every_provisioner_of_a_class_runs(objects: list[dict[str, Any]]) -> None:
    wanted = {found["provisioner"] for found in of_kind(objects, "StorageClass").values()}
    pod = of_kind(objects, "Deployment")["local-path-provisioner"]["spec"]["template"]["spec"]
    arguments = {word for container in pod["containers"] for word in container["args"]}
    assert {f"--provisioner-name={name}" for name in wanted} <= arguments


def test_storage_configuration_is_json(objects: list[dict[str, Any]]) -> None:
    configured = of_kind(objects, "ConfigMap")
    assert json.loads(configured["shared-storage"]["data"]["config.json"]) == {
        "sharedFileSystemPath": "/var/lib/maestro-shared"
    }
    assert json.loads(configured["node-storage"]["data"]["config.json"])["nodePathMap"]


def test_cluster_issuer_signs_with_the_authority_for_services(lab: Lab, objects: list[dict[str, Any]]) -> None:
    secret = of_kind(objects, "Secret")["lab-ca"]["stringData"]
    assert secret["tls.crt"] == (lab.pki / f"{SERVICES_CA}.crt").read_text()
    assert secret["tls.key"] == (lab.pki / f"{SERVICES_CA}.key").read_text()


def test_steps_depend_on_steps_that_there_are() -> None:
    core = tuple(Step(name, name, lambda _lab: None) for name in CORE)
    assert {step.name for step in in_order((*core, *steps))} >= {"registry", "postgresql", "redis", "ingress", "dns"}


def test_modules_are_folders_with_pinned_requirements() -> None:
    for module in (*catalogue.MODULES, *catalogue.ON_DEMAND.values()):
        assert (module.folder / "go.mod").is_file(), module.folder
        pinned = Path(module.folder, "go.sum").is_file()
        assert pinned or "require" not in (module.folder / "go.mod").read_text(), module.folder
