#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a cluster: what it has, and what of it stands in the way of a release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Judge whether a cluster is fit for a release, before anything changes
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Reads a cluster once, in parallel, and compares it with what the given components need.
  - That is the API and its kinds, controllers, storage, room on the nodes, quotas, permissions of the account,
    Pod Security, objects that are only named, and endpoints outside the cluster.
  - Reports everything at once as findings. A finding is no failure of the module, and neither is a cluster that
    cannot be reached - preflight at RV(verdict).
  - Writes nothing. Pods are judged by admission with a dry run, which the API server does not store.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - intelgraph.maestro.connection
  - intelgraph.maestro.identity
  - intelgraph.maestro.attributes
  - intelgraph.maestro.attributes.reading
options:
  components:
    description:
      - For each component the list of its manifests.
      - The default is what the M(intelgraph.maestro.component) tasks of the play registered.
      - Without any only the cluster itself is judged.
    type: dict
    default: {}
  minimum_version:
    description: Oldest version of Kubernetes to accept.
    type: str
    default: "1.33"
  production:
    description: Whether to expect what production needs - images by digest, a cluster known by its UID.
    type: bool
    default: true
  endpoints:
    description:
      - TCP services that the release depends on. The host that runs the module opens a connection to each.
      - What it cannot reach but pods may take for a Service of the cluster, such as C(postgres.database), is looked up
        in the API instead.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What a person calls it.
        type: str
        required: true
      host:
        description: Name or address. An endpoint with an empty host is left out.
        type: str
        required: true
      port:
        description: TCP port.
        type: int
        required: true
  endpoint_timeout:
    description: Seconds allowed for reaching one endpoint.
    type: float
    default: 3.0
  endpoint_severity:
    description:
      - How grave an unreachable endpoint is.
      - Choose V(warning) where pods reach it but the host that runs the module does not.
    type: str
    choices: [error, warning, "off"]
    default: error
  capacity_severity:
    description: How grave it is when the nodes cannot hold the most replicas and the pods of a rolling update.
    type: str
    choices: [error, warning, "off"]
    default: error
  controller_severity:
    description: How grave it is when the software that acts on an API group's objects is not found or not ready.
    type: str
    choices: [error, warning, "off"]
    default: warning
  digest_severity:
    description: How grave an image without a digest is in production.
    type: str
    choices: [error, warning, "off"]
    default: warning
  port_forward:
    description: Whether the release will be asked through the API server whether it serves, which takes permissions.
    type: bool
    default: false
seealso:
  - module: intelgraph.maestro.component
  - module: intelgraph.maestro.release
"""

EXAMPLES = r"""
- name: Preflight at the cluster
  intelgraph.maestro.cluster_info:
    kubeconfig: ~/.kube/config
  register: cluster

- name: Judge the cluster against what the roles contributed
  intelgraph.maestro.cluster_info:
    kubeconfig: ~/.kube/config
    cluster_uid: 5f1c9f0e-6f0c-4d36-8d6b-1b9f5c1d7f10
    endpoints:
      - {name: PostgreSQL, host: db.example.com, port: 5432}
  register: cluster
  failed_when: cluster.verdict != "passed"
"""

RETURN = r"""
verdict:
  description:
    - V(failed) with any finding of severity V(error).
    - Else V(inconclusive) when the API server failed to answer something, else V(passed).
  returned: always
  type: str
  sample: passed
findings:
  description: Everything that is wrong or worth knowing, errors first.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the kind of finding; each has a page in the documentation.
      returned: always
      type: str
      sample: kind-not-served
    severity:
      description: V(error), V(warning) or V(note).
      returned: always
      type: str
      sample: error
    object:
      description: The object or setting concerned.
      returned: always
      type: str
      sample: CustomResourceDefinition servicemonitors.monitoring.coreos.com
    message:
      description: What is wrong with it.
      returned: always
      type: str
      sample: The cluster does not serve ServiceMonitor in monitoring.coreos.com/v1, which monitoring contributes.
    evidence:
      description: What proves it.
      returned: always
      type: list
      elements: str
      sample: []
    next_step:
      description: What to do about it.
      returned: always
      type: str
      sample: Install prometheus-operator.
msg:
  description: The verdict with every error and warning, for a person.
  returned: always
  type: str
  sample: "https://10.0.0.1:6443 is fit for release maestro (1 note)."
