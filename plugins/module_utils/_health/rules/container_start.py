# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that cannot be created or started at all. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from .containers import Container, containers
from .images import is_of_a_pull
from .problem import Occurrence, Problem, merged, own_words, reported
from .references import missing_reference
from .view import View

UNCONFIGURED = "CreateContainerConfigError"
UNSTARTED = frozenset(
    {"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun", "PreCreateHookError"}
)
CERTAIN = re.compile(
    r"no such file or directory|executable file not found|permission denied|exec format error|not a directory"
    r"|is a directory|invalid (argument|reference)|no command specified|unable to find user|not allowed|cannot be used",
    re.IGNORECASE,
)
"""What no second try changes; everything else may be the node's trouble of the moment."""
UNSYNCED = re.compile(
    r"failed to sync|have not yet been read|timed out|timeout|deadline exceeded|connection refused", re.IGNORECASE
)
RUNTIMES_OWN = re.compile(
    r"\b(open|stat|lstat|mkdir|write|dial unix) /(run/(containerd|crio)/(?!\S*/rootfs/)|sys/fs/cgroup/)"
)
"""Files of the node, which the image does not bring."""
PATIENCE = 90.0
"""Seconds for the node's trouble of the moment: the kubelet tries at 0, 10, 30 and 70 s."""


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        found = containers(view, workload)
        yield from merged(workload, [occurrence for each in found if (occurrence := _sighting(view, each))])


def _sighting(view: View, container: Container) -> Occurrence | None:
    if container.waiting.get("reason") == UNCONFIGURED:
        return _unconfigured(view, container)
    last = failure_to_start(container)
    return _unstarted(container, last) if last else None


def failure_to_start(container: Container) -> str:
    """The runtime's words on a container that it could not start, or an empty string."""
    if container.running is not None:
        return ""
    states = (container.waiting, container.ended, container.former_end)
    return next(
        (str(state.get("message") or state["reason"]) for state in states if state.get("reason") in UNSTARTED), ""
    )


def _unconfigured(view: View, container: Container) -> Occurrence:
    said = own_words(container.waiting.get("message"), container.pod)
    namespace = str(container.pod["metadata"].get("namespace", ""))
    missing = missing_reference(view, namespace, _message(container))
    events = [event for event in container.events("Failed") if event.message == f"Error: {_message(container)}"]
    check, words, grace = missing or (
        registry.CONTAINER_CONFIG_INVALID,
        said,
        PATIENCE if UNSYNCED.search(said) else 0.0,
    )
    return Occurrence(
        check=check,
        pod=container.pod,
        words=f"container {container.name} cannot be created: {words}",
        since=container.since(events),
        grace=grace,
        container=container.name,
        evidence=(f"{UNCONFIGURED}: {said}", *reported(events[:1])),
    )


def _message(container: Container) -> str:
    return str(container.waiting.get("message", ""))


def _unstarted(container: Container, said: str) -> Occurrence:
    events = [event for event in container.events("Failed") if not is_of_a_pull(event)]
    code = container.ended.get("exitCode", container.former_end.get("exitCode"))
    return Occurrence(
        check=registry.CONTAINER_CANNOT_RUN,
        pod=container.pod,
        words=f"container {container.name} cannot be started: {own_words(said, container.pod)}",
        since=container.since(events),
        grace=0.0 if CERTAIN.search(said) and not RUNTIMES_OWN.search(said) else PATIENCE,
        container=container.name,
        evidence=(f"exit code {code}, {container.ends} tries",) if code is not None else (),
    )
