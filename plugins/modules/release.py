#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One release on one cluster: made, confirmed or taken away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Bring a cluster to what the roles contributed, or take it away
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Compares all components with the cluster (server-side dry run, in parallel), claims the next number in the history,
    applies the changes stage by stage with server-side apply, waits by watch until everything is ready, removes what
    former releases had and this one has not, and records what came of it.
  - ConfigMaps and Secrets marked C(immutable) are named by their content, so that a change of settings rolls the pods
    and old pods keep old settings. They stay as long as the history knows a release that used them.
  - The replicas of a workload that a HorizontalPodAutoscaler scales are given at its creation only.
  - A second run with the same components changes nothing and says so.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - intelgraph.maestro.connection
options:
  name:
    description: Name of the release.
    type: str
    default: maestro
  namespace:
    description: Namespace that holds the release and its history.
    type: str
    default: maestro-system
  state:
    description:
      - V(present) makes the release.
      - V(absent) takes everything away that the history knows of, and the history.
    type: str
    choices: [present, absent]
    default: present
  components:
    description:
      - For each component the list of its manifests.
      - The M(intelgraph.maestro.component) tasks leave it in C(ansible_facts.maestro_components).
      - Required for O(state=present).
    type: dict
  secret_values:
    description:
      - The values of the Secrets among the components, by C(<secret>/<key>).
      - The M(intelgraph.maestro.component) tasks leave them in C(ansible_facts.maestro_secret_values).
    type: dict
    default: {}
  wait:
    description: Wait until every object is ready.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 600
  history_limit:
    description: Number of releases to remember, at least 2.
    type: int
    default: 10
  reason:
    description: Why this release is made; kept in the history.
    type: str
    default: ""
  takeover:
    description:
      - Take fields over that another field manager owns.
      - By default such a conflict is refused before anything changes, naming the manager and the fields.
    type: bool
    default: false
  confirm:
    description: The name of the release once more, without which O(state=absent) is refused.
    type: str
    default: ""
  remove_data:
    description: With O(state=absent), take volumes, Secrets and the namespace away as well.
    type: bool
    default: false
attributes:
  check_mode:
    description: Plans with the API server's dry run and changes nothing, on a cluster without the namespace too.
    support: full
  diff_mode:
    description: Shows the objects without status and bookkeeping, and never a secret value.
    support: full
  idempotent:
    description: A second run with the same components changes nothing.
    support: full
  action_group:
    description: Is in the action group C(intelgraph.maestro.cluster).
    support: full
    membership:
      - intelgraph.maestro.cluster
seealso:
  - module: intelgraph.maestro.component
"""

EXAMPLES = r"""
- name: Release what the roles contributed
  intelgraph.maestro.release:
    kubeconfig: ~/.kube/config
    components: "{{ ansible_facts.maestro_components }}"
    secret_values: "{{ ansible_facts.maestro_secret_values | default({}) }}"
    reason: Upgrade to 2.1.0

- name: Take the release away but keep its data
  intelgraph.maestro.release:
    state: absent
    confirm: maestro
"""

RETURN = r"""
msg:
  description: One sentence about what happened, with the findings when the release did not pass.
  returned: always
  type: str
  sample: "Release 4 of maestro is in place: 2 to create, 1 to change."
number:
  description: Number of the release, 0 when there has never been one or the history could not be read.
  returned: always
  type: int
  sample: 4
verdict:
  description: Whether the release passed or failed.
  returned: always
  type: str
  sample: passed
findings:
  description: What is wrong, when the release did not pass.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the kind of finding.
      returned: always
      type: str
      sample: not-ready
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
      description: What is wrong with it.
      returned: always
      type: str
      sample: 2 of 3 pods are available
    evidence:
      description: What proves it.
      returned: always
      type: list
      elements: str
    next_step:
      description: What to do about it.
      returned: always
      type: str
