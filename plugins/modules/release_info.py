#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster remembers of its releases, and whether its objects are still as the last one left them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Read the history of a release, compare two revisions, find drift
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Reads every release that the cluster remembers in one request - who made it, from where, when, why, with which
    image, how long it took and what came of it.
  - Tells the difference of two releases, object by object and field by field.
  - Finds drift - declared fields that have another value now, with the manager who has them and since when.
    The fields of others are no drift, such as the replicas that an autoscaler chooses, defaults and the status.
  - Never shows the value of a Secret, only that it changed. Writes nothing.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - intelgraph.maestro.connection
  - intelgraph.maestro.identity
  - intelgraph.maestro.history
  - intelgraph.maestro.attributes
  - intelgraph.maestro.attributes.reading
options:
  revision:
    description:
      - The number of the release to show, V(0) for all of them.
      - With O(drift), the release to compare the cluster with, V(0) for the last one that passed.
    type: int
    default: 0
  compare_with:
    description: The number of an older release; RV(differences) says what O(revision) (or the newest) changed since.
    type: int
    default: 0
  drift:
    description: Compare the live objects with what the release declared.
    type: bool
    default: false
  manifests:
    description: Return the manifests of each release as well, without secret values.
    type: bool
    default: false
  show:
    description: Print the result as text for a person. With another connection than a local one nothing is printed.
    type: bool
    default: false
seealso:
  - module: intelgraph.maestro.release
"""

EXAMPLES = r"""
- name: List the releases
  intelgraph.maestro.release_info:
    kubeconfig: ~/.kube/config
  register: history

- name: See what release 7 changed since release 5
  intelgraph.maestro.release_info:
    revision: 7
    compare_with: 5

- name: See whether somebody changed the release by hand
  intelgraph.maestro.release_info:
    drift: true
  register: drift
  failed_when: drift.verdict != "passed"
"""

RETURN = r"""
msg:
  description: One sentence, with the findings when there are some.
  returned: always
  type: str
  sample: "maestro has 4 releases in maestro-system; the last is 4 (passed)."
verdict:
  description:
    - V(failed) when the cluster has drifted or the history cannot be read.
    - V(inconclusive) when an object could not be read, or when there is no release to compare with.
  returned: always
  type: str
  sample: passed
findings:
  description: One for each object that has drifted, and for each record that is not trusted or cannot be read.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the kind of finding.
      returned: always
      type: str
      sample: drift
    severity:
      description: How grave it is.
      returned: always
      type: str
      sample: error
    object:
      description: The object concerned.
      returned: always
      type: str
      sample: Deployment maestro-system/maestro
    message:
      description: Which fields differ, and who changed them.
      returned: always
      type: str
      sample: "1 field of it differs from release 4: spec.minReadySeconds, changed by kubectl-edit"
    evidence:
      description: Each field with its recorded and its live value, its manager and when that last wrote.
      returned: always
      type: list
      elements: str
    next_step:
      description: What to do about it.
      returned: always
      type: str
    since:
      description: When the first of the managers wrote, UTC.
      returned: always
      type: str
number:
  description: Number of the newest release, 0 when there is none.
  returned: always
  type: int
  sample: 4
