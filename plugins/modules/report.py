#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Put the verdicts of several checks together, on the screen and on disk
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Takes the results of modules that give a verdict with findings, such as M(intelgraph.maestro.health),
    M(intelgraph.maestro.posture), M(intelgraph.maestro.cluster_info) and M(intelgraph.maestro.release_info).
  - Prints a table with what is wrong below it, and writes C(report.json), C(report.xml) (JUnit, one case for each
    check) and C(report.html), one page that needs no network and shows how the pods came up and what a
    load measured.
  - Fails unless every check passed, with the sentence of the gravest one, so that a play can collect all verdicts
    first and fail once at its end.
  - Runs on the controller, with any connection, and calls no API.
options:
  checks:
    description:
      - For each check its result as it was registered. They are told in this order.
      - A result without a verdict, of a task that ended with an error, counts as inconclusive. A skipped task does not
        count.
    type: dict
    required: true
  name:
    description: Name of the release.
    type: str
    default: maestro
  namespace:
    description: Namespace that holds the release.
    type: str
    default: maestro-system
  cluster:
    description: What the report calls the cluster. The files lie in a folder of this name.
    type: str
    required: true
  dir:
    description:
      - Folder on the controller that the files are written below. It is made if it is not there.
      - Empty writes none.
    type: path
    default: ""
  secret_values:
    description:
      - Values that must not appear in the report, by their names. A name stands in its value's place.
      - By default those of all M(intelgraph.maestro.component) tasks of the play.
    type: dict
    default: {}
  show:
    description: Print the table.
    type: bool
    default: true
attributes:
  action:
    description: Runs on the controller.
    support: full
  check_mode:
    description: Does the same, but writes no file.
    support: full
  diff_mode:
    description: Changes nothing on the cluster.
    support: none
seealso:
  - module: intelgraph.maestro.health
  - module: intelgraph.maestro.posture
  - module: intelgraph.maestro.release_info
  - module: intelgraph.maestro.cluster_info
"""

EXAMPLES = r"""
- name: Judge what runs
  intelgraph.maestro.health:
  register: health
  failed_when: false

- name: Judge the rules that it keeps
  intelgraph.maestro.posture:
  register: posture
  failed_when: false

- name: Tell everything, and fail unless all of it passed
  intelgraph.maestro.report:
    cluster: "{{ inventory_hostname }}"
    checks: {health: "{{ health }}", posture: "{{ posture }}"}
    dir: ./reports
"""

RETURN = r"""
verdict:
  description: The gravest verdict of the checks, V(failed) before V(inconclusive) before V(passed).
  returned: always
  type: str
  sample: passed
msg:
  description: One sentence with what the gravest check says.
  returned: always
  type: str
  sample: Release 12 of maestro in maestro-system on eks-prod passed every check.
checks:
  description: The verdict of each check.
  returned: always
  type: dict
  sample: {prerequisites: passed, health: passed, posture: passed, drift: passed}
files:
  description: The files that were written.
  returned: always
  type: list
  elements: str
  sample: [/srv/reports/eks-prod/report.json, /srv/reports/eks-prod/report.xml, /srv/reports/eks-prod/report.html]
"""