plan:
  description: The objects that change, with their fields.
  returned: always
  type: list
  elements: dict
  sample:
    - object: Service maestro-system/maestro
      action: change
      fields:
        - {field: "spec.type", before: ClusterIP, after: LoadBalancer}
counts:
  description: Number of objects for each action.
  returned: always
  type: dict
  sample: {create: 0, change: 1, prune: 0, keep: 29}
seconds:
  description: Seconds spent in each phase.
  returned: always
  type: dict
  sample: {plan: 0.21, apply: 0.05, wait: 3.4}
requests:
  description: Number of requests that the API server answered.
  returned: always
  type: int
  sample: 64
error_id:
  description: Stable name of the error.
  returned: when the cluster or the components cannot be used
  type: str
  sample: api-unreachable
"""

import dataclasses
import getpass
import os
import socket
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.finding import FAILED
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.assembly import assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploying import ReleaseFailed, deploy
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome, diff
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.plan import Plan
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.removing import remove
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import Wish
from ansible_collections.intelgraph.maestro.plugins.module_utils._running import Call, Ending, as_module, perform

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **CONNECTION,
    "name": {"type": "str", "default": "maestro"},
    "namespace": {"type": "str", "default": "maestro-system"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "components": {"type": "dict"},
    "secret_values": {"type": "dict", "default": {}, "no_log": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    "history_limit": {"type": "int", "default": 10},
    "reason": {"type": "str", "default": ""},
    "takeover": {"type": "bool", "default": False},
    "confirm": {"type": "str", "default": ""},
    "remove_data": {"type": "bool", "default": False},
}

RULES: dict[str, t.Any] = {"required_if": [("state", "present", ["components"])]}


def main() -> None:
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **RULES), carry_out)


def carry_out(call: Call) -> Ending:
    """Make or take away the release that the parameters describe; the result has the same keys however it ends."""
    problem = unusable(call.params)
    ending = Ending({"msg": problem}, failed=True) if problem else perform(_released, call)
    nothing_done = {**Outcome(Plan(()), verdict=FAILED).as_result(), "requests": 0}
    return dataclasses.replace(ending, values={**nothing_done, **ending.values})


def _released(call: Call) -> Ending:
    with Cluster.connect(call.params) as cluster:
        try:
            outcome, failed = make(cluster, call), False
        except ReleaseFailed as failure:
            outcome, failed = failure.outcome, True
        values = {**outcome.as_result(), "requests": cluster.requests}
        if call.diff:
            values["diff"] = diff(outcome.plan)
        return Ending(values, cluster.warnings, failed)


def unusable(params: dict[str, t.Any]) -> str:
    """What is wrong with parameters that have the right types, or an empty string."""
    for name, least in (("history_limit", 2), ("wait_timeout", 0)):
        if params[name] < least:
            return f"{name} must be at least {least}, but {params[name]} was given."
    if params["state"] == "absent" and params["confirm"] != params["name"]:
        return (
            f"Nothing was removed: to take release {params['name']} away, confirm must be {params['name']!r}, but "
            f"{params['confirm']!r} was given. In a play set maestro_remove_confirm={params['name']}."
        )
    return ""


def make(cluster: Cluster, call: Call) -> Outcome:
    """Bring the cluster to the wished state. Raises ReleaseFailed, ClusterError."""
    params = call.params
    wish = Wish(
        name=params["name"],
        namespace=params["namespace"],
        wait=params["wait"],
        timeout=params["wait_timeout"],
        history_limit=params["history_limit"],
        takeover=params["takeover"],
        about={"by": f"{_user()}@{socket.gethostname()}", "reason": params["reason"]},
    )
    if params["state"] == "absent":
        return remove(cluster, wish, params["remove_data"], call.check)
    return deploy(cluster, assemble(params["components"], params["secret_values"]), wish, call.check)


def _user() -> str:
    """The name of the person or, in a container that gives them none, their number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


if __name__ == "__main__":
    main()
