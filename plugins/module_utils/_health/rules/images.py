# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that do not come: what the registry said decides whether it will ever say something else. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from .containers import Container, containers
from .problem import Occurrence, Problem, merged, own_words, reported
from .view import Event, View, Workload

PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "SignatureValidationFailed"})
INVALID = frozenset({"InvalidImageName"})
ABSENT = frozenset({"ErrImageNeverPull"})
HICCUP = re.compile(
    r"\b429\b|too ?many ?requests|\b50\d\b|timeout|timed out|deadline exceeded|connection re(set|fused)|\bEOF\b"
    r"|TLS handshake|no such host|temporary failure|server misbehaving|unreachable|no route to host|unavailable"
    r"|context canceled|no space left",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"access denied|unauthorized|authorization failed|no basic auth|authentication required|\b40[13]\b|forbidden"
    r"|denied",
    re.IGNORECASE,
)
UNKNOWN = re.compile(
    r"not found|NotFound|manifest unknown|name unknown|\b404\b|does not exist|no match for platform", re.IGNORECASE
)
INNER = re.compile(r"^Back-off pulling image \"[^\"]*\"(?:: \w+)?:? ?")
PATIENCE = 120.0
"""Seconds for which a pull may fail without its registry having said no: the kubelet tries at 0, 10, 30 and 70 s."""


def problems(view: View) -> t.Iterator[Problem]:
    for workload in view.workloads:
        yield from merged(workload, _sightings(view, workload))


def _sightings(view: View, workload: Workload) -> t.Iterator[Occurrence]:
    found = containers(view, workload)
    pulled = {each.image for each in found if each.status.get("imageID")}
    for container in found:
        reason = container.waiting.get("reason", "")
        if reason in PULLING | INVALID | ABSENT:
            yield _sighting(view, container, reason, container.image in pulled)


def _sighting(view: View, container: Container, reason: str, is_elsewhere: bool) -> Occurrence:
    """`is_elsewhere` tells that another pod's node has the same image: then the registry does not know what it says."""
    found = container.events("Failed", "InspectFailed", "ErrImageNeverPull")
    events = [event for event in found if is_of_a_pull(event)]
    pulled = [event.last for event in container.events("Pulled")[:1]]
    said = INNER.sub("", own_words(container.waiting.get("message"), container.pod)) or _pull_failure(events)
    check, grace = _classified(reason, said.replace(container.image, "IMAGE"))
    if check is registry.IMAGE_NOT_FOUND and reason not in ABSENT:
        grace = view.facts.image_grace
    if is_elsewhere or (check is registry.IMAGE_UNAUTHORIZED and _credential_is_coming(view, container)):
        check, grace = registry.IMAGE_PULL_FAILING, PATIENCE
    return Occurrence(
        check=check,
        pod=container.pod,
        words=f"image {container.image} of container {container.name} {MEANING[check]}: {said or reason}",
        since=container.since(events, *pulled),
        grace=grace,
        container=container.name,
        evidence=reported(_telling(events)[:2]),
        latest=max((event.last for event in _telling(events)), default=0.0),
    )


def is_of_a_pull(event: Event) -> bool:
    """Whether an event `Failed` tells of the image. The kubelet gives the same reason to whatever it could not do."""
    said = event.message.removeprefix("Error: ")
    return said == event.message or said in PULLING


def _classified(reason: str, said: str) -> tuple[FindingType, float]:
    """By the registry's words without the image: a tag may look like a status."""
    if reason in INVALID:
        return registry.IMAGE_INVALID, 0.0
    if reason in ABSENT:
        return registry.IMAGE_NOT_FOUND, 0.0
    if HICCUP.search(said):
        return registry.IMAGE_PULL_FAILING, PATIENCE
    if REFUSED.search(said):
        return registry.IMAGE_UNAUTHORIZED, 0.0
    if UNKNOWN.search(said):
        return registry.IMAGE_NOT_FOUND, 0.0
    return registry.IMAGE_PULL_FAILING, PATIENCE


def _telling(events: t.Sequence[Event]) -> list[Event]:
    """Those that say more than the container's own state."""
    return [event for event in events if not event.message.startswith("Error: ")]


def _pull_failure(events: t.Sequence[Event]) -> str:
    """Old kubelets keep the registry's words in the event alone."""
    return next((event.message for event in events if event.message.startswith("Failed to pull image")), "")


def _credential_is_coming(view: View, container: Container) -> bool:
    """A pull Secret that is written by what the release declares, and that the kubelet has not found yet."""
    namespace = container.pod["metadata"].get("namespace", "")
    unfound = container.events("FailedToRetrieveImagePullSecret")
    return any(
        view.is_coming("Secret", namespace, name)
        for event in unfound
        for name in re.findall(r"[a-z0-9][-a-z0-9.]*", event.message.partition("(")[2].partition(")")[0])
    )


MEANING = {
    registry.IMAGE_INVALID: "is no reference that can be pulled",
    registry.IMAGE_NOT_FOUND: "was not found",
    registry.IMAGE_UNAUTHORIZED: "may not be pulled",
    registry.IMAGE_PULL_FAILING: "could not be pulled yet",
}
