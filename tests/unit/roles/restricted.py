# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Pod Security "restricted" asks of a pod, and what it leaves out: an own check, apart from the templates."""

from __future__ import annotations

import typing as t

Values = dict[str, t.Any]

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def violations(pod: Values) -> list[str]:
    """Why admission would refuse this pod spec under "restricted", and what our own rules add."""
    context = pod.get("securityContext", {})
    containers = [*pod.get("initContainers", []), *pod["containers"]]
    found = [f"{field} is set" for field in ("hostNetwork", "hostPID", "hostIPC") if pod.get(field)]
    found += [f"volume {volume['name']}" for volume in pod.get("volumes", []) if not set(volume) - {"name"} <= VOLUMES]
    return found + [problem for container in containers for problem in _of_container(container, context)]


def _of_container(container: Values, pod: Values) -> t.Iterator[str]:
    own = container.get("securityContext", {})
    both = {**pod, **own}
    capabilities = own.get("capabilities", {})
    checks = {
        "may escalate privileges": own.get("allowPrivilegeEscalation") is False,
        "is privileged": not own.get("privileged"),
        "keeps capabilities": capabilities.get("drop") == ["ALL"],
        "adds capabilities": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
        "may run as root": both.get("runAsNonRoot") is True and both.get("runAsUser") != 0,
        "has no seccomp profile": both.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
        "may write to its root": own.get("readOnlyRootFilesystem") is True,
        "has a host port": not any("hostPort" in port for port in container.get("ports", [])),
        "names a host in a probe": not any("host" in str(container.get(name)) for name in PROBES),
        "has no limits": set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"},
        "has no requests": set(container["resources"]["requests"]) == {"cpu", "memory", "ephemeral-storage"},
    }
    yield from (f"{container['name']} {problem}" for problem, good in checks.items() if not good)


PROBES = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