cluster:
  description: What the cluster has. A value is null where it could not be read; empty when the cluster did not answer.
  returned: always
  type: dict
  contains:
    host:
      description: Address of the API server.
      returned: when the cluster answered
      type: str
      sample: https://10.0.0.1:6443
    cluster_uid:
      description: UID of the kube-system namespace, for C(maestro_cluster_uid).
      returned: when the cluster answered
      type: str
      sample: 5f1c9f0e-6f0c-4d36-8d6b-1b9f5c1d7f10
    version:
      description: Version of the API server.
      returned: when the cluster answered
      type: str
      sample: v1.37.2
    nodes:
      description: Name, zone, state and allocatable resources of each node, where a workload was among the components.
      returned: when the cluster answered
      type: list
      elements: dict
    zones:
      description: Zones of the nodes.
      returned: when the cluster answered
      type: list
      elements: str
      sample: [zone-1, zone-2, zone-3]
    autoscaled:
      description: Whether something adds nodes when pods do not fit.
      returned: when the cluster answered
      type: bool
      sample: false
    storage_classes:
      description: Provisioner of each StorageClass, where a volume was among the components.
      returned: when the cluster answered
      type: dict
    ingress_classes:
      description: Controller of each IngressClass, where an Ingress was among the components.
      returned: when the cluster answered
      type: dict
    gateway_classes:
      description: Controller of each GatewayClass, where a Gateway was among the components.
      returned: when the cluster answered
      type: dict
    controllers:
      description: Known software that was found running, with its version and available pods.
      returned: when the cluster answered
      type: list
      elements: dict
    namespace_exists:
      description: Whether the release's namespace is there.
      returned: when the cluster answered
      type: bool
      sample: true
    not_served:
      description: Group versions of the components that the cluster does not serve.
      returned: when the cluster answered
      type: list
      elements: str
      sample: []
requests:
  description: Number of requests that the API server answered.
  returned: always
  type: int
  sample: 42
duration:
  description: Seconds that it took.
  returned: always
  type: float
  sample: 0.21
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION, IDENTITY
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.batch_get import Endpoint
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, as_module
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.collect import Preflight, examine
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.evaluate import message
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import needs_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.summary import summary
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.view import PreflightOptions
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import validate_objects

SEVERITY: dict[str, t.Any] = {"type": "str", "choices": ["error", "warning", "off"]}
ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **CONNECTION,
    **IDENTITY,
    "components": {"type": "dict", "default": {}},
    "minimum_version": {"type": "str", "default": "1.33"},
    "production": {"type": "bool", "default": True},
    "endpoints": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
        },
    },
    "endpoint_timeout": {"type": "float", "default": 3.0},
    "endpoint_severity": {**SEVERITY, "default": "error"},
    "capacity_severity": {**SEVERITY, "default": "error"},
    "controller_severity": {**SEVERITY, "default": "warning"},
    "digest_severity": {**SEVERITY, "default": "warning"},
    "port_forward": {"type": "bool", "default": False},
}
WISHES = (
    "cluster_uid",
    "minimum_version",
    "production",
    "endpoint_timeout",
    "endpoint_severity",
    "capacity_severity",
    "controller_severity",
    "digest_severity",
    "port_forward",
)


def main() -> None:
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), survey)


def survey(call: Call) -> Ending:
    """Read the cluster and judge it against the components."""
    start = time.monotonic()
    params = call.params
    validate_objects(params["components"])
    preflight = examine(
        params, needs_of(params["components"], params["name"], params["namespace"]), preflight_options(params)
    )
    values = {**result(preflight, params["name"]), "duration": round(time.monotonic() - start, 3)}
    return Ending(values, [finding.sentence() for finding in preflight.evaluation.of("warning")])


def preflight_options(params: t.Mapping[str, t.Any]) -> PreflightOptions:
    """The expectations that the parameters tell."""
    endpoints = tuple(Endpoint(**each) for each in params["endpoints"] if each["host"])
    asked = endpoints if params["endpoint_severity"] != "off" else ()
    return PreflightOptions(endpoints=asked, **{name: params[name] for name in WISHES})


def result(preflight: Preflight, name: str) -> dict[str, t.Any]:
    """What the module returns besides the time that it took."""
    return {
        "changed": False,
        "verdict": preflight.evaluation.verdict,
        "findings": [finding.as_dict() for finding in preflight.evaluation.findings],
        "msg": message(preflight.evaluation, name, preflight.host or "The cluster"),
        "cluster": summary(preflight.snapshot) if preflight.snapshot else {},
        "requests": preflight.requests,
    }


if __name__ == "__main__":
    main()
