# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret value leaves the Secrets: not in what plays show or leave at the highest verbosity, nor in the cluster."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import secrets
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import WITHOUT_AUTOSCALER, of_namespace
from tests.integration.leaking import Searcher, files_below
from tests.integration.overhearing import overhearing
from tests.integration.playing import COLLECTIONS, ROOT, SECONDS, Play, play
from tests.integration.signing import self_signed

Variables = dict[str, t.Any]
CANARIES = {
    name: f'{name}/"{secrets.token_urlsafe(24)}"{{x}}'
    for name in ("openai", "anthropic", "jwt", "external", "pull", "rotated", "pagerduty", "header")
}
SLACK = f"https://slack.maestro-lab.internal/{secrets.token_urlsafe(24)}"
DETAIL = ("-vvvv", "--diff")
KEPT = ("reports/", "diagnosis/", "junit/", "tree/", "left/log", "plan.json", "job_events/", "stdout", "argv")
"""Parts of the names of what must be there to be searched."""


@pytest.fixture
def variables(lab: dict[str, t.Any]) -> Variables:
    """The lab's own database, and canaries for everything that the stand-in does not use."""
    database, redis = lab["database"], lab["redis"]
    address = f"{database['host']}:{database['port']}/{database['name']}"
    return {
        "secrets_values": {
            "DATABASE_URL": f"postgresql://{database['user']}:{database['password']}@{address}?sslmode=verify-full",
            "REDIS_URL": f"rediss://:{redis['password']}@{redis['host']}:{redis['port']}/0",
            "OPENAI_API_KEY": CANARIES["openai"],
            "ANTHROPIC_API_KEY": CANARIES["anthropic"],
            "JWT_SIGNING_KEY": CANARIES["jwt"],
            "EXTERNAL_SERVICE_TOKEN": CANARIES["external"],
        }
    }


