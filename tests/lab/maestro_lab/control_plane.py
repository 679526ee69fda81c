# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""etcd, the API server, the controllers and the scheduler: on the machine itself, bound to the bridge's address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from . import api, pki
from .component import Component, await_ready, start
from .kubeconfig import write_admin, write_for
from .kubernetes import programs
from .names import API_PORT, ETCD_PORT, Lab
from .waiting import until

ETCD_PEER_PORT = 2380
ETCD_METRICS_PORT = 2381
CONTROLLERS_PORT = 10257
SCHEDULER_PORT = 10259
SILENT_GROUPS = ("system:nodes", "system:serviceaccounts:kube-system")
SILENT_USERS = ("system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy")


def make_credentials(lab: Lab) -> None:
    """Certificates and kubeconfig files for the whole cluster."""
    pki.make_all(lab)
    write_admin(lab)
    for user in ("kube-controller-manager", "kube-scheduler", "kube-proxy", *(node.name for node in lab.nodes)):
        write_for(lab, user)


def start_etcd(lab: Lab) -> None:
    component = etcd(lab)
    await_ready(lab, component, start(lab, component), 30)


def start_api_server(lab: Lab) -> None:
    audit_policy(lab).write_text(yaml.safe_dump(AUDIT_POLICY, sort_keys=False))
    component = api_server(lab)
    await_ready(lab, component, start(lab, component), 60)


def start_controllers(lab: Lab) -> None:
    """The controllers and the scheduler; ready once pods can be made (the default service account exists)."""
    started = [(component, start(lab, component)) for component in (controller_manager(lab), scheduler(lab))]
    for component, process in started:
        await_ready(lab, component, process, 60)
    until(
        lambda: api.exists(lab, "/api/v1/namespaces/default/serviceaccounts/default"),
        f"The controllers do not make the default service account; see {lab.log('kube-controller-manager')}",
        30,
    )


def etcd(lab: Lab) -> Component:
    own, authority = pki.pair(lab, "etcd"), pki.pair(lab, pki.ETCD_CA)
    address = f"https://{lab.address}:{ETCD_PORT}"
    peers = f"https://{lab.address}:{ETCD_PEER_PORT}"
    flags = {
        "name": lab.name,
        "data-dir": lab.state / "etcd",
        "listen-client-urls": address,
        "advertise-client-urls": address,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"{lab.name}={peers}",
        "peer-client-cert-auth": "true",
        "peer-cert-file": own.certificate,
        "peer-key-file": own.key,
        "peer-trusted-ca-file": authority.certificate,
        "cert-file": own.certificate,
        "key-file": own.key,
        "trusted-ca-file": authority.certificate,
        "client-cert-auth": "true",
        "listen-metrics-urls": f"http://{lab.address}:{ETCD_METRICS_PORT}",
        "unsafe-no-fsync": "true",
        "snapshot-count": 10000,
        "log-level": "warn",
    }
    ready = f"http://{lab.address}:{ETCD_METRICS_PORT}/readyz"
    return Component("etcd", _command("etcd", flags), ready=ready, environment={"GOGC": "50"})


def api_server(lab: Lab) -> Component:
    own, etcd_client = pki.pair(lab, "kube-apiserver"), pki.pair(lab, "etcd-client")
    kubelet_client, front_proxy = pki.pair(lab, "kubelet-client"), pki.pair(lab, "front-proxy-client")
    cluster_ca = pki.pair(lab, pki.CLUSTER_CA).certificate
    service_accounts = lab.pki / pki.SERVICE_ACCOUNT_KEY
    flags = {
        "bind-address": lab.address,
        "advertise-address": lab.address,
        "secure-port": API_PORT,
        "tls-cert-file": own.certificate,
        "tls-private-key-file": own.key,
        "client-ca-file": cluster_ca,
        "etcd-servers": f"https://{lab.address}:{ETCD_PORT}",
        "etcd-cafile": pki.pair(lab, pki.ETCD_CA).certificate,
        "etcd-certfile": etcd_client.certificate,
        "etcd-keyfile": etcd_client.key,
        "kubelet-certificate-authority": cluster_ca,
        "kubelet-client-certificate": kubelet_client.certificate,
        "kubelet-client-key": kubelet_client.key,
        "kubelet-preferred-address-types": "InternalIP",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "service-cluster-ip-range": lab.services,
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": service_accounts,
        "service-account-signing-key-file": service_accounts,
        "requestheader-client-ca-file": pki.pair(lab, pki.FRONT_PROXY_CA).certificate,
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": front_proxy.certificate,
        "proxy-client-key-file": front_proxy.key,
        "enable-aggregator-routing": "true",
        "audit-policy-file": audit_policy(lab),
        "audit-log-path": lab.log("audit"),
        "audit-log-maxsize": 50,
        "audit-log-maxbackup": 2,
        "profiling": "false",
    }
    return Component("apiserver", _command("kube-apiserver", flags), ready=f"{lab.api_server}/readyz")


def controller_manager(lab: Lab) -> Component:
    authority = pki.pair(lab, pki.CLUSTER_CA)
    flags = {
        **_client_flags(lab, "kube-controller-manager", CONTROLLERS_PORT),
        "service-account-private-key-file": lab.pki / pki.SERVICE_ACCOUNT_KEY,
        "root-ca-file": authority.certificate,
        "cluster-signing-cert-file": authority.certificate,
        "cluster-signing-key-file": authority.key,
        "use-service-account-credentials": "true",
        "allocate-node-cidrs": "false",
        "node-monitor-period": "1s",
        "flex-volume-plugin-dir": lab.state / "volume-plugins",
        "horizontal-pod-autoscaler-cpu-initialization-period": "10s",
        "horizontal-pod-autoscaler-initial-readiness-delay": "5s",
    }
    ready = f"https://{lab.address}:{CONTROLLERS_PORT}/healthz"
    return Component("controller-manager", _command("kube-controller-manager", flags), ready=ready)


def scheduler(lab: Lab) -> Component:
    flags = _client_flags(lab, "kube-scheduler", SCHEDULER_PORT)
    ready = f"https://{lab.address}:{SCHEDULER_PORT}/healthz"
    return Component("scheduler", _command("kube-scheduler", flags), ready=ready)


def audit_policy(lab: Lab) -> Path:
    return lab.state / "audit-policy.yaml"


AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "userGroups": list(SILENT_GROUPS)},
        {"level": "None", "users": list(SILENT_USERS)},
        {"level": "Metadata"},
    ],
}


def _client_flags(lab: Lab, name: str, port: int) -> dict[str, object]:
    """What the controllers and the scheduler have in common."""
    own = pki.pair(lab, name)
    kubeconfig = lab.pki / f"{name}.kubeconfig"
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "client-ca-file": pki.pair(lab, pki.CLUSTER_CA).certificate,
        "requestheader-client-ca-file": pki.pair(lab, pki.FRONT_PROXY_CA).certificate,
        "bind-address": lab.address,
        "secure-port": port,
        "tls-cert-file": own.certificate,
        "tls-private-key-file": own.key,
        "leader-elect": "false",
        "kube-api-qps": 500,
        "kube-api-burst": 1000,
        "profiling": "false",
    }


def _command(program: str, flags: Mapping[str, object]) -> tuple[str, ...]:
    return (str(programs() / program), *(f"--{name}={value}" for name, value in flags.items()))
