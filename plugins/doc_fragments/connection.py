# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the connection options that every module shares."""

from __future__ import annotations


class ModuleDocFragment:
    """Use beside C(kubernetes.core.k8s_auth_options)."""

    DOCUMENTATION = r"""
options:
  in_cluster:
    description:
      - Use the service account of the pod that runs the module.
      - Never done unless asked for, so that a job in a pod cannot change the wrong cluster for want of a kubeconfig.
    type: bool
    default: false
  cluster_uid:
    description:
      - The UID of the C(kube-system) namespace of the cluster that is meant. The module refuses any other cluster.
      - An empty string switches the guard off.
    type: str
    default: ""
  connect_timeout:
    description: Seconds allowed for opening a connection.
    type: float
    default: 5.0
  request_timeout:
    description: Seconds allowed for one answer of the API server, from the request to its last byte.
    type: float
    default: 30.0
  retry_timeout:
    description:
      - Seconds within which a request is retried after a transient failure.
      - Such are 429 (with its C(Retry-After)), 5xx, a reset connection and a timeout.
    type: float
    default: 60.0
requirements:
  - python >= 3.11
  - kubernetes >= 29.0.0
"""
