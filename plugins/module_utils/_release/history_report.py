# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks back on releases: what the history says of them, and what became of their objects. Asks, never writes."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ApiError, ClusterError
from .._findings import registry
from .._findings.finding import INCONCLUSIVE, PASSED, Finding, verdict
from .._findings.registry import by_severity
from .._objects.manifest import Manifest, key_of
from .._objects.pod_template import containers_of
from .planning.drift import drift, fields_left, unreadable
from .planning.release_diff import differences
from .record.history import History, Record


@dataclasses.dataclass(frozen=True)
class Review:
    """What was asked of the history: the releases, the difference of two, and what drifted."""

    releases: tuple[Record, ...] = ()
    message: str = ""
    verdict: str = PASSED
    findings: tuple[Finding, ...] = ()
    differences: tuple[dict[str, t.Any], ...] = ()
    newest: int = 0

    def as_result(self, with_manifests: bool = False) -> dict[str, t.Any]:
        """Keys of the module's result."""
        return {
            "changed": False,
            "msg": self.message,
            "verdict": self.verdict,
            "findings": [finding.as_dict() for finding in self.findings],
            "number": self.newest,
            "releases": [as_result(record, with_manifests) for record in self.releases],
            "differences": list(self.differences),
        }


class NoSuchRelease(ClusterError):
    """The history does not know a release of that number."""

    finding_type = registry.RELEASE_UNKNOWN


def find_record(history: History, number: int, name: str) -> Record:
    """The record of a release. Raises NoSuchRelease, naming those that there are."""
    found = next((record for record in history.records if record.number == number), None)
    if found is None:
        known = ", ".join(str(record.number) for record in history.records) or "none"
        raise NoSuchRelease(f"Release {number} of {name} is not in the history (known: {known}).")
    return found


def drifted(cluster: Cluster, record: Record, is_latest: bool) -> list[Finding]:
    """A finding for each object that is not as the release declared it, errors first.

    `is_latest` says that no other release has been begun since.
    """

    def evaluate(manifest: Manifest) -> list[Finding | None]:
        try:
            live = cluster.find(*key_of(manifest))
            return [drift(record.number, manifest, live, is_latest), fields_left(live) if is_latest else None]
        except ApiError as error:
            return [unreadable(key_of(manifest), error.message)]

    found = cluster.parallel(evaluate, record.manifests)
    return by_severity(finding for findings in found for finding in findings if finding)


def as_result(record: Record, with_manifests: bool = False) -> dict[str, t.Any]:
    """A release as plain values, for a module's result; `with_manifests` adds the objects as they were declared."""
    about, outcome = record.about, record.outcome
    displayed = {
        "number": record.number,
        "state": record.state,
        "by": about.get("by", ""),
        "reason": about.get("reason", ""),
        "rollback_to": about.get("rollback_to", 0),
        "begun": about.get("begun", ""),
        "ended": outcome.get("ended", ""),
        "origin": about.get("origin", {}),
        "components": about.get("components", {}),
        "images": images_of(record.manifests),
        "running": outcome.get("running", {}),
        "plan": about.get("plan", {}),
        "counts": outcome.get("counts", {}),
        "seconds": outcome.get("seconds", {}),
        "failure": outcome.get("reason", ""),
        "findings": outcome.get("findings", []),
        "smoke": outcome.get("smoke", {}),
        "timeline": outcome.get("timeline", []),
        "objects": [str(key_of(manifest)) for manifest in record.manifests],
    }
    return {**displayed, "manifests": list(record.manifests)} if with_manifests else displayed


def images_of(manifests: t.Iterable[Manifest]) -> list[str]:
    """Every image that the pod templates name, once."""
    return list(dict.fromkeys(image for manifest in manifests for image in _images(manifest)))


def _images(manifest: Manifest) -> t.Iterator[str]:
    template = (manifest.get("spec") or {}).get("template")
    pod = template.get("spec") or {} if isinstance(template, dict) else {}
    for container in containers_of(pod):
        if container.get("image"):
            yield container["image"]


def review(cluster: Cluster, history: History, params: t.Mapping[str, t.Any]) -> Review:
    """What `params` (revision, compare_with, drift; name and namespace of the release) ask for.

    Raises NoSuchRelease when a number is not in the history.
    """
    name, revision, older = params["name"], params["revision"], params["compare_with"]
    chosen = find_record(history, revision, name) if revision else None
    found = Review(
        tuple(history.records if chosen is None else (chosen,)),
        _numbers(history, params),
        findings=tuple(history.findings),
        newest=_newest(history),
    )
    if history.last is None:
        nothing = f"{name} has no release in {params['namespace']}{' that is believed' if history.findings else ''}."
        return dataclasses.replace(found, message=nothing, verdict=INCONCLUSIVE if params["drift"] else PASSED)
    if older:
        compared = differences(find_record(history, older, name), chosen or history.last)
        number = (chosen or history.last).number
        message = f"Release {number} of {name} differs from release {older} in {_objects(len(compared))}."
        found = dataclasses.replace(found, differences=tuple(compared), message=message)
    return _with_drift(found, cluster, chosen or worth_comparing(history), history, name) if params["drift"] else found


def _with_drift(found: Review, cluster: Cluster, record: Record, history: History, name: str) -> Review:
    findings = drifted(cluster, record, record is history.last)
    readable = all(finding.id == registry.DRIFT.id for finding in findings)
    are = f"{'is' if len(findings) == 1 else 'are'}{'' if readable else ', or may be,'} not"
    message = f"{_objects(len(findings))} of {name} {are} as release {record.number} declared:"
    lines = "".join(f"\n- {finding.sentence()}" for finding in findings)
    return dataclasses.replace(
        found,
        findings=(*findings, *history.findings),
        verdict=verdict(findings, readable),
        message=f"{message}{lines}" if findings else f"{name} is as release {record.number} declared it.",
    )


def _numbers(history: History, params: t.Mapping[str, t.Any]) -> str:
    last = history.last
    count = len(history.records)
    releases = f"{count} release{'' if count == 1 else 's'}"
    return (
        f"{params['name']} has {releases} in {params['namespace']}; the last is {last.number} ({last.state})."
        if last
        else ""
    )


def _newest(history: History) -> int:
    return history.last.number if history.last else 0


def _objects(count: int) -> str:
    return f"{count} object{'' if count == 1 else 's'}"


def worth_comparing(history: History) -> Record:
    """The release that the cluster should show: the last one that passed, else the last one."""
    return history.last_passed() or history.records[-1]
