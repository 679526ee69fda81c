# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Nodes: containerd, kubelet and kube-proxy on each, and the files that configure them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from . import api, pki
from .component import Component, await_ready, start
from .kubernetes import programs
from .names import REGION, Host, Lab, Node
from .waiting import until

RUNTIME_SOCKET = "unix:///run/containerd/containerd.sock"
PLUGINS = "/usr/lib/cni"
RUNC = "/usr/sbin/runc"
SANDBOX_IMAGE = "registry.k8s.io/pause:3.10"
CLUSTER_DOMAIN = "cluster.local"
KUBELET_HEALTH_PORT = 10248
PROXY_HEALTH_PORT = 10256
READY_TIMEOUT = 60


def start_runtimes(lab: Lab) -> None:
    """containerd on every node; needs no API server, so it comes up beside it."""
    _write_mirrors(lab)
    for node in lab.nodes:
        configure(lab, node)
    started = [(component, start(lab, component)) for component in map(containerd, lab.nodes)]
    for component, process in started:
        await_ready(lab, component, process, 30)


def start_kubelets(lab: Lab) -> None:
    """kubelet and kube-proxy on every node; returns when all nodes are Ready."""
    with ThreadPoolExecutor(len(lab.nodes)) as pool:
        list(pool.map(lambda node: _join(lab, node), lab.nodes))
    await_nodes(lab, lab.nodes)


def containerd(node: Node) -> Component:
    path = f"{programs()}:/usr/sbin:/usr/bin:/sbin:/bin"
    command = (str(programs() / "containerd"), "--config", str(node.directory / "containerd.toml"))
    return Component(
        f"containerd:{node.name}", command, host=node.name, ready=RUNTIME_SOCKET, environment={"PATH": path}
    )


def kubelet(lab: Lab, node: Node) -> Component:
    labels = {"topology.kubernetes.io/zone": node.zone, "topology.kubernetes.io/region": REGION}
    command = (
        str(programs() / "kubelet"),
        f"--config={node.directory / 'kubelet.yaml'}",
        f"--kubeconfig={lab.pki / f'{node.name}.kubeconfig'}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--node-labels={','.join(f'{name}={value}' for name, value in labels.items())}",
        "--cert-dir=/var/lib/kubelet/pki",
    )
    ready = f"http://{node.address}:{KUBELET_HEALTH_PORT}/healthz"
    return Component(f"kubelet:{node.name}", command, host=node.name, ready=ready)


def kube_proxy(lab: Lab, host: Host, node: Node) -> Component:
    """kube-proxy on a host, seeing Services as `node` does: on the node itself, or where others come in."""
    path = lab.state / f"kube-proxy-{host.name}.yaml"
    _write_yaml(path, proxy_settings(lab, host, node))
    command = (str(programs() / "kube-proxy"), f"--config={path}")
    ready = f"http://{host.address}:{PROXY_HEALTH_PORT}/livez"
    return Component(f"kube-proxy:{host.name}", command, host=host.name, ready=ready)


def configure(lab: Lab, node: Node) -> None:
    """Write the files that the node's programs read."""
    node.directory.mkdir(parents=True, exist_ok=True)
    (node.directory / "cni").mkdir(exist_ok=True)
    (node.directory / "cni" / "10-lab.conflist").write_text(json.dumps(pod_network(node), indent=2))
    (node.directory / "containerd.toml").write_text(_toml(runtime_settings(lab, node)))
    (node.directory / "resolv.conf").write_text("# The lab has no name server beyond its own cluster's.\n")
    _write_yaml(node.directory / "kubelet.yaml", kubelet_settings(lab, node))


