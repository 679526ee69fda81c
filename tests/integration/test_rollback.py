# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release goes back as a whole, by hand and by itself, and users do not notice that one was bad."""

from __future__ import annotations

import json
import pathlib
import time
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.content_hash import (
    is_named_by_content,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import comparable
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.load import load, through_ingress

IMAGE = "ghcr.io/brianlong/intelgraph/maestro-control-plane"
OLD, NEW, MISSING = "2.0.0-prod", "2.1.0-prod", "0.0.0-missing"
RATE = 200
SECONDS_BEFORE = 3
CALM = 2
"""Seconds of load after the former release is back."""
A = {"workload_image": f"{IMAGE}:{OLD}", "workload_orchestration_max_concurrent_sources": 3}
B = {
    "workload_image": f"{IMAGE}:{NEW}",
    "workload_orchestration_max_concurrent_sources": 7,
    "maestro_labels": {"team": "b"},
    "ingress_rate_limit_requests_per_second": 500,
    "monitoring_dashboard_enabled": False,
    "monitoring_cpu_percent": 90,
}

HARD_TO_PROVE: dict[str, t.Any] = {
    "maestro_smoke_enabled": True,
    "maestro_smoke_deadline": 1,
    "maestro_smoke_expect": {
        "healthy": ["/healthz"],
        "closed": [],
        "status": "",
        "redirect": False,
        "certificate_days": 400,
    },
}
"""More than the lab's certificates can show."""


def secret_values(lab: dict[str, t.Any], token: str) -> dict[str, t.Any]:
    """The lab's own database, and a token by which the Secret of a release can be told."""
    database, redis = lab["database"], lab["redis"]
    place = f"{database['host']}:{database['port']}/{database['name']}"
    return {
        "secrets_values": {
            "DATABASE_URL": f"postgresql://{database['user']}:{database['password']}@{place}?sslmode=verify-full",
            "REDIS_URL": f"rediss://:{redis['password']}@{redis['host']}:{redis['port']}/0",
            **dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "JWT_SIGNING_KEY"), "a" * 32),
            "EXTERNAL_SERVICE_TOKEN": token,
        }
    }


def states(cluster: Cluster, namespace: str) -> list[tuple[int, str]]:
    return [(record.number, record.state) for record in seeing.history(cluster, namespace)]


