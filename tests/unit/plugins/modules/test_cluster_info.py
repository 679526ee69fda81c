# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's edge: what it takes and what it returns."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.batch_get import Endpoint
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.view import PreflightOptions
from ansible_collections.intelgraph.maestro.plugins.modules import cluster_info
from tests.unit.documented import documented
from tests.unit.plugins.module_utils._preflight.api import serving, status
from tests.unit.plugins.module_utils._preflight.builders import UID, deployment
from tests.unit.plugins.module_utils._preflight.test_collect import KUBE_SYSTEM, fit

DOCUMENTED: dict[str, dict[str, t.Any]] = documented(cluster_info.DOCUMENTATION)["options"]


def run(capsys: pytest.CaptureFixture[str], code: int = 0, **arguments: t.Any) -> dict[str, t.Any]:
    """What the module prints when it runs with these arguments and ends with this exit code."""
    with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
        cluster_info.main()
    assert ended.value.code == code
    return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))


def parameters(**changes: t.Any) -> dict[str, t.Any]:
    defaults = {name: option.get("default") for name, option in cluster_info.ARGUMENTS.items()}
    return {**defaults, **changes}


def test_the_documentation_says_what_the_module_takes() -> None:
    own = {name: option for name, option in cluster_info.ARGUMENTS.items() if name not in CONNECTION}
    assert set(DOCUMENTED) == set(own)
    for name, option in own.items():
        assert DOCUMENTED[name]["type"] == option["type"]
        assert DOCUMENTED[name].get("default") == option.get("default")
        assert DOCUMENTED[name].get("choices") == option.get("choices")


def test_the_defaults_are_those_of_the_judgement() -> None:
    assert cluster_info.preflight_options(parameters()) == PreflightOptions()


def test_an_endpoint_without_a_host_is_left_out() -> None:
    both = [{"name": "PostgreSQL", "host": "db", "port": 5432}, {"name": "Redis", "host": "", "port": 6379}]
    assert cluster_info.preflight_options(parameters(endpoints=both)).endpoints == (Endpoint("PostgreSQL", "db", 5432),)
    assert cluster_info.preflight_options(parameters(endpoints=both, endpoint_severity="off")).endpoints == ()


def test_a_fit_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(fit()) as api:
        result = run(capsys, host=api.url, api_key="token", cluster_uid=UID, components={"workload": [deployment()]})
    assert (result["changed"], result["verdict"], result["findings"]) == (False, "passed", [])
    assert result["msg"] == f"{api.url} is fit for release maestro (nothing to report)."
    assert result["requests"] == len(api.asked)
    assert 0 < result["duration"] < 5
    assert result["cluster"]["version"] == "v1.37.2"
    assert result["cluster"]["cluster_uid"] == UID
    assert [node["name"] for node in result["cluster"]["nodes"]] == ["node-1"]
    assert result["cluster"]["nodes"][0]["allocatable"] == {"cpu": "16", "memory": "64Gi", "pods": "110"}


def test_findings_are_no_failure_and_warnings_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    displayed: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda *given: displayed.append(given[1]))
    replies = {**fit(), "/version": (200, {"gitVersion": "v1.20.0"}), "/api/v1/nodes": status(500, "oops")}
    with serving(replies) as api:
        result = run(
            capsys,
            host=api.url,
            api_key="token",
            cluster_uid=UID,
            retry_timeout=0,
            components={"workload": [deployment()]},
        )
    assert result["verdict"] == "failed"
    assert [finding["id"] for finding in result["findings"]] == ["server-unsupported", "fact-unknown"]
    assert result["cluster"]["nodes"] is None
    assert len(displayed) == 1
    assert "oops" in displayed[0]


def test_a_cluster_that_gives_no_answer_has_no_facts(capsys: pytest.CaptureFixture[str]) -> None:
    with serving({KUBE_SYSTEM: status(401, "Unauthorized")}) as api:
        result = run(capsys, host=api.url, api_key="token")
    assert (result["verdict"], result["cluster"]) == ("failed", {})
    assert "credentials-refused" in result["msg"]


@pytest.mark.parametrize(
    ("components", "words"),
    [
        ({"workload": {"kind": "Pod"}}, "workload is a dict, not a list"),
        ({"workload": [{"kind": "Pod"}]}, "workload[0] has no apiVersion"),
        ({"workload": ["text"]}, "workload[0] is a str"),
    ],
)
def test_components_that_are_none_are_refused(
    capsys: pytest.CaptureFixture[str], components: t.Any, words: str
) -> None:
    result = run(capsys, 1, host="https://127.0.0.1:1", api_key="token", components=components)
    assert words in result["msg"]
