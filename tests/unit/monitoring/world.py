# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster as Prometheus sees it, minute by minute: pods come, serve and go."""

from __future__ import annotations

import dataclasses
import typing as t

from tests.unit.monitoring.promtool import Values
from tests.unit.monitoring.stories import AUTOSCALER, NAMESPACE, OWN

Minutes = range
HEALTHY = 0.0005
"""Share of requests that fail on a good day; the objective allows 0.001."""
PER_MINUTE = 6000
GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Pod:
    """A pod that exists from `born`, serves from `ready` and is gone at `gone` (minutes)."""

    name: str
    born: int = 0
    ready: int = 0
    gone: int = 10_000

    def exists(self, minute: int) -> bool:
        return self.born <= minute < self.gone

    def serves(self, minute: int) -> bool:
        return self.ready <= minute < self.gone


@dataclasses.dataclass(frozen=True)
class World:
    """What happens: the pods, the wanted replicas and the share of failures by minute."""

    pods: t.Sequence[Pod]
    wanted: t.Callable[[int], int] = lambda _minute: 3
    failing: t.Callable[[int], float] = lambda _minute: HEALTHY
    minutes: int = 75

    def series(self) -> dict[str, Values]:
        """All series that the rules read."""
        found: dict[str, Values] = {}
        for pod in self.pods:
            found.update(self._of_application(pod))
            found.update(self._of_container(pod))
        return {**found, **self._of_cluster()}

    def available(self, minute: int) -> int:
        return sum(pod.serves(minute) for pod in self.pods)

    def _of_application(self, pod: Pod) -> dict[str, Values]:
        own = f'{OWN}, pod="{pod.name}"'
        request = f'{own}, method="POST", route="/api/v1/orchestrations"'
        histogram = f"maestro_http_request_duration_seconds_bucket{{{request}, le="
        return {
            f"up{{{own}}}": self._gauge(pod, lambda minute: float(pod.serves(minute))),
            f'maestro_http_requests_total{{{request}, code="200"}}': self._counter(pod, lambda m: 1 - self.failing(m)),
            f'maestro_http_requests_total{{{request}, code="500"}}': self._counter(pod, self.failing),
            f'{histogram}"2"}}': self._counter(pod, lambda _minute: 0.97),
            f'{histogram}"30"}}': self._counter(pod, lambda _minute: 0.999),
            f'{histogram}"+Inf"}}': self._counter(pod, lambda _minute: 1),
            f"maestro_http_request_duration_seconds_count{{{request}}}": self._counter(pod, lambda _minute: 1),
            f'maestro_orchestrations_total{{{own}, strategy="consensus", outcome="success"}}': self._counter(
                pod, lambda m: 1 - self.failing(m)
            ),
            f'maestro_orchestrations_total{{{own}, strategy="consensus", outcome="failure"}}': self._counter(
                pod, self.failing
            ),
            f"nodejs_eventloop_lag_seconds{{{own}}}": self._gauge(pod, lambda _minute: 0.01),
        }

    def _of_container(self, pod: Pod) -> dict[str, Values]:
        own = f'{NAMESPACE}, pod="{pod.name}", container="maestro"'
        return {
            f"container_memory_working_set_bytes{{{own}}}": self._gauge(pod, lambda _minute: 1.5 * GIB),
            f"container_cpu_usage_seconds_total{{{own}}}": self._counter(pod, lambda _minute: 0.35 * 60 / PER_MINUTE),
            f"container_cpu_cfs_periods_total{{{own}}}": self._counter(pod, lambda _minute: 0.1),
            f"container_cpu_cfs_throttled_periods_total{{{own}}}": self._counter(pod, lambda _minute: 0.005),
            f'kube_pod_container_resource_limits{{{own}, resource="memory"}}': self._gauge(pod, lambda _m: 4 * GIB),
            f'kube_pod_container_resource_limits{{{own}, resource="cpu"}}': self._gauge(pod, lambda _minute: 2),
            f"kube_pod_container_status_restarts_total{{{own}}}": self._gauge(pod, lambda _minute: 0),
        }

    def _of_cluster(self) -> dict[str, Values]:
        deployment = f'{NAMESPACE}, deployment="maestro"'
        budget = f'{NAMESPACE}, poddisruptionbudget="maestro"'
        certificate = f'{NAMESPACE}, name="maestro-tls"'
        nginx = f'{NAMESPACE}, ingress="maestro"'
        return {
            f"kube_deployment_spec_replicas{{{deployment}}}": self._always(self.wanted),
            f"kube_deployment_status_replicas_available{{{deployment}}}": self._always(self.available),
            f'kube_deployment_status_condition{{{deployment}, condition="Progressing", status="false"}}': self._always(
                lambda _minute: 0
            ),
            f"kube_poddisruptionbudget_status_pod_disruptions_allowed{{{budget}}}": self._always(
                lambda minute: max(0, self.available(minute) - self.wanted(minute) + 1)
            ),
            f"kube_horizontalpodautoscaler_status_current_replicas{{{AUTOSCALER}}}": self._always(self.wanted),
            f"kube_horizontalpodautoscaler_spec_max_replicas{{{AUTOSCALER}}}": self._always(lambda _minute: 10),
            f"certmanager_certificate_expiration_timestamp_seconds{{{certificate}}}": self._always(
                lambda _minute: 30 * 24 * 3600
            ),
            f'nginx_ingress_controller_requests{{{nginx}, status="200"}}': self._always(lambda m: 3 * PER_MINUTE * m),
            f'nginx_ingress_controller_requests{{{nginx}, status="429"}}': self._always(lambda minute: 10 * minute),
        }

    def _gauge(self, pod: Pod, value: t.Callable[[int], float]) -> Values:
        return [
            value(minute) if pod.exists(minute) else "stale" if minute == pod.gone else None
            for minute in range(self.minutes)
        ]

    def _counter(self, pod: Pod, share: t.Callable[[int], float]) -> Values:
        """Counts that share of the pod's requests from its readiness on."""
        total = 0.0
        counted: dict[int, float] = {}
        for minute in range(self.minutes):
            total += share(minute) * PER_MINUTE if pod.serves(minute) else 0
            counted[minute] = round(total, 6)
        return self._gauge(pod, counted.__getitem__)

    def _always(self, value: t.Callable[[int], float]) -> Values:
        return [value(minute) for minute in range(self.minutes)]
