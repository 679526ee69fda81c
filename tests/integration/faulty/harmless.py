# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to good releases without being their fault: each must end as passed. Data.

`BESIDE` disturb one release only and run beside each other; `ALONE` stop parts of the lab.
"""

from __future__ import annotations

from tests.integration.faulty import arranging, disturbing
from tests.integration.faulty.changes import (
    Change,
    add,
    container,
    deployment,
    environment,
    pod,
    probe,
    service_faults,
    volume,
)
from tests.integration.faulty.fault import external_secret
from tests.integration.faulty.staging import View

WITH_INGRESS = ("namespace", "secrets", "workload", "ingress")
NEW = environment("NEW", value="1")
"""A change that rolls the pods."""


def autoscaler(least: int, most: int) -> Change:
    """It scales by the processor's use."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "maestro"}
    use = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    metrics = [{"type": "Resource", "resource": use}]
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most, "metrics": metrics}
    manifest = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "maestro"}}
    return add({**manifest, "spec": spec})


def slow(seconds: int) -> Change:
    """Long enough that something can happen before the pod is ready, and well inside its budget."""
    return service_faults(slowStartSeconds=seconds)


UNHURRIED = container(startupProbe={"failureThreshold": 20})
"""Twice the other scenes' time to start, where most of it passes on purpose."""

BESIDE: dict[str, View] = {
    "slow-start-inside-its-budget": View((slow(7), UNHURRIED)),
    "one-restart": View((slow(3),), around=disturbing.at(disturbing.running, disturbing.kill_a_container)),
    "secret-that-comes-late": View(
        (
            external_secret(),
            container(envFrom=[{"secretRef": {"name": name}} for name in ("maestro-secrets", "maestro-outer")]),
        ),
        around=disturbing.sync_late("maestro-outer", 5),
    ),
    "certificate-that-comes-late": View((volume(secret={"secretName": "maestro-tls"}),), WITH_INGRESS),
    "pod-deleted-by-hand": View((slow(2),), around=disturbing.at(disturbing.running, disturbing.delete_a_pod)),
    "autoscaler-scales-in-mid-rollout": View(
        (autoscaler(2, 4), NEW, slow(2)),
        first=(autoscaler(2, 4),),
        around=disturbing.at(disturbing.running, disturbing.scale_by_autoscaler(3)),
    ),
    "metrics-that-come-late": View((autoscaler(2, 3),)),
    "old-pods-that-take-their-time": View(
        (NEW, pod(terminationGracePeriodSeconds=6)),
        first=(service_faults(ignoreSigterm=True), pod(terminationGracePeriodSeconds=6)),
    ),
    "webhook-that-recovers": View(
        (deployment(template={"metadata": {"labels": {arranging.MARK: "webhook"}}}),),
        around=disturbing.webhook_that_recovers,
    ),
    "watches-that-expire": View((slow(6), UNHURRIED), around=disturbing.expire_watches(every=1.0)),
}

ALONE: dict[str, View] = {
    "registry-away": View(
        (container(imagePullPolicy="Always"),), around=disturbing.away_until(disturbing.created, "registry", 3)
    ),
    "scheduler-away": View(around=disturbing.away_until(disturbing.created, "scheduler", 3)),
    "controllers-away-in-mid-rollout": View(
        (slow(4),), around=disturbing.at(disturbing.running, disturbing.away("controller-manager", 3))
    ),
    "kubelet-away-in-mid-rollout": View(
        (slow(4),), around=disturbing.at(disturbing.running, disturbing.away("kubelet:node-2", 17))
    ),
    "api-server-restarted": View(
        (slow(7), UNHURRIED), around=disturbing.at(disturbing.running, disturbing.away("apiserver", 2))
    ),
    "cache-away-while-pods-start": View(
        (container(readinessProbe=probe("/readyz", failureThreshold=20)),),
        around=disturbing.away_until(disturbing.running, "redis", 4),
    ),
    "node-drained-in-mid-rollout": View(
        (deployment(replicas=3), slow(2), NEW),
        first=(deployment(replicas=3),),
        around=disturbing.at(disturbing.some_ready, disturbing.drain("node-2")),
    ),
}
