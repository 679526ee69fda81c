# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of pods that start and do not serve, and of what stands around them. Data."""

from __future__ import annotations

from tests.integration.faulty import arranging, disturbing, showing
from tests.integration.faulty.changes import (
    container,
    deployment,
    environment,
    of_kind,
    probe,
    service_faults,
    settings,
)
from tests.integration.faulty.fault import Fault, blind_autoscaler, broken, external_secret, gateway, job, route
from tests.integration.faulty.staging import View

NOT_SYNCED = {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "could not get secret data"}
ISSUER_NOT_FOUND = showing.Shown(
    "cert-manager.io/v1", "CertificateRequest", lambda item: "not found" in str(item.get("status"))
)

SERVING: dict[str, Fault] = {
    "no-disruption-allowed": Fault(
        "disruption-budget-blocks",
        "PodDisruptionBudget",
        ("disruption",),
        broken(of_kind("PodDisruptionBudget", spec={"maxUnavailable": 0})),
        verdict="passed",
    ),
    "failed-job": Fault(
        "job-failed",
        "Job",
        ("backoff limit", "MAESTRO_CONFIG is not set"),
        broken(job(), displayed=showing.FAILED_JOB),
    ),
    "crash-at-start": Fault(
        "crash-loop",
        "Deployment",
        ("exit code 1",),
        broken(service_faults(crashAtStart=True), displayed=showing.ended(2)),
        within=45,
    ),
    "setting-that-is-unknown": Fault(
        "crash-loop",
        "Deployment",
        ("exit code 78", "noSuchSetting"),
        broken(settings("noSuchSetting: true"), displayed=showing.ended(2)),
        within=45,
    ),
    "memory-leak": Fault(
        "out-of-memory",
        "Deployment",
        ("OOMKilled",),
        broken(
            service_faults(memoryLeakMiBPerSecond=200),
            container(resources={"limits": {"memory": "64Mi"}}),
            displayed=showing.ended(2),
        ),
        within=45,
    ),
    "readiness-timeout": Fault(
        "readiness-timeout",
        "Deployment",
        ("503",),
        broken(service_faults(neverReady=True), displayed=showing.STARTED_UNREADY),
        within=40,
    ),
    "database-that-refuses": Fault(
        "readiness-timeout",
        "Deployment",
        ("503", "postgres"),
        broken(
            environment("DATABASE_URL", value="postgresql://a:b@db.maestro-lab.internal:1/maestro"),
            displayed=showing.STARTED_UNREADY,
        ),
        within=40,
    ),
    "readiness-at-a-closed-port": Fault(
        "readiness-timeout",
        "Deployment",
        ("connection refused",),
        broken(container(readinessProbe=probe("/readyz", 8099)), displayed=showing.STARTED_UNREADY),
        within=40,
    ),
    "slower-than-its-budget": Fault(
        "startup-failing",
        "Deployment",
        ("connection refused",),
        broken(service_faults(slowStartSeconds=600), displayed=showing.STARTED_UNREADY),
        within=50,
    ),
    "killed-by-its-liveness-probe": Fault(
        "liveness-failing",
        "Deployment",
        ("404",),
        broken(
            container(livenessProbe=probe("/no-such-path", initialDelaySeconds=0)),
            deployment(minReadySeconds=20),
            displayed=showing.ended(),
        ),
        within=45,
    ),
    "progress-deadline": Fault(
        "progress-deadline",
        "Deployment",
        ("progress",),
        broken(
            deployment(progressDeadlineSeconds=6),
            service_faults(slowStartSeconds=600),
            container(startupProbe={"failureThreshold": 300}),
            displayed=showing.DEADLINE_PASSED,
        ),
    ),
    "external-secret-refused": Fault(
        "external-secret-refused",
        "ExternalSecret",
        ("could not get secret data",),
        broken(
            external_secret(),
            around=arranging.status_of(
                "external-secrets.io/v1", "ExternalSecret", "maestro-outer", conditions=[NOT_SYNCED]
            ),
            displayed=showing.condition("external-secrets.io/v1", "ExternalSecret", "Ready"),
        ),
    ),
    "autoscaler-without-metrics": Fault(
        "hpa-metrics-missing",
        "HorizontalPodAutoscaler",
        ("queue",),
        broken(
            blind_autoscaler(),
            displayed=showing.condition("autoscaling/v2", "HorizontalPodAutoscaler", "ScalingActive"),
            timeout=60,
        ),
        within=65,
    ),
    "webhook-that-is-gone": Fault(
        "webhook-unavailable",
        "Deployment",
        ("gone.maestro.test",),
        broken(
            deployment(template={"metadata": {"labels": {arranging.MARK: "webhook"}}}),
            around=arranging.dead_webhook,
            displayed=showing.REFUSED_PODS,
            timeout=45,
        ),
        within=60,
    ),
    "paused": Fault("rollout-paused", "Deployment", ("paused",), broken(deployment(paused=True))),
    "service-that-leads-nowhere": Fault(
        "endpoints-missing",
        "Service",
        ("app.kubernetes.io/name=other",),
        broken(of_kind("Service", spec={"selector": {"app.kubernetes.io/name": "other"}})),
    ),
    "issuer-that-does-not-exist": Fault(
        "certificate-refused",
        "Certificate",
        ("no-such-issuer",),
        View(
            (of_kind("Certificate", "maestro-tls", spec={"issuerRef": {"name": "no-such-issuer"}}),),
            components=("namespace", "secrets", "workload", "ingress"),
            displayed=ISSUER_NOT_FOUND,
        ),
    ),
    "route-to-nowhere": Fault(
        "route-refused",
        "HTTPRoute",
        ("no-such-service",),
        broken(gateway(80), route("no-such-service"), timeout=45),
    ),
    "listener-at-a-port-that-nobody-serves": Fault(
        "gateway-refused",
        "Gateway",
        ("port 8000",),
        broken(gateway(8000), timeout=45),
    ),
    "object-deleted-meanwhile": Fault(
        "object-gone",
        "PodDisruptionBudget",
        ("not there",),
        broken(
            service_faults(slowStartSeconds=8),
            around=disturbing.at(disturbing.running, disturbing.delete("policy/v1", "PodDisruptionBudget")),
        ),
    ),
}
