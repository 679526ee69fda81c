# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that end although they should run: judged by how, how often and on how many pods. Pure."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from ..facts import LOG, PREVIOUS_LOG
from ..readiness import condition
from .container_start import failure_to_start
from .containers import LASTING, Container, containers
from .problem import Occurrence, Problem, asks, merged, one_line, reported, times
from .view import View, Workload, is_ready, moment

KILLED_BY = {"failed startup probe": registry.STARTUP_FAILING, "failed liveness probe": registry.LIVENESS_FAILING}
CERTAIN_EXITS = frozenset({*range(64, 79), 126, 127})
"""Exit codes by which a program calls its settings wrong (sysexits.h), or a shell finds no such command."""
KILLED_EXITS = frozenset({0, 137, 143})
"""How a container ends that the kubelet kills. It stops telling of each killing when there are many."""
ENDS_OF_ONE, ENDS_OF_CERTAIN, PODS = 3, 2, 2
"""One pod loops after three ends, or two that say why; two pods that have ended twice each are as good a proof."""


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        if workload.kind != "Job":
            yield from merged(workload, _sightings(view, workload))


def _sightings(view: View, workload: Workload) -> list[Occurrence]:
    crashed = [each for each in containers(view, workload) if _has_crashed(each)]
    looping = [_is_looping(each, crashed, workload) for each in crashed]
    proven = {_fault(each) for each, loops in zip(crashed, looping, strict=True) if loops}
    return [
        _sighting(each, loops, _fault(each) in proven, view.now) for each, loops in zip(crashed, looping, strict=True)
    ]


def _fault(container: Container) -> tuple[str, str, t.Any]:
    """What pods with the same fault have in common."""
    return container.name, kind_of_end(container).id, _last_end(container).get("exitCode")


def _has_crashed(container: Container) -> bool:
    """An init container may end well, unless it is a sidecar; one that is ready again has had one restart."""
    end = _last_end(container)
    init = (container.pod.get("spec") or {}).get("initContainers") or ()
    may_end = container.spec in init and container.spec.get("restartPolicy") != "Always"
    is_done = may_end and container.ended.get("exitCode") == 0
    lasts = 0 < container.started_at <= container.view.now - LASTING
    return bool(end) and not container.is_ready and not is_done and not lasts and not failure_to_start(container)


def _is_looping(container: Container, crashed: t.Sequence[Container], workload: Workload) -> bool:
    """Whether what was seen proves that another try ends like the last one."""
    check = kind_of_end(container)
    if check is registry.STARTUP_FAILING and not any(map(is_ready, workload.pods)):
        return True
    alike = [each for each in crashed if each.name == container.name and kind_of_end(each) is check]
    again = {each.pod["metadata"]["name"] for each in alike if each.ends >= ENDS_OF_CERTAIN}
    is_certain = check is not registry.CRASH_LOOP or _last_end(container).get("exitCode") in CERTAIN_EXITS
    return container.ends >= (ENDS_OF_CERTAIN if is_certain else ENDS_OF_ONE) or len(again) >= PODS


def kind_of_end(container: Container) -> FindingType:
    """By whom or by what the last run was ended."""
    end = _last_end(container)
    if end.get("reason") == "OOMKilled":
        return registry.OUT_OF_MEMORY
    killings = container.events("Killing")
    is_told = killings and (killings[0].last >= moment(end.get("startedAt")) or end.get("exitCode") in KILLED_EXITS)
    latest = killings[0].message if is_told else ""
    return next((check for words, check in KILLED_BY.items() if words in latest), registry.CRASH_LOOP)


def _sighting(container: Container, is_looping: bool, is_proven: bool, now: float) -> Occurrence:
    check, end = kind_of_end(container), _last_end(container)
    code = end.get("exitCode")
    events = container.events("BackOff", "Unhealthy")
    return Occurrence(
        check=check,
        pod=container.pod,
        words=f"container {container.name} {_words(check, is_proven)} (exit code {code})",
        since=min(container.began(events), now),
        grace=0.0 if is_looping else None,
        container=container.name,
        evidence=(
            f"exit code {code} ({end.get('reason', 'no reason given')}), ended {times(container.ends)}",
            *([f"last words: {one_line(str(end['message']))}"] if end.get("message") else []),
            *reported(events[:2]),
        ),
        latest=moment(end.get("finishedAt")),
        log_requests=asks(PREVIOUS_LOG if container.former_end else LOG, container.pod, container.name),
    )


def _last_end(container: Container) -> t.Mapping[str, t.Any]:
    return container.ended or container.former_end


def unready_since(pod: t.Mapping[str, t.Any]) -> float:
    """The moment at which the pod was last seen to lose its readiness; 0 while it is ready."""
    found = condition(pod, "Ready")
    return 0.0 if found.get("status") == "True" else moment(found.get("lastTransitionTime"))


def _words(check: FindingType, is_proven: bool) -> str:
    is_first = check is registry.CRASH_LOOP and not is_proven
    return "ended although it should run" if is_first else WORDS[check]


WORDS = {
    registry.CRASH_LOOP: "ends again and again",
    registry.OUT_OF_MEMORY: "was killed for using more memory than its limit",
    registry.STARTUP_FAILING: "did not start in the time that its startup probe gives, and was killed",
    registry.LIVENESS_FAILING: "did not answer its liveness probe, and was killed",
}
