# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each alert is tested with: the series of a state just below its threshold and of one just above."""

from __future__ import annotations

import dataclasses
import typing as t

NAMESPACE = 'namespace="maestro-system"'
OWN = f'{NAMESPACE}, job="maestro"'
RELEASE = f'{NAMESPACE}, service="maestro"'
POD = f'{NAMESPACE}, pod="maestro-5d8f7b9c4d-x2x7k", container="maestro"'
AUTOSCALER = f'{NAMESPACE}, horizontalpodautoscaler="maestro"'
VOLUME = f'{NAMESPACE}, persistentvolumeclaim="maestro-data"'
OF_JOB = {"namespace": "maestro-system", "job": "maestro"}
OF_POD = {"pod": "maestro-5d8f7b9c4d-x2x7k"}
OF_AUTOSCALER = {"horizontalpodautoscaler": "maestro"}
DAY = 24 * 3600
GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Signal:
    """One series: its values below and above the threshold.

    The values of a `gauge` are samples (None: no sample), of a `slope` and a `counter` the change in a minute, from
    `start` on. A counter begins again at 0 when its process starts anew.
    """

    series: str
    below: float | None
    above: float | None
    kind: t.Literal["gauge", "slope", "counter"] = "gauge"
    start: float = 0


@dataclasses.dataclass(frozen=True)
class Story:
    """One alerting rule: the minutes it waits, its labels, its signals.

    `settle` are the minutes until its windows tell the truth, `window` those until they have forgotten what was
    before, `marks` the labels that tell it from other rules of that name. `fires_without_data` is for rules that
    look for absence.
    """

    alert: str
    severity: str
    wait: int
    signals: tuple[Signal, ...]
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    marks: dict[str, str] = dataclasses.field(default_factory=dict)
    settle: int = 2
    window: int = 20
    fires_without_data: bool = False
    variables: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def firing(self) -> dict[str, str]:
        """All labels of the alert, as it reaches Alertmanager."""
        fixed = {"severity": self.severity, "namespace": "maestro-system", "service": "maestro"}
        return {**self.labels, **fixed, **self.marks}


def _constant(series: str, value: float) -> Signal:
    return Signal(series, value, value)


def _burn(severity: str, wait: int, long: str, short: str, factor: float) -> Story:
    limit = factor * 0.001
    windows = [f"namespace_job:maestro_http_errors:ratio_rate{window}{{{OWN}}}" for window in (long, short)]
    return Story(
        "MaestroErrorBudgetBurn",
        severity,
        wait,
        tuple(Signal(series, limit * 0.99, limit * 1.01) for series in windows),
        labels=OF_JOB,
        marks={"long_window": long, "short_window": short},
    )


def _missing(source: str, series: str, labels: dict[str, str]) -> Story:
    return Story(
        "MaestroMetricsMissing",
        "ticket",
        15,
        (Signal(series, 1, None),),
        labels=labels,
        marks={"source": source},
        settle=7,
        fires_without_data=True,
    )


def _certificate(severity: str, days: int, label: str) -> Story:
    series = f'certmanager_certificate_expiration_timestamp_seconds{{{label}="maestro-system", name="maestro-tls"}}'
    hours = 6 * 3600
    return Story(
        "MaestroCertificateExpiring",
        severity,
        60,
        (Signal(series, days * DAY + hours, days * DAY - hours),),
        labels={"name": "maestro-tls"},
    )


def _rate_limited(provider: str, series: str, code: str) -> Story:
    """`series` holds {code} for the matcher of the status; 100 requests a second, of them just under or over 5 %."""
    return Story(
        "MaestroRateLimited",
        "ticket",
        10,
        (
            Signal(series.replace("{code}", f'{code}="200"'), 5706, 5694, "counter"),
            Signal(series.replace("{code}", f'{code}="429"'), 294, 306, "counter"),
        ),
        variables={"monitoring_ingress_metrics": provider},
    )