def objects(cluster: Cluster, namespace: str) -> dict[str, t.Any]:
    """What the release declares, without settings named by content (every known release has its own) and without the
    other Secrets, which a rollback keeps as they are.
    """
    found = seeing.declared(cluster, namespace)
    return {
        name: _normal(item)
        for name, item in found.items()
        if (item["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by") == "intelgraph.maestro"
        and not is_named_by_content({"kind": name.partition("/")[0], **item})
        and not name.startswith("Secret/")
    }


def _normal(item: dict[str, t.Any]) -> dict[str, t.Any]:
    displayed = comparable(item)
    displayed["metadata"].pop("annotations", None)
    for field in ("clusterIP", "clusterIPs"):
        (displayed.get("spec") or {}).pop(field, None)
    return displayed


def in_use(cluster: Cluster, namespace: str) -> str:
    """The values of the Secret that the pods of the Deployment read."""
    pod = cluster.get(cluster.path("apps/v1", "Deployment", namespace, "maestro"))["spec"]["template"]["spec"]
    sources = [source for container in pod["containers"] for source in container.get("envFrom") or ()]
    [name] = [source["secretRef"]["name"] for source in sources if "secretRef" in source]
    return json.dumps(cluster.get(cluster.path("v1", "Secret", namespace, name))["data"], sort_keys=True)


def test_a_rollback_restores_everything_and_further_back_there_is_nothing(
    namespace: str, deploy: Player, rollback: Player, cluster: Cluster, lab: dict[str, t.Any]
) -> None:
    first = deploy(**A, **secret_values(lab, "the first token"))
    assert first.rc == 0, first.output
    then, values = objects(cluster, namespace), in_use(cluster, namespace)
    second = deploy(**B, **secret_values(lab, "the second token"))
    assert second.rc == 0, second.output
    assert objects(cluster, namespace) != then
    assert in_use(cluster, namespace) != values
    before = seeing.generations(cluster, namespace)

    looked = rollback("--check", "--diff")
    assert looked.rc == 0, looked.output
    assert seeing.generations(cluster, namespace) == before
    assert "Release 3 of maestro (not made, check mode)" in looked.output
    assert f"{IMAGE}:{NEW} -> {IMAGE}:{OLD}" in looked.output

    unproven = rollback(**HARD_TO_PROVE)
    assert unproven.rc == 2, unproven.output
    assert "Release 3 of maestro (release 1 restored) is ready but does not serve as it should" in unproven.failure
    assert [each["id"] for each in unproven.release["findings"] if each["severity"] == "error"] == [
        "certificate-expiring"
    ]
    assert "Nothing was undone. To go back to release 2:" in unproven.failure
    assert "intelgraph.maestro.rollback -e maestro_rollback_to=2." in unproven.failure

    account = cluster.path("v1", "ServiceAccount", namespace, "maestro")
    cluster.merge(account, {"automountServiceAccountToken": True}, fieldManager="kubectl-edit")
    held = rollback()
    assert held.rc == 2, held.output
    assert '.automountServiceAccountToken: conflict with "kubectl-edit"' in held.failure
    assert "maestro_takeover" in held.failure

    done = rollback(maestro_reason="2.1.0 is too slow", maestro_takeover=True)
    assert done.rc == 0, done.output
    assert "Release 4 of maestro (release 1 restored) is in place" in done.release["msg"]
    assert objects(cluster, namespace) == then
    assert in_use(cluster, namespace) == values
    assert states(cluster, namespace) == [(1, "passed"), (2, "passed"), (3, "failed"), (4, "passed")]
    last = seeing.history(cluster, namespace)[-1]
    assert (last.about["rollback_to"], last.about["reason"]) == (1, "2.1.0 is too slow")
    assert seeing.version_within(lab, f"{namespace}.maestro.test", OLD, 60) == OLD

    again = rollback()
    assert again.rc != 0
    assert "No other release of maestro that passed comes before the current one" in again.failure
    assert states(cluster, namespace)[-1] == (4, "passed")


def test_a_bad_release_gives_way_to_the_former_one_and_no_request_is_lost(
    namespace: str,
    deploy: Player,
    cluster: Cluster,
    lab: dict[str, t.Any],
    reports: pathlib.Path,
    record_property: t.Callable[[str, object], None],
) -> None:
    assert deploy(**A).rc == 0
    seeing.wait_until_answered(lab, f"{namespace}.maestro.test")
    pods = {pod["metadata"]["name"] for pod in seeing.pods(cluster, namespace)}
    with load(through_ingress(lab, f"{namespace}.maestro.test"), RATE) as running:
        time.sleep(SECONDS_BEFORE)
        bad = deploy(**A | {"workload_image": f"{IMAGE}:{MISSING}", "maestro_wait_timeout": 180})
        time.sleep(CALM)
        assert running.sending, "the load ended before the rollback"

    assert bad.rc != 0
    assert "Release 2 of maestro" in bad.failure
    assert "Release 1 was restored as release 3" in bad.failure
    assert MISSING in bad.failure
    assert bad.release["restored"]["verdict"] == "passed"
    assert states(cluster, namespace) == [(1, "passed"), (2, "failed"), (3, "passed")]
    [evidence] = reports.glob("*.json")
    assert bad.release["report"] == str(evidence)
    kept = json.loads(evidence.read_text(encoding="utf-8"))
    assert MISSING in json.dumps(kept["objects"]["Pod"]), "the bad pod was there when the evidence was kept"
    assert sorted(reports.iterdir()) == [evidence.with_suffix(""), evidence]
    assert {pathlib.Path(file).parent for file in bad.release["report_files"]} == {evidence.with_suffix("")}

    report = running.report()
    record_property("load", str(report))
    assert report.results == {"200": report.sent}, str(report)
    assert report.sent > RATE * (SECONDS_BEFORE + bad.seconds)
    assert {pod["metadata"]["name"] for pod in seeing.pods(cluster, namespace)} == pods, "the old pods never went"
