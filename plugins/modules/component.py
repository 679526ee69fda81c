#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: component
short_description: Render a role's templates into its component
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Checks the variables of the role that it runs in (types, unknown and misspelt names, rules between variables).
  - Renders the role's C(templates/*.yaml.j2) in the order of their names and returns the objects.
  - Register the result as C(__<role>_component). There the tasks that need the components of all roles find it;
    C(release) does.
  - Runs in the controller's process and calls no API.
  - The M(intelgraph.maestro.release) module applies what the roles contributed.
options:
  name:
    description: Name of the component, which is the role's name.
    type: str
    required: true
attributes:
  action:
    description: Runs on the controller.
    support: full
  check_mode:
    description: Renders the same in check mode.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
"""

EXAMPLES = r"""
- name: Contribute the ingress
  intelgraph.maestro.component:
    name: ingress
  register: __ingress_component
"""

RETURN = r"""
objects:
  description: Number of objects that the role contributes. Not shown when the component holds secret values.
  returned: success
  type: int
  sample: 4
manifests:
  description: The objects. A Secret's values are replaced by a mark.
  returned: success
  type: list
  elements: dict
secret_values:
  description: The values taken out of the Secrets, by C(<secret>/<key>). With any, the result is not shown.
  returned: success
  type: dict
"""
