# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Prometheus scrapes every ready pod of a release, as far as Prometheus can be asked."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import urllib.parse

from ansible.module_utils.urls import open_url

from .._findings import registry
from .._findings.finding import Finding, FindingType
from .._objects.label_selector import selects
from .facts import Live

MONITORS = frozenset({"ServiceMonitor", "PodMonitor"})
SECONDS = 5.0
UP, DOWN = "1", "0"
States = dict[str, set[str]]
"""What Prometheus says of the targets of each pod: `1` for one that was scraped, `0` for one that was not."""


@dataclasses.dataclass(frozen=True)
class Scraping:
    """By what labels the targets of a release are told from those of other jobs: mesh sidecars, annotated pods.

    The Prometheus operator gives a ServiceMonitor's targets the labels `service` and `endpoint`, and a `job`.
    """

    services: frozenset[str] = frozenset()
    endpoints: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()

    def has(self, labels: t.Mapping[str, str]) -> bool:
        """Whether a series with these labels is of the release's own monitors."""
        service, endpoint, job = (labels.get(name, "") for name in ("service", "endpoint", "job"))
        is_of_port = not endpoint or not self.endpoints or endpoint in self.endpoints
        if service and self.services:
            return is_of_port and service in self.services
        return is_of_port and (not job or not self.jobs or job in self.jobs)


class NoAnswer(Exception):
    """Prometheus did not answer; `str()` says why."""


def is_monitored(manifests: t.Iterable[Live]) -> bool:
    """Whether the release declares that Prometheus scrapes it."""
    return any(manifest["kind"] in MONITORS for manifest in manifests)


def scraping(manifests: t.Collection[Live]) -> Scraping:
    """What tells the targets of the monitors among these objects."""
    monitors = [manifest for manifest in manifests if manifest["kind"] in MONITORS]
    selected = [(monitor, service) for monitor in monitors for service in _selected(monitor, manifests)]
    names = frozenset(service["metadata"]["name"] for _monitor, service in selected)
    ports = {
        str(port["port"])
        for monitor in monitors
        for port in (*monitor["spec"].get("endpoints", ()), *monitor["spec"].get("podMetricsEndpoints", ()))
        if port.get("port")
    }
    pods = {f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in monitors if _is_of_pods(each)}
    return Scraping(names, frozenset(ports), frozenset({_job(*pair) for pair in selected} | pods))


def ask(url: str, namespace: str, token: str = "", ours: Scraping | None = None) -> States:
    """The states of our targets in the namespace, or of all. Raises NoAnswer."""
    query = urllib.parse.urlencode({"query": f'up{{namespace="{namespace}"}}'})
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with open_url(f"{url.rstrip('/')}/api/v1/query?{query}", headers=headers, timeout=SECONDS) as answer:
            return states(json.loads(answer.read()), ours)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise NoAnswer(f"{url}: {error}") from error


def states(answer: t.Mapping[str, t.Any], ours: Scraping | None = None) -> States:
    """From the answer to an instant query (Prometheus HTTP API v1). Raises LookupError or TypeError for another."""
    found: States = {}
    for series in answer["data"]["result"]:
        labels, state = series["metric"], str(series["value"][1])
        if ours is None or ours.has(labels):
            found.setdefault(str(labels.get("pod", "")), set()).add(state)
    return found


def evaluate(found: States, namespace: str, pods: t.Iterable[str]) -> list[Finding]:
    """A finding for the pods whose scrape fails, and one for those that Prometheus does not know."""
    ready = sorted(pods)
    down = [pod for pod in ready if DOWN in found.get(pod, ())]
    unknown = [pod for pod in ready if pod not in found]
    return [
        *([_finding(registry.TARGET_DOWN, namespace, "Prometheus cannot scrape", down)] if down else []),
        *([_finding(registry.TARGET_MISSING, namespace, "Prometheus has no target for", unknown)] if unknown else []),
    ]


def silent(namespace: str, why: str) -> Finding:
    """Nothing is known of the targets."""
    return registry.TARGETS_UNKNOWN.found(f"Targets in {namespace}", f"Prometheus does not answer: {why}")


def _is_of_pods(monitor: Live) -> bool:
    return bool(monitor["kind"] == "PodMonitor")


def _selected(monitor: Live, manifests: t.Iterable[Live]) -> list[Live]:
    """The Services that a ServiceMonitor selects."""
    selector = monitor["spec"].get("selector")
    return [
        manifest
        for manifest in manifests
        if manifest["kind"] == "Service" and not _is_of_pods(monitor)
        if selects(selector, manifest["metadata"].get("labels") or {})
    ]


def _job(monitor: Live, service: Live) -> str:
    """The job of the targets of a Service: by the label that the monitor names, else the Service's name."""
    labels = service["metadata"].get("labels") or {}
    return str(labels.get(monitor["spec"].get("jobLabel", "")) or service["metadata"]["name"])


def _finding(check: FindingType, namespace: str, what: str, pods: t.Sequence[str]) -> Finding:
    number = f"{len(pods)} pod{'' if len(pods) == 1 else 's'}"
    return check.found(f"Targets in {namespace}", f"{what} {number}: {', '.join(pods)}")
