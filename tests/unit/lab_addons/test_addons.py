# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Add-ons: found by name, of one shape, and their manifests as they are applied."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml

from maestro_lab import addon
from maestro_lab.addon import Addon, manifests
from maestro_lab.addons.registry import Busybox
from maestro_lab.build import GoPrograms
from maestro_lab.failure import LabError
from maestro_lab.host_check import listed_packages
from maestro_lab.names import Lab
from maestro_lab.pki import SERVICES_CA, make_authority
from maestro_lab.step import Step, in_order
from maestro_lab.wheel import WheelProgram

CORE = ("network", "certificates", "etcd", "api-server", "controllers", "nodes")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    made = Lab("test", tmp_path_factory.mktemp("lab"), IPv4Network("10.99.0.0/16"))
    make_authority(made, SERVICES_CA)
    return made


@pytest.fixture(scope="module")
def objects(lab: Lab) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(manifests(lab, addon.default())) if found]


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def test_every_add_on_with_a_manifest_is_a_deployment_of_its_namespace(objects: list[dict[str, Any]]) -> None:
    deployed = {(found["metadata"]["namespace"], name) for name, found in of_kind(objects, "Deployment").items()}
    wanted = [one.deployment for one in addon.default() if one.deployment]
    assert deployed == {(deployment.namespace, deployment.name) for deployment in wanted}


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
    held = {packed.reference for one in addon.default() for packed in one.images.values()}
    assert deployed <= held
    others = {one.reference for name in ("registry", "standin") for one in addon.known()[name].images.values()}
    assert held - deployed == others
    assert Busybox().reference in others


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
    placed = {step.name for step in in_order((*core, *addon.steps_of(addon.default())))}
    assert placed >= {"registry", "postgresql", "redis", "ingress", "dns"}


@pytest.mark.parametrize("one", addon.known().values(), ids=lambda one: one.name)
def test_an_add_on_comes_up_beside_what_it_requires_and_nothing_else(one: Addon) -> None:
    core = tuple(Step(name, name, lambda _lab: None) for name in CORE)
    chosen = addon.named([one.name])
    assert in_order((*core, *addon.steps_of(addon.named(["registry", *(each.name for each in chosen)]))))


@pytest.mark.parametrize("one", addon.known().values(), ids=lambda one: one.name)
def test_an_add_on_is_the_file_of_its_name_and_says_what_it_is(one: Addon) -> None:
    assert addon.known()[one.name] is one
    assert one.title
    assert set(one.requires) <= set(addon.known())
    assert one.leaves


@pytest.mark.parametrize("one", addon.default(), ids=lambda one: one.name)
def test_a_default_add_on_requires_no_optional_one_and_its_packages_are_listed(one: Addon) -> None:
    assert not [name for name in one.requires if addon.known()[name].optional]
    assert set(one.debian) <= set(listed_packages())


def test_what_an_add_on_requires_comes_before_it() -> None:
    names = [one.name for one in addon.named(["ingress"])]
    assert names == ["registry", "balancer", "ingress"]


def test_an_unknown_add_on_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(LabError, match=r"(?s)no add-on 'dsn'.*dns +Cluster DNS answers"):
        addon.named(["dsn"])


def test_an_add_on_is_added_to_a_lab_that_runs_without_the_steps_that_are_done() -> None:
    there, new = addon.named(["registry"]), addon.named(["dns"])[-1:]
    done = {*CORE, *(step.name for step in addon.steps_of(there))}
    names = [step.name for step in in_order(addon.steps_of(new), done)]
    assert "registry" not in names
    assert names.index("manifests") < names.index("dns")


@pytest.mark.parametrize("one", addon.known().values(), ids=lambda one: one.name)
def test_programs_are_pinned(one: Addon) -> None:
    for program in one.programs:
        if isinstance(program, WheelProgram):
            assert program.requirement.count("--hash=sha256:") == 2, "one for each platform"
        else:
            assert isinstance(program, GoPrograms)
            assert (program.module / "go.sum").is_file()