STORIES = (
    Story(
        "MaestroHighErrorRate",
        "page",
        2,
        (Signal(f"namespace_job:maestro_http_errors:ratio_rate5m{{{OWN}}}", 0.0999, 0.1001),),
        labels=OF_JOB,
    ),
    Story(
        "MaestroHighLatency",
        "page",
        5,
        (Signal(f"namespace_job:maestro_http_slower_than_30s:ratio_rate5m{{{OWN}}}", 0.0499, 0.0501),),
        labels=OF_JOB,
    ),
    _burn("page", 2, "1h", "5m", 14.4),
    _burn("page", 15, "6h", "30m", 6),
    _burn("ticket", 60, "1d", "2h", 3),
    _burn("ticket", 180, "3d", "6h", 1),
    Story(
        "MaestroLatencyTargetMissed",
        "ticket",
        5,
        (
            Signal(f"namespace_job:maestro_http_slower_than_2s:ratio_rate1h{{{OWN}}}", 0.0499, 0.0501),
            Signal(f"namespace_job:maestro_http_slower_than_2s:ratio_rate5m{{{OWN}}}", 0.0499, 0.0501),
        ),
        labels=OF_JOB,
    ),
    Story(
        "MaestroOrchestrationsFailing",
        "ticket",
        10,
        (
            Signal(
                f'maestro_orchestrations_total{{{OWN}, strategy="consensus", outcome="success"}}', 905, 895, "counter"
            ),
            Signal(
                f'maestro_orchestrations_total{{{OWN}, strategy="consensus", outcome="failure"}}', 95, 105, "counter"
            ),
        ),
        labels=OF_JOB,
    ),
    Story("MaestroAbsent", "page", 2, (Signal(f"up{{{OWN}}}", 1, 0),), labels=OF_JOB, fires_without_data=True),
    Story("MaestroTooFewPods", "page", 1, (Signal(f"namespace:maestro_replicas_available:max{{{RELEASE}}}", 2, 1),)),
    Story(
        "MaestroPodDown",
        "ticket",
        1,
        (
            _constant(f"namespace:maestro_replicas_desired:max{{{RELEASE}}}", 3),
            Signal(f"namespace:maestro_replicas_available:max{{{RELEASE}}}", 3, 2),
        ),
    ),
    Story(
        "MaestroRolloutStuck",
        "ticket",
        1,
        (
            Signal(
                f"kube_deployment_status_condition{{{NAMESPACE}, "
                'deployment="maestro", condition="Progressing", status="false"}',
                0,
                1,
            ),
        ),
        labels={"deployment": "maestro"},
        marks={"kind": "Deployment"},
    ),
    Story(
        "MaestroRolloutStuck",
        "ticket",
        15,
        (
            _constant(f'kube_statefulset_replicas{{{NAMESPACE}, statefulset="maestro"}}', 3),
            Signal(f'kube_statefulset_status_replicas_updated{{{NAMESPACE}, statefulset="maestro"}}', 3, 2),
        ),
        labels={"statefulset": "maestro"},
        marks={"kind": "StatefulSet"},
    ),
    Story(
        "MaestroCrashLooping",
        "ticket",
        5,
        (Signal(f'kube_pod_container_status_waiting_reason{{{POD}, reason="CrashLoopBackOff"}}', 0, 1),),
        labels=OF_POD,
    ),
    Story(
        "MaestroOutOfMemory",
        "ticket",
        1,
        (
            _constant(f'kube_pod_container_status_last_terminated_reason{{{POD}, reason="OOMKilled"}}', 1),
            Signal(f"kube_pod_container_status_restarts_total{{{POD}}}", 0, 1, "counter"),
        ),
        labels=OF_POD,
    ),
    Story(
        "MaestroDrainBlocked",
        "ticket",
        30,
        (
            Signal(
                f"kube_poddisruptionbudget_status_pod_disruptions_allowed{{{NAMESPACE}, "
                'poddisruptionbudget="maestro"}',
                1,
                0,
            ),
        ),
        labels={"poddisruptionbudget": "maestro"},
    ),
    Story(
        "MaestroAutoscalerAtMaximum",
        "ticket",
        15,
        (
            Signal(f"kube_horizontalpodautoscaler_status_current_replicas{{{AUTOSCALER}}}", 9, 10),
            _constant(f"kube_horizontalpodautoscaler_spec_max_replicas{{{AUTOSCALER}}}", 10),
        ),
        labels=OF_AUTOSCALER,
    ),
    Story(
        "MaestroAutoscalerInactive",
        "ticket",
        15,
        (
            Signal(
                f"kube_horizontalpodautoscaler_status_condition{{{AUTOSCALER}, "
                'condition="ScalingActive", status="false"}',
                0,
                1,
            ),
        ),
        labels=OF_AUTOSCALER,
    ),
    Story(
        "MaestroHighMemoryUsage",
        "ticket",
        5,
        (
            Signal(f"container_memory_working_set_bytes{{{POD}}}", 3.39 * GIB, 3.41 * GIB),
            _constant(f'kube_pod_container_resource_limits{{{POD}, resource="memory", unit="byte"}}', 4 * GIB),
        ),
        labels=OF_POD,
    ),
    Story(
        "MaestroHighCpuUsage",
        "ticket",
        5,
        (
            Signal(f"container_cpu_usage_seconds_total{{{POD}}}", 1.69 * 60, 1.71 * 60, "counter"),
            _constant(f'kube_pod_container_resource_limits{{{POD}, resource="cpu", unit="core"}}', 2),
        ),
        labels=OF_POD,
        settle=7,
    ),
    Story(
        "MaestroCpuThrottled",
        "ticket",
        15,
        (
            Signal(f"container_cpu_cfs_throttled_periods_total{{{POD}}}", 149, 151, "counter"),
            Signal(f"container_cpu_cfs_periods_total{{{POD}}}", 600, 600, "counter"),
        ),
        labels=OF_POD,
    ),
    Story(
        "MaestroEventLoopLag",
        "ticket",
        10,
        (Signal(f'nodejs_eventloop_lag_seconds{{{OWN}, pod="maestro-5d8f7b9c4d-x2x7k"}}', 0.49, 0.51),),
        labels=OF_POD,
    ),
    Story(
        "MaestroVolumeFillingUp",
        "ticket",
        15,
        (
            Signal(f"kubelet_volume_stats_used_bytes{{{VOLUME}}}", 16.9 * GIB, 17.1 * GIB),
            _constant(f"kubelet_volume_stats_capacity_bytes{{{VOLUME}}}", 20 * GIB),
        ),
        labels={"persistentvolumeclaim": "maestro-data"},
        marks={"horizon": "now"},
    ),
    Story(
        "MaestroVolumeFillingUp",
        "ticket",
        60,
        (
            _constant(f"kubelet_volume_stats_used_bytes{{{VOLUME}}}", 13 * GIB),
            _constant(f"kubelet_volume_stats_capacity_bytes{{{VOLUME}}}", 20 * GIB),
            Signal(f"kubelet_volume_stats_available_bytes{{{VOLUME}}}", -100, -2 * 2**20, "slope", 7 * GIB),
        ),
        labels={"persistentvolumeclaim": "maestro-data"},
        marks={"horizon": "four days"},
        window=361,
    ),
    *(
        _certificate(severity, days, label)
        for severity, days in (("ticket", 21), ("page", 7))
        for label in ("namespace", "exported_namespace")
    ),
    *(
        Story(
            "MaestroExternalSecretNotReady",
            "ticket",
            15,
            (
                Signal(
                    f'externalsecret_status_condition{{{label}="maestro-system", '
                    'name="maestro-secrets", condition="Ready", status="False"}',
                    0,
                    1,
                ),
            ),
            labels={"name": "maestro-secrets"},
        )
        for label in ("namespace", "exported_namespace")
    ),
    _rate_limited(
        "nginx", 'nginx_ingress_controller_requests{namespace="maestro-system", ingress="maestro", {code}}', "status"
    ),
    _rate_limited(
        "nginx",
        'nginx_ingress_controller_requests{namespace="ingress", exported_namespace="maestro-system", '
        'ingress="maestro", {code}}',
        "status",
    ),
    _rate_limited(
        "traefik", 'traefik_router_requests_total{service="maestro-system-maestro-http@kubernetes", {code}}', "code"
    ),
    _rate_limited(
        "traefik",
        'traefik_router_requests_total{service="httproute-maestro-system-maestro-gw-maestro-system-maestro-ep-websecure-'
        '0-d2b8a8f5f2a1c6a3f2d1-wrr@kubernetesgateway", {code}}',
        "code",
    ),
    _missing("kube-state-metrics", f"namespace:maestro_replicas_desired:max{{{RELEASE}}}", {}),
    _missing("cadvisor", f"container_memory_working_set_bytes{{{POD}}}", {"container": "maestro"}),
    _missing(
        "cert-manager",
        f'certmanager_certificate_expiration_timestamp_seconds{{{NAMESPACE}, name="maestro-tls"}}',
        {},
    ),
)
