# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recording rules compute what their names say."""

from __future__ import annotations

import pathlib

import pytest

from tests.unit.monitoring import promtool
from tests.unit.monitoring.stories import NAMESPACE, OWN

RATIO = "namespace_job:maestro_http_errors:ratio_rate"
WINDOWS = {"5m": 5, "30m": 30, "1h": 60, "2h": 120, "6h": 360}


def recording() -> list[promtool.Group]:
    return [group for group in promtool.groups() if group["name"].endswith(".recording")]


def counter(per_minute: float, minutes: int) -> list[float]:
    return [per_minute * minute for minute in range(minutes + 1)]


def requests(code: str, pod: str = "a") -> str:
    return f'maestro_http_requests_total{{{OWN}, pod="{pod}", method="GET", route="/", code="{code}"}}'


@pytest.mark.parametrize("window", WINDOWS)
def test_error_ratio_counts_5xx_of_all_pods(window: str, tmp_path: pathlib.Path) -> None:
    minutes = WINDOWS[window] + 2
    series = {
        requests("200", "a"): counter(40, minutes),
        requests("200", "b"): counter(30, minutes),
        requests("500", "b"): counter(5, minutes),
        requests("503", "b"): counter(5, minutes),
    }
    name = RATIO + window
    promtool.verify(tmp_path, recording(), series, samples=[(f"round({name}, 1e-6)", minutes, {f"{{{OWN}}}": 0.125})])


@pytest.mark.parametrize("code", ["200", "404", "429"])
def test_error_ratio_is_zero_without_5xx(code: str, tmp_path: pathlib.Path) -> None:
    name = f"{RATIO}5m"
    promtool.verify(
        tmp_path, recording(), {requests(code): counter(9, 7)}, samples=[(name, 7, {f"{name}{{{OWN}}}": 0})]
    )


def test_error_ratio_survives_a_restart(tmp_path: pathlib.Path) -> None:
    name = f"{RATIO}5m"
    restarted = [*counter(60, 5), *counter(60, 5)]
    series = {requests("200"): restarted, requests("500"): [0.0] * len(restarted)}
    promtool.verify(tmp_path, recording(), series, samples=[(name, 10, {f"{name}{{{OWN}}}": 0})])


@pytest.mark.parametrize(("seconds", "share"), [(2, 0.5), (30, 0.125)])
@pytest.mark.parametrize("bound", ["{}", "{}.0"], ids=["Prometheus 2", "Prometheus 3"])
def test_slow_ratio_is_the_share_above_a_bound(seconds: int, share: float, bound: str, tmp_path: pathlib.Path) -> None:
    def histogram(part: str, label: str = "") -> str:
        return f'maestro_http_request_duration_seconds_{part}{{{OWN}, pod="a", method="GET", route="/"{label}}}'

    series = {
        histogram("bucket", f', le="{bound.format(1)}"'): counter(20, 7),
        histogram("bucket", f', le="{bound.format(2)}"'): counter(40, 7),
        histogram("bucket", f', le="{bound.format(30)}"'): counter(70, 7),
        histogram("bucket", ', le="+Inf"'): counter(80, 7),
        histogram("count"): counter(80, 7),
    }
    name = f"namespace_job:maestro_http_slower_than_{seconds}s:ratio_rate5m"
    promtool.verify(tmp_path, recording(), series, samples=[(name, 7, {f"{name}{{{OWN}}}": share})])


@pytest.mark.parametrize(
    ("kind", "desired", "available"),
    [
        ("deployment", "kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
        ("statefulset", "kube_statefulset_replicas", "kube_statefulset_status_replicas_available"),
    ],
)
def test_replicas_are_those_of_the_workload(kind: str, desired: str, available: str, tmp_path: pathlib.Path) -> None:
    labels = f'{NAMESPACE}, {kind}="maestro"'
    series = {f"{desired}{{{labels}}}": [3.0, 3.0], f"{available}{{{labels}}}": [2.0, 2.0]}
    names = {"namespace:maestro_replicas_desired:max": 3, "namespace:maestro_replicas_available:max": 2}
    samples = [(name, 1, {f'{name}{{{NAMESPACE}, service="maestro"}}': value}) for name, value in names.items()]
    promtool.verify(tmp_path, recording(), series, samples=samples)
