#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on what runs now, or on what becomes of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: health
short_description: Say whether a release is healthy, or wait until that is decided
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Reads the objects of the newest release in the history and everything that they own, by one list and one watch for
    each kind, and gives a verdict with its findings - what is wrong with which object, since when, in the server's own
    words, with the evidence (events, exit codes, last lines of the log, what the probe's endpoint answers), the likely
    cause and the next step.
  - Is stricter than C(kubectl rollout status) - old pods are gone, endpoints hold the pods, the autoscaler has its
    metrics, a drain is possible, the ingress has an address, certificates and external secrets are in place.
  - Fails as soon as waiting cannot help any more, and never because of what passes by itself.
  - Fails unless the verdict is V(passed). Changes nothing.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - intelgraph.maestro.connection
  - intelgraph.maestro.identity
  - intelgraph.maestro.deadlines
  - intelgraph.maestro.history
  - intelgraph.maestro.attributes
  - intelgraph.maestro.attributes.reading
options:
  wait:
    description:
      - Wait until the release has passed or failed.
      - Without it a release that is still on its way is V(inconclusive).
    type: bool
    default: false
  prometheus_url:
    description:
      - A Prometheus to ask whether it scrapes every ready pod, when the release has a ServiceMonitor.
      - Empty means that nobody is asked.
    type: str
    default: ""
  prometheus_token:
    description: Bearer token for Prometheus.
    type: str
    default: ""
seealso:
  - module: intelgraph.maestro.release
"""

EXAMPLES = r"""
- name: See whether the service is healthy
  intelgraph.maestro.health:
    kubeconfig: ~/.kube/config

- name: Wait for a rollout that somebody else has begun
  intelgraph.maestro.health:
    wait: true
    wait_timeout: 900

- name: Go on in either case, and look at the findings
  intelgraph.maestro.health:
  register: health
  failed_when: false
"""

RETURN = r"""
msg:
  description: One sentence that a person can act on.
  returned: always
  type: str
  sample: "Release 4 of maestro is healthy: pods: 3 ready."
number:
  description: Number of the release that was judged, 0 when there is none.
  returned: always
  type: int
  sample: 4
verdict:
  description: V(passed), V(failed), or V(inconclusive) when that could not be found out or is not decided yet.
  returned: always
  type: str
  sample: passed
findings:
  description: What is wrong or worth knowing, the root cause first.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the kind of finding.
      returned: always
      type: str
      sample: image-not-found
    severity:
      description: How grave it is, V(error), V(warning) or V(note).
      returned: always
      type: str
      sample: error
    object:
      description: The object concerned.
      returned: always
      type: str
      sample: Deployment maestro-system/maestro
    container:
      description: The container concerned, empty where that means nothing.
      returned: always
      type: str
      sample: maestro
    since:
      description: When it began (UTC), empty where that is not known.
      returned: always
      type: str
      sample: "2026-11-23T02:59:04Z"
    message:
      description: What is wrong with it, in the server's words where it has some.
      returned: always
      type: str
    cause:
      description: What it most likely comes from.
      returned: always
      type: str
    evidence:
      description: The lines that prove it, without secrets.
      returned: always
      type: list
      elements: str
    next_step:
      description: What to do about it.
      returned: always
      type: str
    page:
      description: The page of the collection's documentation about this kind of finding.
      returned: always
      type: str
      sample: docs/findings/image-not-found.md
missing:
  description: What is not ready yet, one line for each object.
  returned: always
  type: list
  elements: str
timeline:
  description: The course of the wait, one entry for each change that was told.
  returned: always
  type: list
  elements: dict
  contains:
    seconds:
      description: Seconds since the beginning.
      returned: always
      type: float
      sample: 12.4
    pods:
      description:
        - Number of pods by phase - C(ready), C(starting), C(pending), C(failing), C(old) (of a former revision) and
          C(terminating).
      returned: always
      type: dict
      sample: {ready: 2, starting: 1}
    message:
      description: What was told.
      returned: always
      type: str
      sample: "pods: 2 ready, 1 starting"
seconds:
  description: Seconds that it took.
  returned: always
  type: float
  sample: 14.2
requests:
  description: Number of requests that the API server answered.
  returned: always
  type: int
  sample: 27
error_id:
  description: Stable name of the error.
  returned: when the cluster cannot be used
  type: str
  sample: api-unreachable
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import (
    CONNECTION,
    IDENTITY,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import (
    FAILED,
    INCONCLUSIVE,
    PASSED,
    page_of,
    verdict,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.registry import RELEASE_MISSING, by_severity
from ansible_collections.intelgraph.maestro.plugins.module_utils._health import prometheus_targets
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.arguments import DEADLINES
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.observer import Subject
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.progress import state_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import not_judged
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.waiter import Health, await_verdict, health_now
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, as_module, perform
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import Mask
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.endpoints import serving
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history_options import (
    HISTORY,
    history_of,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record import Record

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **CONNECTION,
    **IDENTITY,
    **DEADLINES,
    **HISTORY,
    "wait": {"type": "bool", "default": False},
    "prometheus_url": {"type": "str", "default": ""},
    "prometheus_token": {"type": "str", "default": "", "no_log": True},
}


def main() -> None:
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), examine)


def examine(call: Call) -> Ending:
    """Judge the newest release; the result has the same keys however it ends."""
    ending = perform(_examined, call)
    nothing_known = {**as_result(Health(INCONCLUSIVE), Record(0, "", ())), "requests": 0}
    return dataclasses.replace(ending, values={**nothing_known, **ending.values})


def _examined(call: Call) -> Ending:
    params = call.params
    with Cluster.connect(params) as cluster:
        newest = history_of(cluster, params).read().last
        health = _health(cluster, newest, call) if newest and newest.manifests else _without_release(call, newest)
        values = {**as_result(health, newest or Record(0, "", ())), "requests": cluster.requests}
        values["msg"] = sentence(params["name"], newest.number if newest else 0, health)
        return Ending(values, cluster.warnings, health.verdict != PASSED)


def _health(cluster: Cluster, record: Record, call: Call) -> Health:
    params = call.params
    deadlines = float(params["readiness_deadline"]), float(params["image_grace"])
    subject = Subject(params["name"], params["namespace"], record.manifests, 0.0, *deadlines)
    settle, mask = float(params["settle_seconds"]), Mask({}).text
    if params["wait"]:
        health = await_verdict(cluster, subject, params["wait_timeout"], settle, call.tell, mask)
    else:
        health = health_now(cluster, subject, settle, mask)
    is_asked = (
        params["prometheus_url"] and health.verdict == PASSED and prometheus_targets.is_monitored(record.manifests)
    )
    return _with_targets(cluster, health, prometheus_targets.scraping(record.manifests), params) if is_asked else health


def _with_targets(
    cluster: Cluster, health: Health, ours: prometheus_targets.Scraping, params: dict[str, t.Any]
) -> Health:
    """The verdict with what Prometheus says of the pods; inconclusive when it says nothing."""
    namespace = params["namespace"]
    try:
        states = prometheus_targets.ask(params["prometheus_url"], namespace, params["prometheus_token"], ours)
        found = prometheus_targets.evaluate(states, namespace, serving(cluster, namespace, params["name"]).pods)
        complete = True
    except prometheus_targets.NoAnswer as why:
        found, complete = [prometheus_targets.silent(namespace, str(why))], False
    said = found[0].sentence() if found else health.sentence
    return dataclasses.replace(
        health,
        verdict=verdict(found, complete),
        sentence=said,
        findings=tuple(by_severity([*health.findings, *found])),
    )


def _without_release(call: Call, record: Record | None) -> Health:
    name, namespace = call.params["name"], call.params["namespace"]
    damaged = (
        f"the record of release {record.number} of {name} in namespace {namespace} cannot be read" if record else ""
    )
    missing = f"namespace {namespace} has no release of the name {name}"
    finding = RELEASE_MISSING.found(f"Release {namespace}/{name}", damaged or missing)
    return Health(FAILED, finding.sentence(), (finding,))


def as_result(health: Health, record: Record) -> dict[str, t.Any]:
    """Keys of the module's result, but for `msg`."""
    return {
        "number": record.number,
        "verdict": health.verdict,
        "findings": [{**finding.as_dict(), "page": page_of(finding.id)} for finding in health.findings],
        "missing": list(health.missing),
        "timeline": [moment.as_dict() for moment in health.timeline],
        "seconds": health.seconds,
    }


def sentence(name: str, number: int, health: Health) -> str:
    """The verdict and its reason in one sentence."""
    if health.verdict == PASSED:
        pods = health.timeline[-1].pods if health.timeline else {}
        said = not_judged(health.findings)
        return f"Release {number} of {name} is healthy: {state_of(pods, ()) or 'everything is ready'}.{said}"
    words = {FAILED: "is not healthy"}
    release = f"Release {number} of {name}" if number else name
    return f"{release} {words.get(health.verdict, 'has no verdict yet')}: {health.sentence}"


if __name__ == "__main__":
    main()
