# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits by watch until every object of a release is ready, and says what is missing when it does not come to that."""

from __future__ import annotations

import time
import typing as t

from .._cluster.client import Cluster
from .._cluster.kinds import Manifest
from .._cluster.watch import Mirror, Source, until
from . import readiness
from .finding import Finding

POD = ("v1", "Pod")
BAD_WAITING = ("Err", "Error", "BackOff", "InvalidImageName")
Identity = tuple[str, str, str]
"""(kind, namespace, name)"""


def wait_until_ready(
    cluster: Cluster, live: t.Iterable[Manifest], namespace: str, selector: str, timeout: float
) -> list[Finding]:
    """What is still wrong with these objects after at most `timeout` seconds.

    Nothing is asked of the cluster when everything is ready already. Ends early when waiting cannot help.
    """
    latest = {_identity(item): item for item in live}
    unready = [item for item in latest.values() if readiness.missing(item)]
    if not unready:
        return []
    deadline = time.monotonic() + timeout
    sources = {Source(i["apiVersion"], i["kind"], i["metadata"].get("namespace", "")) for i in unready}
    with Mirror(cluster, [*sources, Source(*POD, namespace, selector)]) as mirror:
        mirror.synced(timeout)

        def refresh() -> bool:
            seen = {_identity(item): item for source in sources for item in mirror.objects(source.kind)}
            latest.update({key: seen[key] for key in latest if key in seen})
            return all(not readiness.missing(i) for i in latest.values()) or _any_stuck(latest.values())

        until(mirror, refresh, deadline)
        return findings(latest.values(), mirror.objects("Pod"))


def findings(live: t.Iterable[Manifest], pods: t.Iterable[Manifest]) -> list[Finding]:
    """One finding for each object that is not ready; for a workload with what its pods say."""
    evidence = tuple(dict.fromkeys(line for pod in pods for line in pod_troubles(pod)))
    return [_finding(item, evidence) for item in live if readiness.missing(item)]


def pod_troubles(pod: Manifest) -> list[str]:
    """What a pod's status says is wrong: why it is not scheduled, why a container waits or ended."""
    name = pod["metadata"]["name"]
    status = pod.get("status") or {}
    unscheduled = readiness.condition(pod, "PodScheduled")
    lines = [f"Pod {name}: {unscheduled.get('message')}"] if unscheduled.get("status") == "False" else []
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        ended = (container.get("lastState") or {}).get("terminated") or {}
        if any(word in waiting.get("reason", "") for word in BAD_WAITING):
            lines.append(
                f"Pod {name}, container {container['name']}: {waiting['reason']}: {waiting.get('message', '')}"
            )
        if ended.get("exitCode"):
            lines.append(
                f"Pod {name}, container {container['name']}: ended with exit code {ended['exitCode']} "
                f"({ended.get('reason', '')}), {container.get('restartCount', 0)} restarts"
            )
    return lines


def _finding(live: Manifest, evidence: tuple[str, ...]) -> Finding:
    kind, namespace, name = _identity(live)
    reason = readiness.stuck(live) or readiness.missing(live)
    is_workload = kind in ("Deployment", "StatefulSet")
    return Finding(
        id="not-ready",
        severity="error",
        object=f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}",
        message=reason,
        evidence=evidence if is_workload else (),
        next_step=f"See kubectl describe {kind.lower()} {name}" + (f" -n {namespace}." if namespace else "."),
    )


def _any_stuck(live: t.Iterable[Manifest]) -> bool:
    return any(readiness.stuck(item) for item in live)


def _identity(live: Manifest) -> Identity:
    return live["kind"], live["metadata"].get("namespace", ""), live["metadata"]["name"]