def pod_network(node: Node) -> dict[str, Any]:
    """CNI: every pod on a link of its own to the node, which routes; ports of the node on request."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": str(node.pods)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/var/lib/cni/networks",
    }
    return {
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [
            {"type": "ptp", "ipMasq": False, "ipam": addresses},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def runtime_settings(lab: Lab, node: Node) -> dict[str, Any]:
    """containerd: cgroupfs, the lab's registry for every image, no wish for a better OOM score than it is given."""
    runc = {"runtime_type": "io.containerd.runc.v2", "options": {"BinaryName": RUNC, "SystemdCgroup": False}}
    return {
        "version": 3,
        "root": "/var/lib/containerd",
        "state": "/run/containerd",
        "imports": [],
        "plugins": {
            "io.containerd.cri.v1.images": {
                "pinned_images": {"sandbox": SANDBOX_IMAGE},
                "registry": {"config_path": str(_mirrors(lab))},
            },
            "io.containerd.cri.v1.runtime": {
                "restrict_oom_score_adj": True,
                "enable_criu": False,
                "containerd": {"default_runtime_name": "runc", "runtimes": {"runc": runc}},
                "cni": {"bin_dirs": [PLUGINS], "conf_dir": str(node.directory / "cni")},
            },
            "io.containerd.metadata.v1.bolt": {"no_sync": True},
            "io.containerd.internal.v1.opt": {"path": "/var/lib/containerd/opt"},
            "io.containerd.nri.v1.nri": {"disable": True},
        },
    }


def kubelet_settings(lab: Lab, node: Node) -> dict[str, object]:
    own = pki.pair(lab, node.name)
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": str(node.address),
        "healthzBindAddress": str(node.address),
        "healthzPort": KUBELET_HEALTH_PORT,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.pair(lab, pki.CLUSTER_CA).certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(own.certificate),
        "tlsPrivateKeyFile": str(own.key),
        "clusterDomain": CLUSTER_DOMAIN,
        "clusterDNS": [str(lab.dns)],
        "resolvConf": str(node.directory / "resolv.conf"),
        "containerRuntimeEndpoint": RUNTIME_SOCKET,
        "providerID": f"lab://{node.zone}/{node.name}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": node.cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "maxPods": 110,
        "oomScoreAdj": 0,
        "serializeImagePulls": False,
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
    }


def proxy_settings(lab: Lab, host: Host, node: Node) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(lab.pki / "kube-proxy.kubeconfig")},
        "hostnameOverride": node.name,
        "bindAddress": str(host.address),
        "healthzBindAddress": f"{host.address}:{PROXY_HEALTH_PORT}",
        "metricsBindAddress": f"{host.address}:10249",
        "clusterCIDR": str(lab.pods),
        "detectLocalMode": "ClusterCIDR",
        "oomScoreAdj": 0,
        "conntrack": {"maxPerCore": 0, "min": 0},
    }


def _join(lab: Lab, node: Node) -> None:
    components = (kubelet(lab, node), kube_proxy(lab, node, node))
    started = [(component, start(lab, component)) for component in components]
    component, process = started[0]
    await_ready(lab, component, process, READY_TIMEOUT)


def await_nodes(lab: Lab, nodes: Sequence[Node], since: datetime | None = None) -> None:
    """Wait until the API server shows the nodes Ready, by word of their kubelets after `since`."""
    names = {node.name for node in nodes}

    def missing() -> str:
        late = ", ".join(sorted(names - api.ready_nodes(lab, since)))
        return f"Not Ready after {READY_TIMEOUT} s: {late}. See the logs of kubelet and containerd in {lab.logs}"

    until(lambda: names <= api.ready_nodes(lab, since), missing, READY_TIMEOUT)


def _mirrors(lab: Lab) -> Path:
    return lab.state / "mirrors"


def _write_mirrors(lab: Lab) -> None:
    """Every image of whatever registry is asked for at the lab's own."""
    directory = _mirrors(lab) / "_default"
    directory.mkdir(parents=True, exist_ok=True)
    server = f"http://{lab.registry}"
    mirror = {"server": server, "host": {server: {"capabilities": ["pull", "resolve"]}}}
    (directory / "hosts.toml").write_text(_toml(mirror))


def _write_yaml(path: Path, content: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False))


def _toml(table: Mapping[str, object], path: tuple[str, ...] = ()) -> str:
    """TOML of nested tables with strings, numbers, booleans and lists of strings."""
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"[{'.'.join(json.dumps(part) for part in path)}]"] if path and plain else []
    lines += [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in plain.items()]
    nested = [_toml(value, (*path, key)) for key, value in table.items() if isinstance(value, Mapping)]
    return "\n".join([*lines, *nested]) + "\n"
