# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a run from reading or changing the cluster: connection, identity, permissions."""

from __future__ import annotations

from ..finding import FindingType

CONNECTION_OPTIONS = FindingType(
    "connection-options",
    "error",
    10,
    next_step="Correct maestro_connection (kubeconfig, context, host, api_key, ...) or the K8S_AUTH_* environment.",
    cause="A connection option, the kubeconfig or the environment of this host is wrong or incomplete.",
)
API_UNREACHABLE = FindingType(
    "api-unreachable",
    "error",
    20,
    next_step="Check the address, the network path and the CA certificate, for example with kubectl version.",
    cause="The address is wrong, the network or a firewall is in between, or the API server does not run.",
)
API_UNTRUSTED = FindingType(
    "api-untrusted",
    "error",
    30,
    next_step="Give the right CA (ca_cert, or certificate-authority in the kubeconfig), or correct the host.",
    cause="The CA of this cluster was not given, or the address is another server's.",
)
CREDENTIALS_REFUSED = FindingType(
    "credentials-refused",
    "error",
    40,
    next_step=(
        "Get a new token or client certificate and give it to maestro_connection; one that outlives the whole run."
    ),
    cause="The token or the client certificate is expired, revoked or of another cluster.",
)
WRONG_CLUSTER = FindingType(
    "wrong-cluster",
    "error",
    50,
    next_step="Correct the kubeconfig or context of this host, or maestro_cluster_uid if the cluster was rebuilt.",
    cause="The kubeconfig or the context of another cluster is used, or the cluster was rebuilt.",
)
API_ERROR = FindingType(
    "api-error",
    "error",
    60,
    next_step="Read the server's message; run again with -vvv for the request.",
    cause="The API server answered with an error that has no finding of its own.",
)
PERMISSION_MISSING = FindingType(
    "permission-missing",
    "error",
    70,
    next_step="Bind the account to a role that grants it; the page permission-missing lists all of it.",
    cause="No Role or ClusterRole that is bound to the account grants it.",
    severity_text="error; a note where only secrets to be masked cannot be read",
)
ROLE_ESCALATION = FindingType(
    "role-escalation",
    "error",
    80,
    next_step="Give the account the same permissions or the verb escalate, or drop the rule.",
    cause="An account may only grant what it has itself, or what the verb escalate allows it to grant.",
)
PORT_FORWARD_REFUSED = FindingType(
    "port-forward-refused",
    "error",
    90,
    next_step="Nothing was sent. Allow get and create on pods/portforward in the namespace, or drop port_forward.",
    cause="The account lacks pods/portforward in the namespace, or the API server does not forward ports.",
)
PORT_FORWARD_NO_TARGET = FindingType(
    "port-forward-no-target",
    "error",
    100,
    next_step="Nothing was sent. Correct the Service or its port, or see why no pod is ready.",
    cause="The Service or its port has another name, or none of its pods is ready.",
)
SUPPORT_BUNDLE_NOT_WRITTEN = FindingType(
    "support-bundle-not-written",
    "error",
    110,
    next_step="Give a folder on this host that can be written and has room (maestro_diagnosis_dir).",
    cause="The folder does not exist, is not writable for this user, or the disk is full.",
)
FACT_UNKNOWN = FindingType(
    "fact-unknown",
    "note",
    120,
    next_step="Allow the account to read it, or check it yourself.",
    cause="The account may not read it, or the API server did not give it.",
    severity_text="note, or warning where a verdict depends on it",
)
CLUSTER_NOT_PINNED = FindingType(
    "cluster-not-pinned",
    "note",
    130,
    next_step="Set maestro_cluster_uid, so that a wrong kubeconfig is refused.",
    cause="The inventory does not say which cluster it means.",
)
