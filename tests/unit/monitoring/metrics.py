# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics that rules and dashboard may read, by who exposes them."""

from __future__ import annotations

MAESTRO = frozenset(
    {
        "maestro_build_info",
        "maestro_http_requests_total",
        "maestro_http_request_duration_seconds_bucket",
        "maestro_http_request_duration_seconds_count",
        "maestro_orchestrations_total",
        "maestro_orchestration_duration_seconds_bucket",
        "nodejs_eventloop_lag_seconds",
        "nodejs_heap_size_used_bytes",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    }
)
KUBE_STATE_METRICS = frozenset(
    {
        "kube_deployment_spec_replicas",
        "kube_deployment_status_condition",
        "kube_deployment_status_replicas_available",
        "kube_horizontalpodautoscaler_spec_max_replicas",
        "kube_horizontalpodautoscaler_status_condition",
        "kube_horizontalpodautoscaler_status_current_replicas",
        "kube_pod_container_resource_limits",
        "kube_pod_container_status_last_terminated_reason",
        "kube_pod_container_status_restarts_total",
        "kube_pod_container_status_waiting_reason",
        "kube_poddisruptionbudget_status_pod_disruptions_allowed",
        "kube_statefulset_replicas",
        "kube_statefulset_status_replicas_available",
        "kube_statefulset_status_replicas_updated",
    }
)
KUBELET = frozenset(
    {
        "container_cpu_cfs_periods_total",
        "container_cpu_cfs_throttled_periods_total",
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
        "kubelet_volume_stats_available_bytes",
        "kubelet_volume_stats_capacity_bytes",
        "kubelet_volume_stats_used_bytes",
    }
)
OTHERS = frozenset(
    {
        "certmanager_certificate_expiration_timestamp_seconds",
        "externalsecret_status_condition",
        "nginx_ingress_controller_requests",
        "traefik_router_requests_total",
        "up",
    }
)
KNOWN = MAESTRO | KUBE_STATE_METRICS | KUBELET | OTHERS
