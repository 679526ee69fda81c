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
  - intelgraph.maestro.identity
  - intelgraph.maestro.deadlines
  - intelgraph.maestro.history
  - intelgraph.maestro.attributes
options:
  state:
    description:
      - V(present) makes the release.
      - V(restored) brings a former release back, whole, as a new release. It needs no O(components).
      - V(absent) takes everything away that the history knows of, and the history.
    type: str
    choices: [present, restored, absent]
    default: present
  components:
    description:
      - For each component the list of its manifests.
      - The default is what the M(intelgraph.maestro.component) tasks of the play registered.
      - Required for O(state=present).
    type: dict
  secret_values:
    description:
      - The values of the Secrets among the components, by C(<secret>/<key>).
      - Without O(components) they come from the same tasks.
    type: dict
    default: {}
  wait: {description: Wait until every object is ready., type: bool, default: true}
  history_limit: {description: "Number of releases to remember, at least 2.", type: int, default: 10}
  reason: {description: Why this release is made; kept in the history., type: str, default: ""}
  origin:
    description:
      - Where this run comes from, in any words; kept in the history.
      - With a local connection the task adds what it finds - the job of AWX, the versions, the commit of the inventory.
    type: dict
    default: {}
  takeover:
    description:
      - Take fields over that another field manager owns.
      - By default such a conflict is refused before anything changes, naming the manager and the fields.
    type: bool
    default: false
  replan:
    description:
      - Plan again on top of a release that another run has made since this one began, and say so.
      - By default such a run is refused, naming who made what, because nobody who asked for it knew of the other.
    type: bool
    default: false
  rollback_to:
    description: With O(state=restored), the release to restore; V(0) is the last that passed before the current.
    type: int
    default: 0
  auto_rollback:
    description:
      - With O(state=present), restore the last release that passed when this one fails its verdict, after its evidence
        was kept in O(report_dir). The task fails all the same.
    type: bool
    default: true
  rollback_rbac:
    description: With O(state=restored), restore what grants more than the live release too; needless with a key.
    type: bool
    default: false
  report_dir:
    description:
      - Folder for the evidence of a release that failed, made when it is missing.
      - Empty means C(maestro-reports) in the folder that the play is started in.
    type: path
    default: ""
  smoke:
    description:
      - Options of M(intelgraph.maestro.smoke) by which a release that is ready proves that it serves, as a part of its
        verdict. Empty means that nothing is asked.
    type: dict
    default: {}
  prune_allowed:
    description: "Objects that may be removed although they hold data or keys: C(Secret/maestro-tls)."
    type: list
    elements: str
    default: []
  remove_components:
    description: Components that may be missing although the former release had them; what they brought is removed.
    type: list
    elements: str
    default: []
  save_plan:
    description:
      - In check mode, the file to write the plan to, for O(plan_file). Only its owner may read it.
      - It holds salted digests in place of the values that it depends on, and no secret value.
    type: path
    default: ""
  return_plan:
    description: In check mode, return the plan as RV(saved_plan), for O(approved_plan).
    type: bool
    default: false
  plan_file:
    description:
      - The file of an approved plan, which is carried out exactly or not at all.
      - It is refused when the manifests, the live objects that they touch or the managers of their fields have changed
        since, naming what has.
    type: path
    default: ""
  approved_plan:
    description: The same as O(plan_file) as a text, the RV(saved_plan) of an earlier run. Comes before O(plan_file).
    type: str
    default: ""
  confirm: {description: "The release's name again, as O(state=absent) needs it.", type: str, default: ""}
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
seealso:
  - module: intelgraph.maestro.component
"""

EXAMPLES = r"""
- name: Release what the roles contributed
  intelgraph.maestro.release:
    kubeconfig: ~/.kube/config
    reason: Upgrade to 2.1.0

