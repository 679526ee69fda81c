# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a small release, as short to write as they read."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.scope import BundleSubject, Collected

Live = dict[str, t.Any]
NAMESPACE = "maestro-system"
WHEN = "2026-11-23T20:00:00Z"


@dataclasses.dataclass(frozen=True)
class Release:
    """A release as the history hands it over."""

    number: int = 1
    state: str = "passed"
    manifests: tuple[Live, ...] = ()
    about: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    outcome: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def live(kind: str, name: str, *, owner: Live | None = None, **more: t.Any) -> Live:
    """An object of the namespace; `labels` go to its metadata, everything else beside it."""
    metadata: Live = {"name": name, "namespace": NAMESPACE, "uid": f"{kind}-{name}", "creationTimestamp": WHEN}
    metadata["labels"] = more.pop("labels", {})
    if owner:
        metadata["ownerReferences"] = [{"uid": owner["metadata"]["uid"]}]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def event(about: Live | tuple[str, str], message: str = "", at: str = WHEN) -> Live:
    kind, name = about if isinstance(about, tuple) else (about["kind"], about["metadata"]["name"])
    reported = {
        "involvedObject": {"kind": kind, "name": name},
        "lastTimestamp": at,
        "message": message,
        "reason": "Told",
    }
    return live("Event", f"{name}.{message}{at}", **reported)


def pod(name: str, *statuses: Live, **more: t.Any) -> Live:
    """A pod with one container for each status."""
    containers = [{"name": status["name"]} for status in statuses]
    spec = {"containers": containers, **more.pop("spec", {})}
    status = {"phase": "Running", "containerStatuses": list(statuses)}
    return live("Pod", name, spec=spec, status=status, **more)


def container(name: str = "maestro", state: str = "running", restarts: int = 0, **more: t.Any) -> Live:
    """The status of a container; `ended` is the exit code of the one before it."""
    ended = more.pop("ended", None)
    last = {} if ended is None else {"terminated": {"exitCode": ended, "reason": "Error"}}
    known = {"ready": state == "running", "containerID": "" if state == "waiting" else "containerd://1"}
    return {
        "name": name,
        "state": {state: more.pop("because", {})},
        "lastState": last,
        "restartCount": restarts,
        **known,
        **more,
    }


def by_kind(*lives: Live) -> dict[str, tuple[Live, ...]]:
    kinds = dict.fromkeys(each["kind"] for each in lives)
    return {kind: tuple(each for each in lives if each["kind"] == kind) for kind in kinds}


def collected(*lives: Live, subject: BundleSubject | None = None, **more: t.Any) -> Collected:
    subject = subject or BundleSubject("maestro", NAMESPACE)
    return Collected(subject, "https://10.0.0.1:6443", 1_795_464_000.0, objects=by_kind(*lives), **more)
