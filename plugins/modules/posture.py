#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what runs still keeps the rules that the deployment was made by."""

from __future__ import annotations

DOCUMENTATION = r"""
module: posture
short_description: Judge whether a release's live objects keep the rules of a safe deployment
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Reads the objects of the newest release as they are now, its pods, the network policies and disruption budgets of
    its namespace, and what the ServiceAccount may do, and compares them with the rules that the roles keep.
  - A broken rule is an error where only the live objects break it, so somebody has changed them. It is a warning where
    the release itself declares it so.
  - What the ServiceAccount may do is the API server's own answer in its name where the caller may impersonate it, and
    is computed from the bindings where not. A verb more or less than the release's Role grants is an error.
  - Writes nothing. The values of Secrets are dropped as soon as they are read.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - intelgraph.maestro.connection
  - intelgraph.maestro.identity
  - intelgraph.maestro.history
  - intelgraph.maestro.attributes
  - intelgraph.maestro.attributes.reading
seealso:
  - module: intelgraph.maestro.report
  - module: intelgraph.maestro.release
"""

EXAMPLES = r"""
- name: Judge the posture of the release
  intelgraph.maestro.posture:
    kubeconfig: ~/.kube/config
    namespace: maestro-system

- name: Judge it and go on whatever it is
  intelgraph.maestro.posture:
    kubeconfig: ~/.kube/config
  register: posture
  failed_when: false
"""

RETURN = r"""
verdict:
  description:
    - V(failed) with any finding of severity V(error).
    - Else V(inconclusive) when an object could not be read, else V(passed). Not V(passed) fails the task.
  returned: always
  type: str
  sample: passed
msg:
  description: The verdict in one sentence, with the gravest finding.
  returned: always
  type: str
  sample: Release 12 of maestro keeps all 12 rules.
findings:
  description: Each broken rule, errors first, in the form that M(intelgraph.maestro.cluster_info) describes.
  returned: always
  type: list
  elements: dict
rules:
  description: Each rule and whether it is kept.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The id that its findings have.
      returned: always
      type: str
      sample: posture-network
    demand:
      description: What the rule demands.
      returned: always
      type: str
      sample: Nothing connects to or from the pods but what a policy names.
    verdict:
      description: V(failed), V(passed), or V(inconclusive) where it could not be judged.
      returned: always
      type: str
      sample: passed
pods:
  description: When each running pod came up.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pod.
      returned: always
      type: str
      sample: maestro-df8d77cc7-2n9dd
    node:
      description: Where it runs, empty where it has no place.
      returned: always
      type: str
      sample: node-1
    restarts:
      description: How often its containers were started again.
      returned: always
      type: int
      sample: 0
    created:
      description: When it was created, UTC.
      returned: always
      type: str
      sample: "2026-11-23T20:00:00Z"
    scheduled:
      description: When it got its node, empty where it has none.
      returned: always
      type: str
      sample: "2026-11-23T20:00:00Z"
    ready:
      description: Since when it is ready, empty where it is not.
      returned: always
      type: str
      sample: "2026-11-23T20:00:05Z"
    failing:
      description: Whether it is in trouble.
      returned: always
      type: bool
      sample: false
number:
  description: The release that was judged; 0 when there is none.
  returned: always
  type: int
  sample: 12
requests:
  description: Number of requests that the API server answered.
  returned: always
  type: int
  sample: 46
seconds:
  description: Seconds that it took.
  returned: always
  type: float
  sample: 0.24
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION, IDENTITY
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, as_module
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.collect import collect
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.result import Posture, missing, reported
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history_options import (
    HISTORY,
    history_of,
)

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **CONNECTION,
    **IDENTITY,
    **HISTORY,
}


def main() -> None:
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), evaluate)


def evaluate(call: Call) -> Ending:
    """Read the newest release and judge its live objects."""
    start = time.monotonic()
    with Cluster.connect(call.params) as cluster:
        posture = _posture(cluster, call.params)
        values = {**posture.as_dict(), "changed": False, "requests": cluster.requests}
    values["seconds"] = round(time.monotonic() - start, 3)
    return Ending(values, list(cluster.warnings), failed=posture.verdict != "passed")


def _posture(cluster: Cluster, params: dict[str, t.Any]) -> Posture:
    name, namespace = params["name"], params["namespace"]
    records = [record for record in history_of(cluster, params).read().records if record.manifests]
    if not records:
        return missing(name, namespace)

    def connect(user: str) -> Cluster:
        return Cluster.connect({**params, "impersonate_user": user, "impersonate_groups": None, "cluster_uid": ""})

    return reported(collect(cluster, connect, name, namespace, records[-1].number, records[-1].manifests))


if __name__ == "__main__":
    main()
