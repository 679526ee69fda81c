#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that an engineer needs to know of a release at night, in one file that is safe to pass on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose
short_description: Put all that explains the state of a release into one archive, without secrets
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Reads the objects of a release and what they own, events, logs, nodes, quotas, what containers use and the history,
    judges them, and writes one C(tar.gz) on the host that runs the module.
  - Values of Secrets, literal environment variables and whatever looks like a credential are taken out of all of it, so
    that the archive can be attached to a ticket. In the place of a known value stands the name of its key.
  - Works on a broken release, on one that was never finished, and without the namespace. What cannot be read or does
    not fit the bounds is named in the archive and in RV(left_out), and is no failure. A verdict is none either.
  - Changes nothing in the cluster.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - intelgraph.maestro.connection
  - intelgraph.maestro.identity
  - intelgraph.maestro.history
  - intelgraph.maestro.attributes
options:
  dest:
    description:
      - Folder for the archive, on the host that runs the module. It is made when missing, for its owner only.
      - Each run writes a file of its own, named after release, namespace, API server and time.
    type: path
    default: .
  log_bytes:
    description: Bytes to keep of the end of each container's log, at least 4096.
    type: int
    default: 262144
  logs_bytes:
    description: Bytes to keep of all logs together. With many containers each keeps its share, but at least 4096.
    type: int
    default: 33554432
  timeout:
    description: Seconds after which nothing more is asked, so that a slow cluster still gives an archive.
    type: int
    default: 120
  secret_values:
    description:
      - Secret values by a name of your choice, to be taken out as well as those of the namespace's Secrets.
      - Needed where the account may not read Secrets.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Reads all that it would, tells what it would write, and writes no file.
    support: full
  diff_mode:
    description: The archive is a new file each time; there is nothing to compare.
    support: N/A
  idempotent:
    description: Each run writes an archive of its own.
    support: none
seealso:
  - module: intelgraph.maestro.release
"""

EXAMPLES = r"""
- name: Put all that explains the state of the release into one file
  intelgraph.maestro.diagnose:
    kubeconfig: ~/.kube/config
    namespace: maestro-system
    dest: ~/diagnoses
  register: diagnosis

- name: Say where it lies
  ansible.builtin.debug:
    msg: "{{ diagnosis.msg }}"
"""

RETURN = r"""
msg:
  description: One sentence that says where the archive lies, what the verdict is and how much was left out.
  returned: always
  type: str
  sample: The diagnosis of release maestro lies in /tmp/maestro-prod-10.0.0.1-20261123T201500Z.tar.gz (9 KiB, 61 files).
path:
  description: Absolute path of the archive.
  returned: when the cluster answered
  type: str
  sample: /tmp/maestro-maestro-system-10.0.0.1-6443-20261123T201500Z.tar.gz
size:
  description: Bytes of the archive.
  returned: when the cluster answered
  type: int
  sample: 86016
parts:
  description: Files in the archive.
  returned: when the cluster answered
  type: list
  elements: str
  sample: [README.md, findings.txt, events.txt]
left_out:
  description: What the archive lacks, wholly or partly.
  returned: when the cluster answered
  type: list
  elements: dict
  contains:
    part:
      description: The file or kind concerned.
      returned: always
      type: str
      sample: nodes.txt
    why:
      description: The reason, in the server's words where it gave one.
      returned: always
      type: str
      sample: "The account may not do this (GET /api/v1/nodes): nodes is forbidden"
verdict:
  description: What the release comes to now; empty while that is not decided or could not be judged.
  returned: when the cluster answered
  type: str
  sample: failed
findings:
  description: What is wrong, the cause before its consequences.
  returned: when the cluster answered
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the kind of finding; each has a page in the documentation.
      returned: always
      type: str
      sample: image-not-found
    severity:
      description: V(error), V(warning) or V(note).
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
    evidence:
      description: What proves it.
      returned: always
      type: list
      elements: str
    next_step:
      description: What to do about it.
      returned: always
      type: str
    container:
      description: The container concerned.
      returned: always
      type: str
    since:
      description: When it began, UTC.
      returned: always
      type: str
    cause:
      description: What it most likely comes from.
      returned: always
      type: str