releases:
  description: The releases asked for, the oldest first.
  returned: always
  type: list
  elements: dict
  contains:
    number:
      description: Number of the release.
      returned: always
      type: int
    state:
      description: How it ended - V(passed), V(failed), V(pending) while it is being made, or what became of it else.
      returned: always
      type: str
    by:
      description: Who made it.
      returned: always
      type: str
      sample: alice@runner-3
    reason:
      description: Why.
      returned: always
      type: str
    rollback_to:
      description: Number of the release that it restored, V(0) when it was a new one.
      returned: always
      type: int
      sample: 2
    begun:
      description: When it began, UTC.
      returned: always
      type: str
    ended:
      description: When it ended, UTC; empty while it has not.
      returned: always
      type: str
    origin:
      description: From where - the job and user of AWX, versions of the collection, commit of the inventory.
      returned: always
      type: dict
    components:
      description: The objects that each component contributed.
      returned: always
      type: dict
    images:
      description: The images that its pods were to run.
      returned: always
      type: list
      elements: str
    running:
      description: For each image the digests that its pods ran when it ended.
      returned: always
      type: dict
    plan:
      description: What it changed - numbers for each action, and the objects with the names of their fields.
      returned: always
      type: dict
    counts:
      description: Number of objects for each action.
      returned: always
      type: dict
    seconds:
      description: Seconds spent in each phase - V(plan), V(lock), V(apply), V(wait), V(smoke), V(prune).
      returned: always
      type: dict
      sample: {plan: 0.31, lock: 0.02, apply: 0.4, wait: 7.9, smoke: 3.1}
    failure:
      description: Why it did not pass.
      returned: always
      type: str
    findings:
      description: What was wrong when it did not pass.
      returned: always
      type: list
      elements: dict
    smoke:
      description:
        - What the smoke test that followed came to, as M(intelgraph.maestro.smoke) returns it, without its findings
          and without what pictures are drawn from. Empty without one.
      returned: always
      type: dict
      sample:
        verdict: passed
        msg: "https://maestro.intelgraph.ai serves: 9 checks passed; 3000 requests at 200/s: 0.000% errors, p95 12 ms"
    timeline:
      description:
        - The course of the wait, as M(intelgraph.maestro.release) returned it.
        - Of more than 40 moments the first and the last 20.
      returned: always
      type: list
      elements: dict
      contains:
        seconds:
          description: Seconds since the wait began.
          returned: always
          type: float
        pods:
          description: Number of pods in each phase.
          returned: always
          type: dict
        message:
          description: What was told.
          returned: always
          type: str
      sample:
        - {seconds: 2.4, pods: {starting: 1, old: 3}, told: "pods: 1 starting, 3 old"}
    objects:
      description: What it declared.
      returned: always
      type: list
      elements: str
    manifests:
      description: The objects as they were declared, without secret values.
      returned: when O(manifests) is true
      type: list
      elements: dict
differences:
  description: What differs between the two releases; empty unless O(compare_with) is given.
  returned: always
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name. Settings named by their content are the same object in both releases.
      returned: always
      type: str
    change:
      description: V(added), V(removed) or V(changed) by the newer one.
      returned: always
      type: str
    fields:
      description: Of a changed object each field with its value before and after; of a Secret no value.
      returned: always
      type: list
      elements: dict
  sample:
    - object: Deployment maestro-system/maestro
      change: changed
      fields:
        - {field: "spec.template.spec.containers[maestro].image", before: "maestro:2.0.0", after: "maestro:2.1.0"}
requests:
  description: Number of requests that the API server answered.
  returned: always
  type: int
  sample: 1
error_id:
  description: Stable name of the error.
  returned: when the history cannot be read
  type: str
  sample: api-unreachable
"""

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION, IDENTITY
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import FAILED
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, as_module, perform
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.console import review_lines
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.history_report import Review, review
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history_options import (
    HISTORY,
    history_of,
)

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **CONNECTION,
    **IDENTITY,
    **HISTORY,
    "revision": {"type": "int", "default": 0},
    "compare_with": {"type": "int", "default": 0},
    "drift": {"type": "bool", "default": False},
    "manifests": {"type": "bool", "default": False},
    "show": {"type": "bool", "default": False},
}


def main() -> None:
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), look_back)


def look_back(call: Call) -> Ending:
    """Read the history and answer what the parameters ask; the result has the same keys however it ends."""
    ending = perform(_reviewed, call)
    nothing = {**Review().as_result(), "verdict": FAILED, "requests": 0}
    return dataclasses.replace(ending, values={**nothing, **ending.values})


def _reviewed(call: Call) -> Ending:
    params = call.params
    with Cluster.connect(params) as cluster:
        history = history_of(cluster, params).read()
        found = review(cluster, history, params)
        values = {**found.as_result(params["manifests"]), "requests": cluster.requests}
        return Ending(values, cluster.warnings, lines=review_lines(values, params) if params["show"] else [])


if __name__ == "__main__":
    main()
