# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What the cluster's programs are told: command lines, settings and kubeconfig files."""

from __future__ import annotations

import base64
import ssl
import stat
import tomllib
from pathlib import Path

import pytest
import yaml

from maestro_lab import control_plane, kubernetes, nodes, pki
from maestro_lab.component import Component
from maestro_lab.kubeconfig import write_admin
from maestro_lab.names import Lab


@pytest.fixture(autouse=True)
def no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_plane, "programs", lambda: Path("/programs"))
    monkeypatch.setattr(nodes, "programs", lambda: Path("/programs"))


def flags(component: Component) -> dict[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in component.argv[1:] if "=" in argument)


def test_the_control_plane_listens_on_the_bridge_only(lab: Lab) -> None:
    for component in (
        control_plane.api_server(lab),
        control_plane.controller_manager(lab),
        control_plane.scheduler(lab),
    ):
        assert flags(component)["bind-address"] == str(lab.address), component.name
    urls = [value for name, value in flags(control_plane.etcd(lab)).items() if name.startswith("listen-")]
    assert urls
    assert all(f"://{lab.address}:" in url for url in urls)


def test_etcd_talks_to_holders_of_its_own_certificates_only(lab: Lab) -> None:
    etcd = flags(control_plane.etcd(lab))
    assert etcd["client-cert-auth"] == etcd["peer-client-cert-auth"] == "true"
    assert etcd["trusted-ca-file"] == str(pki.pair(lab, pki.ETCD_CA).certificate)


def test_the_api_server_authorizes_nodes_and_roles_and_audits(lab: Lab) -> None:
    given = flags(control_plane.api_server(lab))
    assert given["authorization-mode"] == "Node,RBAC"
    assert given["kubelet-preferred-address-types"] == "InternalIP"
    assert given["enable-aggregator-routing"] == "true"
    assert given["audit-log-path"] == str(lab.log("audit"))


def test_the_audit_log_leaves_out_the_cluster_itself_and_keeps_the_rest() -> None:
    silent, last = control_plane.AUDIT_POLICY["rules"][:-1], control_plane.AUDIT_POLICY["rules"][-1]
    assert all(rule["level"] == "None" for rule in silent)
    assert last == {"level": "Metadata"}


def test_kubelets_differ_in_all_that_must_not_be_shared(lab: Lab) -> None:
    settings = [nodes.kubelet_settings(lab, node) for node in lab.nodes]
    for name in ("address", "cgroupRoot", "tlsCertFile", "providerID", "resolvConf"):
        assert len({str(one[name]) for one in settings}) == len(settings), name


def test_a_kubelet_works_on_both_versions_of_cgroups(lab: Lab) -> None:
    settings = nodes.kubelet_settings(lab, lab.nodes[0])
    assert settings["failCgroupV1"] is False
    assert settings["cgroupDriver"] == "cgroupfs"
    assert settings["cgroupRoot"] == lab.nodes[0].cgroup


def test_a_node_carries_its_zone(lab: Lab) -> None:
    labels = flags(nodes.kubelet(lab, lab.nodes[1]))["node-labels"]
    assert "topology.kubernetes.io/zone=zone-2" in labels.split(",")


def test_containerd_reads_its_settings_back_as_meant(lab: Lab) -> None:
    nodes.configure(lab, lab.nodes[0])
    read = tomllib.loads((lab.nodes[0].directory / "containerd.toml").read_text())
    assert read == nodes.runtime_settings(lab, lab.nodes[0])
    assert read["plugins"]["io.containerd.cri.v1.runtime"]["restrict_oom_score_adj"] is True


def test_every_image_is_asked_for_at_the_lab_s_registry(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "start", lambda *_: None)
    monkeypatch.setattr(nodes, "await_ready", lambda *_: None)
    nodes.start_runtimes(lab)
    hosts = tomllib.loads((lab.state / "mirrors" / "_default" / "hosts.toml").read_text())
    assert hosts["server"] == f"http://{lab.registry}"
    assert list(hosts["host"]) == [f"http://{lab.registry}"]


def test_pods_of_each_node_get_addresses_of_its_range(lab: Lab) -> None:
    for node in lab.nodes:
        first = nodes.pod_network(node)["plugins"][0]
        assert first["ipam"]["ranges"] == [[{"subnet": str(node.pods)}]]


def test_the_load_balancer_s_proxy_sees_services_as_a_node_but_serves_at_its_own_address(lab: Lab) -> None:
    settings = nodes.proxy_settings(lab, lab.host("lb"), lab.nodes[0])
    assert settings["hostnameOverride"] == "node-1"
    assert settings["bindAddress"] == str(lab.host("lb").address)


def test_the_administrator_s_kubeconfig_is_whole_and_private(lab: Lab) -> None:
    pki.make_all(lab)
    write_admin(lab)
    content = yaml.safe_load(lab.kubeconfig.read_text())
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    assert cluster["server"] == lab.api_server
    assert base64.b64decode(cluster["certificate-authority-data"]) == (lab.pki / "cluster-ca.crt").read_bytes()
    key = lab.state / "key.pem"
    key.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
    ssl.create_default_context().load_cert_chain(key)
    assert stat.S_IMODE(lab.kubeconfig.stat().st_mode) == 0o600


def test_the_version_that_the_server_tells_is_the_one_required() -> None:
    module = kubernetes.kubernetes_programs()
    assert module.variables["k8s.io/component-base/version.gitVersion"] == kubernetes.kubernetes_version()
    assert module.variables["k8s.io/component-base/version.gitMinor"] == kubernetes.kubernetes_version().split(".")[1]
    assert set(kubernetes.PROGRAMS) == set(module.aliases["kubernetes"])