- name: Go back to the release before the current one
  intelgraph.maestro.release:
    state: restored
    reason: Release 7 answers too slowly

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
verdict: {description: Whether the release passed or failed., returned: always, type: str, sample: passed}
findings:
  description: What is wrong, when the release did not pass.
  returned: always
  type: list
  elements: dict
  contains:
    id: {description: Stable name of the kind of finding., returned: always, type: str, sample: not-ready}
    severity: {description: How grave it is., returned: always, type: str, sample: error}
    object: {description: The object concerned., returned: always, type: str, sample: Deployment n/maestro}
    message: {description: What is wrong with it., returned: always, type: str, sample: 2 of 3 pods are available}
    evidence: {description: What proves it., returned: always, type: list, elements: str}
    next_step: {description: What to do about it., returned: always, type: str}
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
  sample: {create: 0, change: 1, adopt: 0, replace: 0, prune: 0, keep: 29}
seconds: {description: Seconds spent in each phase., returned: always, type: dict, sample: {plan: 0.21, wait: 3.4}}
risks:
  description: What is worth knowing before this is done, for example what a restore does not bring back.
  returned: always
  type: list
  elements: dict
  sample:
    - id: irreversible-change
      severity: note
      object: PersistentVolumeClaim maestro-system/maestro-data
      message: "it was grown from 10Gi to 20Gi and stays so: volumes cannot shrink"
saved_plan:
  description: The plan as a text, for O(approved_plan) of a later run.
  returned: in check mode, when O(return_plan) is true
  type: str
report:
  description: Path of the file that holds the evidence of a failed release, else empty.
  returned: always
  type: str
  sample: /home/me/production/maestro-reports/maestro-system-maestro-release-5-2026-11-23T201500Z.json
report_files:
  description: Paths of the same for people (HTML, last) and machines (JSON, JUnit), in a folder beside the evidence.
  returned: always
  type: list
  elements: str
restored:
  description:
    - What came of the automatic rollback after a failure, else empty.
    - C(release) is the number of the release that came back, C(number) the one that it has now.
  returned: always
  type: dict
  sample: {release: 4, number: 6, verdict: passed, msg: "Release 6 of maestro (release 4 restored) is in place."}
rollback_to: {description: Number of the release that is brought back; 0 when none is., returned: always, type: int}
timeline:
  description: The course of the wait, one entry for each change that was told; see M(intelgraph.maestro.health).
  returned: always
  type: list
  elements: dict
  sample:
    - {seconds: 12.4, pods: {ready: 2, starting: 1}, told: "pods: 2 ready, 1 starting"}
smoke: {description: What the smoke test came to; empty without one., returned: always, type: dict}
requests: {description: Number of requests that the API server answered., returned: always, type: int, sample: 64}
error_id:
  description: Stable name of the error.
  returned: when the cluster or the components cannot be used
  type: str
  sample: api-unreachable
"""

import dataclasses
import functools
import pathlib
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION, IDENTITY
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import FAILED
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.arguments import (
    DEADLINES,
    NOT_NEGATIVE,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, as_module, perform
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.live_secrets import LiveSecrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import Mask
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.auto_rollback import AutoRollback
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.console import plan_lines
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed, deploy
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.metadata import user_and_host
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.release_labels import belonging
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome, diff
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.plan_approval import keep_plan
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import Plan
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import Refused
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history_options import HISTORY
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import acknowledge
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.rollback import restore
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import ReleaseOptions
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.uninstall import remove
from ansible_collections.intelgraph.maestro.plugins.module_utils._release_options import refused_outcome as refusal
from ansible_collections.intelgraph.maestro.plugins.module_utils._release_options import release_options
from ansible_collections.intelgraph.maestro.plugins.module_utils._release_report import FILES, with_pages

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **CONNECTION,
    **IDENTITY,
    **DEADLINES,
    **HISTORY,
    "state": {"type": "str", "choices": ["present", "restored", "absent"], "default": "present"},
    "components": {"type": "dict"},
    "secret_values": {"type": "dict", "default": {}, "no_log": True},
    "wait": {"type": "bool", "default": True},
    "history_limit": {"type": "int", "default": ReleaseOptions.history_limit},
    "reason": {"type": "str", "default": ""},
    "origin": {"type": "dict", "default": {}},
    "takeover": {"type": "bool", "default": False},
    "replan": {"type": "bool", "default": False},
    "rollback_to": {"type": "int", "default": 0},
    "auto_rollback": {"type": "bool", "default": True},
    "rollback_rbac": {"type": "bool", "default": False},
    "report_dir": {"type": "path", "default": ""},
    "smoke": {"type": "dict", "default": {}},
    "prune_allowed": {"type": "list", "elements": "str", "default": []},
    "remove_components": {"type": "list", "elements": "str", "default": []},
    "save_plan": {"type": "path", "default": ""},
    "return_plan": {"type": "bool", "default": False},
    "plan_file": {"type": "path", "default": ""},
    "approved_plan": {"type": "str", "default": ""},
    "confirm": {"type": "str", "default": ""},
    "remove_data": {"type": "bool", "default": False},
}

REPORTS = "maestro-reports"
RULES: dict[str, t.Any] = {"required_if": [("state", "present", ["components"])]}


def main() -> None:
    """The headers of its smoke test may hold credentials: what it is called with is not for the system's log."""
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, no_log=True, **RULES), carry_out)


