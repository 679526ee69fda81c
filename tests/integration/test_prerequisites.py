# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that a release would fail on is refused with one clear message, and nothing on it is changed."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import pathlib
import socket
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings import registry
from tests.integration import seeing
from tests.integration.conftest import STATE, Player, of_namespace
from tests.integration.furnishing import allow, furnish, wait_for_content_remaining
from tests.integration.playing import Play, play
from tests.unit.roles.test_ingress import GATEWAY_ELSEWHERE

ONLY_JUDGE = str(pathlib.Path(__file__).with_name("prerequisites.yml"))
INFO = "intelgraph.maestro.cluster_info"
RELEASE = "intelgraph.maestro.release"
Lab = dict[str, t.Any]
Connection = t.Callable[[Lab, pathlib.Path], contextlib.AbstractContextManager[dict[str, t.Any]]]


@pytest.fixture
def inhabited(namespace: str, cluster: Cluster) -> str:
    """A namespace with an object of somebody else's in it."""
    furnish(cluster, namespace)
    return namespace


@pytest.fixture
def evaluate(namespace: str) -> Player:
    """Runs the prerequisites alone, with nothing contributed."""
    return functools.partial(play, ONLY_JUDGE, **of_namespace(namespace))


def versions(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The resourceVersion of everything in a namespace that a release could touch, and of the namespace itself."""
    found = {name: item["metadata"]["resourceVersion"] for name, item in seeing.declared(cluster, namespace).items()}
    return {**found, "": cluster.get(f"/api/v1/namespaces/{namespace}")["metadata"]["resourceVersion"]}


def refused(done: Play, *ids: str) -> str:
    """The one message of a play that the preflight stopped, with exactly these errors and before any release."""
    assert done.rc != 0, done.output
    errors = {finding["id"] for finding in done.result_of(INFO)["findings"] if finding["severity"] == "error"}
    assert errors == set(ids), done.failure
    assert [entry["state"] for entry in done.tasks].count("failed") == 1
    assert not any(entry["action"] == RELEASE for entry in done.tasks)
    assert all(f"[{name}]" in done.failure for name in ids)
    return done.failure


@contextlib.contextmanager
def nobody_listens(lab: Lab, folder: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    yield {"host": f"https://127.0.0.1:{port}", "api_key": "token"}


@contextlib.contextmanager
def nobody_answers(lab: Lab, folder: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"https://127.0.0.1:{silent.getsockname()[1]}"
        yield {"host": host, "api_key": "token", "connect_timeout": 1, "request_timeout": 1}


@contextlib.contextmanager
def no_such_name(lab: Lab, folder: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    yield {"host": "https://no-such-cluster.invalid:6443", "api_key": "token"}


@contextlib.contextmanager
def another_ca(lab: Lab, folder: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    yield {"host": lab["api_server"], "api_key": "token", "ca_cert": lab["ca_bundle"]}


@contextlib.contextmanager
def a_bad_token(lab: Lab, folder: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    yield {"host": lab["api_server"], "api_key": "token", "ca_cert": lab["ca"]}


@contextlib.contextmanager
def an_expired_certificate(lab: Lab, folder: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    """A client certificate that the cluster's own CA signed, for yesterday."""
    authority = x509.load_pem_x509_certificate((STATE / "pki" / "cluster-ca.crt").read_bytes())
    signer = serialization.load_pem_private_key((STATE / "pki" / "cluster-ca.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "expired")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now - dt.timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(t.cast("ec.EllipticCurvePrivateKey", signer), hashes.SHA256())
    )
    (folder / "expired.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "expired.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    yield {
        "host": lab["api_server"],
        "ca_cert": lab["ca"],
        "client_cert": str(folder / "expired.crt"),
        "client_key": str(folder / "expired.key"),
    }


@contextlib.contextmanager
def no_such_context(lab: Lab, folder: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    yield {"kubeconfig": lab["kubeconfig"], "context": "no-such-context"}


CONNECTIONS: list[tuple[Connection, str, str]] = [
    (nobody_listens, "api-unreachable", "refused"),
    (nobody_answers, "api-unreachable", "within the time allowed"),
    (no_such_name, "api-unreachable", "does not resolve"),
    (another_ca, "api-untrusted", "not trusted"),
    (a_bad_token, "credentials-refused", "expired, revoked or wrong"),
    (an_expired_certificate, "credentials-refused", "expired, revoked or wrong"),
    (no_such_context, "connection-options", "no-such-context"),
]
THROUGH_A_DEPLOY = (nobody_listens, an_expired_certificate)
"""The others are judged by the preflight alone, which takes less time."""


@pytest.mark.parametrize(
    ("connection", "finding", "words"), CONNECTIONS, ids=lambda value: getattr(value, "__name__", "")
)
def test_an_api_that_cannot_be_used_is_refused(
    connection: Connection,
    finding: str,
    words: str,
    inhabited: str,
    deploy: Player,
    evaluate: Player,
    cluster: Cluster,
    lab: Lab,
    tmp_path: pathlib.Path,
) -> None:
    before = versions(cluster, inhabited)
    player = deploy if connection in THROUGH_A_DEPLOY else evaluate
    with connection(lab, tmp_path) as options:
        message = refused(player(maestro_connection=options), finding)
    assert words in message
    assert message.count("\n- [") == 1
    assert versions(cluster, inhabited) == before


REFUSALS: dict[str, tuple[dict[str, t.Any], tuple[str, ...], tuple[str, ...]]] = {
    "the wrong cluster": (
        {"maestro_cluster_uid": "00000000-0000-0000-0000-000000000000"},
        ("wrong-cluster",),
        ("maestro_cluster_uid says 00000000",),
    ),
    "a missing CRD, and the Gateway with it": (
        {
            "ingress_provider": "gateway",
            "ingress_gateway_implementation": "nginx",
            **GATEWAY_ELSEWHERE,
            "ingress_connections_per_client": 0,
            "ingress_annotations": {},
            "ingress_class": "traefik",
        },
        ("kind-not-served", "reference-missing"),
        ("ratelimitpolicies.gateway.nginx.org", "NGINX Gateway Fabric", "ingress_gateway_implementation"),
    ),
}


@pytest.mark.parametrize("given", REFUSALS)
def test_an_unfit_cluster_is_refused(given: str, inhabited: str, deploy: Player, cluster: Cluster) -> None:
    variables, findings, words = REFUSALS[given]
    before = versions(cluster, inhabited)
    message = refused(deploy(**variables), *findings)
    for word in words:
        assert word in message
    assert versions(cluster, inhabited) == before


UNFIT: dict[str, t.Any] = {
    "ingress_class": "no-such-class",
    "workload_priority_class": "no-such-priority",
    "workload_persistence_mode": "shared",
    "workload_requests_memory": "20Gi",
    "workload_limits_memory": "20Gi",
    "namespace_limits_max_memory": "20Gi",
    "namespace_quota_pods": 2,
    "secrets_source": "existing",
    "secrets_values": {},
    "secrets_registry_password": "",
}
UNFIT_WORDS = {
    "ingress-class-missing": "IngressClass no-such-class does not exist; the cluster has nginx, traefik",
    "access-mode-impossible": "wants ReadWriteMany, but rancher.io/local-path",
    "capacity-insufficient": "more while rolling out) of cpu 50m, ephemeral-storage 64Mi, memory 20Gi do not fit",
    "quota-insufficient": "needed, 2 allowed",
    "reference-missing": "ANTHROPIC_API_KEY",
    "pod-refused": "no PriorityClass with name no-such-priority was found",
}


def test_everything_is_said_at_once_in_check_mode_too(inhabited: str, deploy: Player, cluster: Cluster) -> None:
    before = versions(cluster, inhabited)
    message = refused(deploy("--check", **UNFIT), *UNFIT_WORDS)
    for words in UNFIT_WORDS.values():
        assert words in message
    assert "Secret " + inhabited + "/maestro-secrets" in message
    assert versions(cluster, inhabited) == before


def test_an_endpoint_that_nobody_answers_for_is_as_grave_as_chosen(evaluate: Player) -> None:
    database = {"host": "127.0.0.1", "port": 1}
    message = refused(evaluate(maestro_database=database), "endpoint-unreachable")
    assert "PostgreSQL 127.0.0.1:1: This host cannot open a connection" in message
    warned = evaluate(maestro_database=database, prerequisites_endpoints="warning")
    assert warned.rc == 0, warned.output
    assert warned.output.count("[endpoint-unreachable]") == 1


GROUPS = ("", "apps", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "coordination.k8s.io")


def test_a_forbidden_verb_is_named_for_each_kind(inhabited: str, deploy: Player, cluster: Cluster, lab: Lab) -> None:
    """An account that may do anything in its namespace but make Deployments and touch what custom APIs bring."""
    granted = [
        {"apiGroups": [group for group in GROUPS if group != "apps"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"]},
    ]
    account = allow(cluster, inhabited, granted)
    before = versions(cluster, inhabited)
    done = deploy(maestro_connection={"kubeconfig": lab["kubeconfig"], "impersonate_user": account})
    message = refused(done, "permission-missing")
    assert f"Deployment in {inhabited}: The account may not create, patch, delete deployments of apps." in message
    assert "Service in" not in message
    unread = [finding for finding in done.result_of(INFO)["findings"] if finding["id"] == "fact-unknown"]
    assert {finding["severity"] for finding in unread} == {"note"}
    assert "list nodes" in {finding["object"] for finding in unread}
    assert versions(cluster, inhabited) == before


def test_a_namespace_that_does_not_go_away_says_what_holds_it(
    inhabited: str, evaluate: Player, cluster: Cluster
) -> None:
    path = f"/api/v1/namespaces/{inhabited}/configmaps/of-somebody-else"
    cluster.merge(path, {"metadata": {"finalizers": ["example.com/guard"]}})
    cluster.delete(f"/api/v1/namespaces/{inhabited}")
    try:
        wait_for_content_remaining(cluster, inhabited)
        message = refused(evaluate(), "namespace-terminating")
    finally:
        cluster.merge(path, {"metadata": {"finalizers": None}})
    assert "takes no new object" in message
    assert "example.com/guard" in message


def test_another_run_at_work_is_named(inhabited: str, evaluate: Player, cluster: Cluster) -> None:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    lease = {
        "metadata": {"name": "maestro-release"},
        "spec": {"holderIdentity": "runner-7", "renewTime": now, "leaseDurationSeconds": 300},
    }
    cluster.create(f"/apis/coordination.k8s.io/v1/namespaces/{inhabited}/leases", lease)
    reported = evaluate()
    assert reported.rc == 0, reported.output
    [warning] = [finding for finding in reported.result_of(INFO)["findings"] if finding["id"] == "release-in-progress"]
    assert "held by runner-7" in warning["message"]


def test_the_lab_is_fit_and_judged_with_few_requests(
    namespace: str, deploy: Player, record_property: t.Callable[[str, object], None]
) -> None:
    done = deploy("--check")
    assert done.rc == 0, done.output
    evaluated = done.result_of(INFO)
    assert evaluated["verdict"] == "passed"
    assert [finding for finding in evaluated["findings"] if finding["severity"] != "note"] == []
    assert evaluated["cluster"]["zones"] == ["zone-1", "zone-2", "zone-3"]
    assert evaluated["requests"] < 80
    record_property("seconds", evaluated["duration"])


def test_every_finding_of_these_tests_is_declared() -> None:
    named = {finding for _, finding, _ in CONNECTIONS} | {each for _, found, _ in REFUSALS.values() for each in found}
    assert named <= set(registry.BY_ID)