@pytest.fixture
def token(cluster: Cluster, namespace: str) -> t.Iterator[str]:
    """A connection token as AWX has one, of an account that may do everything."""
    account, binding = "/api/v1/namespaces/default/serviceaccounts", "/apis/rbac.authorization.k8s.io/v1"
    cluster.delete(f"{account}/{namespace}")
    cluster.delete(f"{binding}/clusterrolebindings/{namespace}")
    cluster.create(account, {"metadata": {"name": namespace}})
    cluster.create(
        f"{binding}/clusterrolebindings",
        {
            "metadata": {"name": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": namespace, "namespace": "default"}],
        },
    )
    made = cluster.create(f"{account}/{namespace}/token", {"spec": {"expirationSeconds": 3600}})
    yield made["status"]["token"]
    cluster.delete(f"{binding}/clusterrolebindings/{namespace}")
    cluster.delete(f"{account}/{namespace}")


class Site:
    """An inventory full of canaries, and the plays on it; `left` gathers all that they show and leave."""

    def __init__(self, folder: pathlib.Path, namespace: str, variables: Variables) -> None:
        self.folder = folder
        self.left: dict[str, str | bytes] = {}
        self._variables = {
            **of_namespace(namespace),
            **WITHOUT_AUTOSCALER,
            **variables,
            "maestro_report_dir": str(folder / "left" / "reports"),
            "maestro_diagnosis_dir": str(folder / "left" / "diagnosis"),
        }
        self._environment = {
            "ANSIBLE_CALLBACKS_ENABLED": "journal,ansible.builtin.junit,ansible.builtin.tree",
            "JUNIT_OUTPUT_DIR": str(folder / "left" / "junit"),
            "ANSIBLE_CALLBACK_TREE_DIR": str(folder / "left" / "tree"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "left" / "facts"),
            "ANSIBLE_LOG_PATH": str(folder / "left" / "log"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "passing"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "passing"),
            "TMPDIR": str(folder / "passing"),
        }
        (folder / "passing").mkdir()

    def play(self, name: str, **variables: t.Any) -> Play:
        """Run a play of the collection and keep its output and its tasks' results."""
        with overhearing(self.folder / "passing") as last_heard:
            done = play(
                f"intelgraph.maestro.{name}", *DETAIL, environment=self._environment, **{**self._variables, **variables}
            )
        number = len(self.left)
        self.left[f"output {number} of {name}"] = done.output
        self.left[f"results {number} of {name}"] = json.dumps(done.tasks)
        self.left |= last_heard
        return done

    def run(self, name: str, **variables: t.Any) -> str:
        """Run a play as AWX does, through ansible-runner, with a fact cache; its own input is not looked at."""
        place = self.folder / "runner"
        files = {
            "env/extravars": {**self._variables, **variables},
            "env/envvars": {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "TMPDIR": str(self.folder / "passing")},
            "env/settings": {"fact_cache_type": "jsonfile"},
            "env/cmdline": None,
        }
        for path, content in files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(" ".join(DETAIL) if content is None else json.dumps(content), encoding="utf-8")
        (place / "project").mkdir()
        runner = str(pathlib.Path(sys.executable).with_name("ansible-runner"))
        command = [runner, "run", str(place), "-p", f"intelgraph.maestro.{name}", "--ident", "job"]
        inventory = str(ROOT / "inventories" / "lab")
        environment = {**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
        with overhearing(self.folder / "passing") as last_heard:
            done = subprocess.run(
                [*command, "--inventory", inventory],
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        self.left |= {
            **last_heard,
            **files_below(place / "artifacts"),
            "output of the runner": done.stdout + done.stderr,
        }
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        return done.stdout

    def contents(self) -> dict[str, str | bytes]:
        return {**self.left, **files_below(self.folder / "left")}


def in_the_cluster(cluster: Cluster, namespace: str) -> dict[str, str]:
    """Every object of the namespace as the API server gives it, Secrets without their data."""
    preferred = [group["preferredVersion"]["groupVersion"] for group in cluster.get("/apis")["groups"]]
    groups = ["/api/v1", *(f"/apis/{version}" for version in preferred)]
    served = cluster.parallel(lambda path: (path, cluster.get(path)["resources"]), groups)
    paths = [
        f"{path}/namespaces/{namespace}/{each['name']}"
        for path, resources in served
        for each in resources
        if each["namespaced"] and "list" in each["verbs"]
    ]
    found = {"namespace": json.dumps(cluster.get(f"/api/v1/namespaces/{namespace}"))}
    for path, answer in zip(paths, cluster.parallel(cluster.get, paths), strict=True):
        items = [{**item, "data": None} if path.endswith("/secrets") else item for item in answer["items"]]
        found |= {f"{path}/{item['metadata']['name']}": json.dumps(item) for item in items}
    return found


def test_no_secret_value_comes_out(
    namespace: str, cluster: Cluster, lab: dict[str, t.Any], variables: Variables, token: str, tmp_path: pathlib.Path
) -> None:
    certificate, key = self_signed(of_namespace(namespace)["maestro_hostname"])
    (tmp_path / "authority.pem").write_text(certificate, encoding="utf-8")
    asked = {
        "name": "with a credential",
        "url": "/healthz",
        "headers": {"Authorization": f"Bearer {CANARIES['header']}"},
    }
    site = Site(
        tmp_path,
        namespace,
        {
            **variables,
            "maestro_connection": {"host": lab["api_server"], "ca_cert": lab["ca"], "api_key": token},
            "secrets_tls_certificate": certificate,
            "secrets_tls_private_key": key,
            "ingress_tls_source": "secret",
            "monitoring_pagerduty_routing_key": CANARIES["pagerduty"],
            "monitoring_slack_api_url": SLACK,
            "maestro_smoke_ca_path": str(tmp_path / "authority.pem"),
            "maestro_smoke_checks": [asked],
        },
    )
    plan = str(tmp_path / "left" / "plan.json")
    rotated = {**variables["secrets_values"], "OPENAI_API_KEY": CANARIES["rotated"]}

    planned = site.play("plan", maestro_plan_file=plan)
    assert "OPENAI_API_KEY" in site.run("deploy", maestro_smoke_enabled=True)
    upgraded = site.play("deploy", secrets_values=rotated)
    failed = site.play("deploy", secrets_registry_password=CANARIES["pull"], secrets_values=rotated)
    restored = site.play("rollback")
    validated = site.play("validate", maestro_smoke_enabled=True)
    others = [
        site.play("smoke"),
        site.play("diagnose"),
        site.play("history", maestro_history_drift=True),
        site.play("history", maestro_history_compare_with=1),
    ]
    assert [done.rc for done in (planned, upgraded, failed, restored, *others)] == [0, 0, 2, 0, 0, 0, 0, 0]
    assert validated.result_of("intelgraph.maestro.smoke")["verdict"] == "passed", validated.output[-4000:]
    releases = others[2].result_of("intelgraph.maestro.release_info")["releases"]
    states = [(each["state"], each["rollback_to"], bool(each["timeline"])) for each in releases]
    assert states == [*[("passed", 0, True)] * 2, ("failed", 0, True), ("passed", 2, True), ("passed", 1, True)]

    assert [pathlib.Path(path).name for path in failed.release["report_files"]] == [
        *("report.json", "report.xml", "report.html")
    ]

    left, live = site.contents(), in_the_cluster(cluster, namespace)
    for kept in KEPT:
        assert any(kept in place for place in left), f"nothing to search in {kept}"
    for kind in ("configmaps", "events", "leases", "pods"):
        assert any(f"/{kind}/" in path for path in live), f"nothing to search in {kind}"
    lines = key.splitlines()
    searcher = Searcher(
        {
            **CANARIES,
            **{part: lab[part]["password"] for part in ("database", "redis", "registry")},
            "slack": SLACK,
            "token": token,
            "TLS key": "".join(lines[1:-1]),
            "line of the TLS key": lines[3],
        }
    )
    assert searcher.leaks(left) == []
    assert searcher.leaks(live) == []
    assert {CANARIES["openai"], CANARIES["rotated"], SLACK, key} <= held(cluster, namespace), "the canaries are in use"


def held(cluster: Cluster, namespace: str) -> set[str]:
    """The values that the namespace's Secrets hold."""
    found = seeing.declared(cluster, namespace, ("v1", "Secret")).values()
    return {
        base64.b64decode(value).decode(errors="replace")
        for item in found
        for value in (item.get("data") or {}).values()
    }
