# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as tables that a person reads: one line for one thing, in the words of kubectl. Pure."""

from __future__ import annotations

import typing as t

from .._health.facts import Live
from .scope import Collected, Recorded

Row = t.Sequence[t.Any]
EMPTY = "-"


def table(columns: Row, rows: t.Iterable[Row]) -> str:
    """Columns side by side, each as wide as its widest cell; the last one as long as it is."""
    cells = [[_cell(value) for value in row] for row in (columns, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in cells
    )


def _cell(value: t.Any) -> str:
    return " ".join(str(EMPTY if value in (None, "", (), [], {}) else value).split())


def events(lives: t.Iterable[Live]) -> str:
    """All events in the order of time, the newest last."""
    columns = ("LAST SEEN", "COUNT", "TYPE", "REASON", "OBJECT", "MESSAGE")
    return table(columns, (_event(event) for event in sorted(lives, key=_time)))


def _time(event: Live) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((time for time in times if time), event["metadata"].get("creationTimestamp") or ""))


def _event(event: Live) -> Row:
    about = event.get("involvedObject") or {}
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    subject = f"{about.get('kind', '')}/{about.get('name', '')}"
    return _time(event), count, event.get("type"), event.get("reason"), subject, event.get("message")


def pods(lives: t.Iterable[Live]) -> str:
    """Pods as `kubectl get pods` shows them, and why each container last ended."""
    columns = ("POD", "READY", "STATUS", "RESTARTS", "LAST END", "CREATED", "NODE", "REVISION")
    return table(columns, (_pod(pod) for pod in lives))


def _pod(pod: Live) -> Row:
    metadata, status = pod["metadata"], pod.get("status") or {}
    containers = status.get("containerStatuses") or ()
    states = [*(status.get("initContainerStatuses") or ()), *containers]
    ends = [
        (each.get("lastState") or {}).get("terminated") or (each.get("state") or {}).get("terminated")
        for each in states
    ]
    labels = metadata.get("labels") or {}
    return (
        metadata["name"],
        f"{sum(bool(each.get('ready')) for each in containers)}/{len(pod['spec']['containers'])}",
        _status(pod, states),
        sum(each.get("restartCount", 0) for each in states),
        ", ".join(f"{end.get('reason', '')} {end.get('exitCode', '')}".strip() for end in ends if end),
        metadata.get("creationTimestamp"),
        pod["spec"].get("nodeName"),
        labels.get("pod-template-hash") or labels.get("controller-revision-hash"),
    )


def _status(pod: Live, states: t.Iterable[dict[str, t.Any]]) -> str:
    """Why a container waits, else that the pod ends, else its phase and reason."""
    waiting = [str(((each.get("state") or {}).get("waiting") or {}).get("reason", "")) for each in states]
    reasons = [reason for reason in waiting if reason not in ("", "PodInitializing", "ContainerCreating")]
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status") or {}
    return (reasons or [str(status.get("reason") or status.get("phase") or "Unknown")])[0]


def nodes(lives: t.Iterable[Live]) -> str:
    """Nodes with what keeps pods off them."""
    columns = (
        "NODE",
        "READY",
        "SINCE",
        "PROBLEMS",
        "SCHEDULABLE",
        "TAINTS",
        "ZONE",
        "CPU",
        "MEMORY",
        "PODS",
        "KUBELET",
    )
    return table(columns, (_node(node) for node in lives))


def _node(node: Live) -> Row:
    status, spec = node.get("status") or {}, node.get("spec") or {}
    conditions = {entry["type"]: entry for entry in status.get("conditions") or ()}
    ready = conditions.pop("Ready", {})
    room = status.get("allocatable") or {}
    return (
        node["metadata"]["name"],
        f"{ready.get('status', 'Unknown')} ({ready.get('reason', '')})",
        ready.get("lastTransitionTime"),
        ", ".join(sorted(kind for kind, entry in conditions.items() if entry.get("status") == "True")),
        "no" if spec.get("unschedulable") else "yes",
        ", ".join(f"{taint['key']}={taint.get('value', '')}:{taint['effect']}" for taint in spec.get("taints") or ()),
        (node["metadata"].get("labels") or {}).get("topology.kubernetes.io/zone"),
        room.get("cpu"),
        room.get("memory"),
        room.get("pods"),
        (status.get("nodeInfo") or {}).get("kubeletVersion"),
    )


def history(records: t.Iterable[Recorded]) -> str:
    """The releases that the cluster remembers, the oldest first."""
    columns = ("NUMBER", "STATE", "BEGUN", "ENDED", "BY", "REASON", "OUTCOME")
    return table(columns, (_record(record) for record in records))


def _record(record: Recorded) -> Row:
    about, outcome = record.about, record.outcome
    ended, why = outcome.get("ended"), outcome.get("reason")
    return record.number, record.state, about.get("begun"), ended, about.get("by"), about.get("reason"), why


def usage(found: Collected) -> str:
    """Quotas, limit ranges, and what containers use beside what they ask for and may have."""
    parts = (
        ("Quotas", table(("QUOTA", "RESOURCE", "USED", "HARD"), _quotas(found.of("ResourceQuota")))),
        ("Limit ranges", table(("LIMIT RANGE", "TYPE", "RULE", "VALUES"), _ranges(found.of("LimitRange")))),
        (
            "Containers (used is empty where metrics could not be read)",
            table(
                ("POD", "CONTAINER", "CPU USED", "REQUEST", "LIMIT", "MEMORY USED", "REQUEST", "LIMIT"),
                _containers(found),
            ),
        ),
    )
    return "\n".join(f"{title}\n\n{text}" for title, text in parts)


def _quotas(quotas: t.Iterable[Live]) -> t.Iterator[Row]:
    for quota in quotas:
        status = quota.get("status") or {}
        hard = status.get("hard") or (quota.get("spec") or {}).get("hard") or {}
        for resource, most in sorted(hard.items()):
            yield quota["metadata"]["name"], resource, (status.get("used") or {}).get(resource), most


def _ranges(ranges: t.Iterable[Live]) -> t.Iterator[Row]:
    for entry in ranges:
        for limit in (entry.get("spec") or {}).get("limits") or ():
            for rule in ("default", "defaultRequest", "max", "min", "maxLimitRequestRatio"):
                values = ", ".join(f"{name}={value}" for name, value in sorted((limit.get(rule) or {}).items()))
                if values:
                    yield entry["metadata"]["name"], limit.get("type"), rule, values


def _containers(found: Collected) -> t.Iterator[Row]:
    used = {
        (pod["metadata"]["name"], each["name"]): each.get("usage") or {}
        for pod in found.usage
        for each in pod.get("containers") or ()
    }
    for pod in found.of("Pod"):
        for container in pod["spec"]["containers"]:
            name, resources = pod["metadata"]["name"], container.get("resources") or {}
            now = used.get((name, container["name"]), {})
            bounds = (now, resources.get("requests") or {}, resources.get("limits") or {})
            figures = (each.get(resource) for resource in ("cpu", "memory") for each in bounds)
            yield name, container["name"], *figures
