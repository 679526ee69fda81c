# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is ready but does not serve as it should has failed, and the former one comes back."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.conftest import Player
from tests.integration.seeing import fetch, history

PROVEN: dict[str, t.Any] = {
    "maestro_smoke_enabled": True,
    "maestro_smoke_load": {"rate": 30, "seconds": 4, "warm_up": 0.5, "gates": {"error_ratio": 0.05, "p95": 2.0}},
}


def test_a_failed_smoke_test_rolls_back(
    deploy: Player, namespace: str, cluster: Cluster, lab: dict[str, t.Any]
) -> None:
    good = deploy(**PROVEN)
    assert good.rc == 0, good.output
    assert good.release["smoke"]["load"]["verdict"] == "passed"
    bad = deploy(**PROVEN, workload_settings_extra={"faults": {"errorRatio": 0.5}})
    assert bad.rc == 2
    assert "is ready but does not serve as it should" in bad.failure
    assert "Release 1 was restored as release 3" in bad.failure
    assert any(finding["id"] == "error-ratio-high" for finding in bad.release["findings"])
    records = history(cluster, namespace)
    assert [(record.number, record.state) for record in records] == [(1, "passed"), (2, "failed"), (3, "passed")]
    assert [record.outcome["smoke"]["verdict"] for record in records] == ["passed", "failed", "passed"]
    answers = [fetch(lab, f"{namespace}.maestro.test", "/api/v1/status").status for _unused in range(20)]
    assert answers == [200] * 20