def carry_out(call: Call) -> Ending:
    """Make or take away the release that the parameters describe; the result has the same keys however it ends."""
    problem = unusable(call.params)
    ending = Ending({"msg": problem}, failed=True) if problem else perform(_released, call)
    nothing_done = {**Outcome(Plan(()), verdict=FAILED).as_result(), FILES: [], "requests": 0}
    return dataclasses.replace(ending, values={**nothing_done, **ending.values})


def _released(call: Call) -> Ending:
    """One mask for the whole run, that all it shows and writes passes."""
    params = call.params
    with Cluster.connect(params) as cluster:
        public, given = {params["name"], params["namespace"]}, params["secret_values"]
        mask = LiveSecrets(cluster, params["namespace"], public, Mask(given, public).text, given)
        return perform(functools.partial(_made, cluster, mask), call, mask.without_known)


def _made(cluster: Cluster, mask: LiveSecrets, call: Call) -> Ending:
    try:
        outcome, failed = make(cluster, call, mask), {}
    except ReleaseFailed as failure:
        outcome, failed = failure.outcome, {"error_id": failure.id}
    except Refused as refused:
        outcome, failed = refusal(refused), {"error_id": refused.id}
    result = {**outcome.as_result(), **failed, "requests": cluster.requests}
    values = with_pages(cluster, call.params, mask.without_known(result))
    if outcome.run and (outcome.rollback_to or outcome.restored):
        acknowledge(cluster, call.params["namespace"], call.params["name"], outcome.run)
    if call.check and not failed:
        values.update(keep_plan(cluster, call.params, outcome, user_and_host()))
    if call.diff:
        values["diff"] = diff(outcome.plan)
    lines = plan_lines(outcome, with_steps=not call.diff) if call.check else []
    return Ending(values, cluster.warnings, bool(failed), lines)


def unusable(params: dict[str, t.Any]) -> str:
    """What is wrong with parameters that have the right types, or an empty string."""
    for name, least in {"history_limit": 2, **NOT_NEGATIVE, "rollback_to": 0}.items():
        if params[name] < least:
            return f"{name} must be at least {least}, but {params[name]} was given."
    if params["state"] == "absent" and params["confirm"] != params["name"]:
        return (
            f"Nothing was removed: to take release {params['name']} away, confirm must be {params['name']!r}, but "
            f"{params['confirm']!r} was given. In a play set maestro_remove_confirm={params['name']}."
        )
    return ""


def make(cluster: Cluster, call: Call, mask: LiveSecrets) -> Outcome:
    """Bring the cluster to the wished state. Raises ReleaseFailed, ClusterError."""
    params = call.params
    options = release_options(cluster, call, mask)
    if params["state"] == "absent":
        return remove(cluster, dataclasses.replace(options, verb="remove"), params["remove_data"], call.check)
    auto_rollback = AutoRollback(
        options,
        folder=pathlib.Path(params["report_dir"] or REPORTS),
        mask=mask,
        enabled=params["auto_rollback"] and params["state"] == "present",
    )
    if params["state"] == "restored":
        return restore(cluster, options, params["rollback_to"], call.check, auto_rollback)
    release = belonging(assemble(params["components"], params["secret_values"]), options.release)
    return deploy(cluster, release, options, call.check, auto_rollback)


if __name__ == "__main__":
    main()