requests:
  description: Number of requests that the API server answered.
  returned: when the cluster answered
  type: int
  sample: 44
error_id:
  description: Stable name of the error.
  returned: when the cluster does not answer or the file cannot be written
  type: str
  sample: api-unreachable
"""

import pathlib
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION, IDENTITY
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, as_module
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history_options import (
    HISTORY,
    history_of,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle import archive
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.analyze import evaluated
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.collect import gather
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.layout import compose, mask_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.logs import LEAST
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.scope import (
    Bounds,
    BundleSubject,
    Collected,
    LeftOut,
)

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **CONNECTION,
    **IDENTITY,
    **HISTORY,
    "dest": {"type": "path", "default": "."},
    "log_bytes": {"type": "int", "default": 262144},
    "logs_bytes": {"type": "int", "default": 33554432},
    "timeout": {"type": "int", "default": 120},
    "secret_values": {"type": "dict", "default": {}, "no_log": True},
}
CREDENTIALS = ("api_key", "password")
LEAST_OF = {"log_bytes": LEAST, "logs_bytes": LEAST, "timeout": 1}
UNAUTHORIZED = 401
UNKNOWN_SECRETS = (
    "The Secrets could not be read, so their values are not known: only what looks like a secret was taken out of the "
    "logs. Read them before you pass the archive on, or give secret_values."
)


def main() -> None:
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), diagnose)


def diagnose(call: Call) -> Ending:
    """Read, judge, mask, and write unless this is check mode. Raises ClusterError."""
    params = call.params
    for name, least in LEAST_OF.items():
        if params[name] < least:
            return Ending({"msg": f"{name} must be at least {least}, but {params[name]} was given."}, failed=True)
    with Cluster.connect(params) as cluster:
        found = collect(cluster, params)
        requests = cluster.requests
    evaluation = evaluated(found)
    mask = mask_of(found)
    parts, left_out = compose(found, evaluation, mask)
    folder = archive.archive_name(params["name"], params["namespace"], found.host, found.now)
    content = archive.packed(folder, parts, found.now)
    path = pathlib.Path(params["dest"]).absolute() / f"{folder}.tar.gz"
    if not call.check:
        archive.write(content, path)
    findings = evaluation.findings if evaluation else ()
    values = {
        "changed": True,
        "msg": reported(params["name"], path, len(content), len(parts), left_out, call.check),
        "path": str(path),
        "size": len(content),
        "parts": list(parts),
        "left_out": [entry._asdict() for entry in left_out],
        "verdict": evaluation.verdict if evaluation else "",
        "findings": [mask.displayed(finding.as_dict()) for finding in findings],
        "requests": requests,
    }
    return Ending(values, doubts(found))


def collect(cluster: Cluster, params: dict[str, t.Any]) -> Collected:
    """Everything that the cluster tells of the release; a history that cannot be read is left out like any part."""
    history = history_of(cluster, params)
    unread: list[LeftOut] = []
    try:
        history.read()
    except ApiError as error:
        if error.status == UNAUTHORIZED:
            raise
        unread.append(LeftOut("history.txt", str(error)))
    given = {name: str(value) for name, value in params["secret_values"].items()}
    own = {f"connection/{name}": str(params[name]) for name in CREDENTIALS if params.get(name)}
    subject = BundleSubject(params["name"], params["namespace"], tuple(history.records), {**given, **own})
    bounds = Bounds(params["log_bytes"], params["logs_bytes"], params["timeout"])
    found = gather(cluster, subject, bounds)
    found.left_out += unread
    return found


def reported(name: str, path: pathlib.Path, size: int, files: int, left_out: t.Sequence[LeftOut], check: bool) -> str:
    """Where the archive lies, how big it is and how much it lacks."""
    lies = "would lie" if check else "lies"
    lacks = f", {len(left_out)} parts left out: see its README.md" if left_out else ""
    return f"The diagnosis of release {name} {lies} in {path} ({max(1, size // 1024)} KiB, {files} files{lacks})."


def doubts(found: Collected) -> list[str]:
    """What a person must know before passing the archive on."""
    return [] if found.knows_secrets else [UNKNOWN_SECRETS]


if __name__ == "__main__":
    main()
