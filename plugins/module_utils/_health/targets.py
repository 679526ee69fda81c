# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Prometheus scrapes every ready pod of a release, as far as Prometheus can be asked."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

from ansible.module_utils.urls import open_url

from . import catalogue
from .facts import Live
from .finding import Check, Finding

MONITORS = frozenset({"ServiceMonitor", "PodMonitor"})
SECONDS = 5.0
UP, DOWN = "1", "0"
States = dict[str, set[str]]
"""What Prometheus says of the targets of each pod: `1` for one that was scraped, `0` for one that was not."""


class NoAnswer(Exception):
    """Prometheus did not answer; `str()` says why."""


def is_monitored(manifests: t.Iterable[Live]) -> bool:
    """Whether the release declares that Prometheus scrapes it."""
    return any(manifest["kind"] in MONITORS for manifest in manifests)


def ask(url: str, namespace: str, token: str = "") -> States:
    """The states of the targets in the namespace. Raises NoAnswer."""
    query = urllib.parse.urlencode({"query": f'up{{namespace="{namespace}"}}'})
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with open_url(f"{url.rstrip('/')}/api/v1/query?{query}", headers=headers, timeout=SECONDS) as answer:
            return states(json.loads(answer.read()))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NoAnswer(f"{url}: {error}") from error


def states(answer: t.Mapping[str, t.Any]) -> States:
    """From the answer to an instant query (Prometheus HTTP API v1). Raises LookupError or TypeError for another."""
    found: States = {}
    for series in answer["data"]["result"]:
        found.setdefault(str(series["metric"].get("pod", "")), set()).add(str(series["value"][1]))
    return found


def judge(found: States, namespace: str, pods: t.Iterable[str]) -> list[Finding]:
    """A finding for the pods whose scrape fails, and one for those that Prometheus does not know."""
    ready = sorted(pods)
    down = [pod for pod in ready if DOWN in found.get(pod, ())]
    unknown = [pod for pod in ready if pod not in found]
    return [
        *([_finding(catalogue.TARGET_DOWN, namespace, "Prometheus cannot scrape", down)] if down else []),
        *([_finding(catalogue.TARGET_MISSING, namespace, "Prometheus has no target for", unknown)] if unknown else []),
    ]


def silent(namespace: str, why: str) -> Finding:
    """Nothing is known of the targets."""
    return catalogue.TARGETS_UNKNOWN.found(f"Targets in {namespace}", f"Prometheus does not answer: {why}")


def _finding(check: Check, namespace: str, what: str, pods: t.Sequence[str]) -> Finding:
    number = f"{len(pods)} pod{'' if len(pods) == 1 else 's'}"
    return check.found(f"Targets in {namespace}", f"{what} {number}: {', '.join(pods)}")
