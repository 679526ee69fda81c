# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module smoke that follow from the variables of a host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: smoke_options
short_description: The options of a smoke test that follow from the variables of a host
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Reads the C(maestro_smoke_*) variables and those of the role C(ingress), with their defaults where a host has none.
  - What the ingress is not asked to do is not expected of it - a path without a route, HSTS that is switched off.
  - Certificates of the staging environment of Let's Encrypt are trusted where its issuer signs.
options:
  load:
    description:
      - Whether a load is sent although the host's variables name no rate.
      - Its rate is that of C(maestro_environment), or the rate limit of the ingress where that is lower.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Test the service as its users reach it
  intelgraph.maestro.smoke: "{{ lookup('intelgraph.maestro.smoke_options') }}"

- name: Test it, and send a load
  intelgraph.maestro.smoke: "{{ lookup('intelgraph.maestro.smoke_options', load=true) }}"
"""

RETURN = r"""
_raw:
  description: One dictionary, the options of M(intelgraph.maestro.smoke).
  type: list
  elements: dict
"""

import pathlib
import typing as t

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import shared
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.plain_text import settled
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.smoke_options import smoke_options

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
INGRESS_DEFAULTS = COLLECTION / "roles" / "ingress" / "defaults" / "main.yml"
STAGING_ROOTS = COLLECTION / "playbooks" / "files" / "letsencrypt-staging.pem"


class LookupModule(LookupBase):
    """Reads the variables; what they mean is decided in module_utils."""

    def run(
        self, terms: t.Sequence[t.Any], variables: dict[str, t.Any] | None = None, **given: t.Any
    ) -> list[dict[str, t.Any]]:
        """One dictionary of options."""
        if terms:
            raise AnsibleError("smoke_options takes no terms.")
        self.set_options(var_options=variables, direct=given)
        defaults = {**shared.defaults(), **yaml.safe_load(INGRESS_DEFAULTS.read_text(encoding="utf-8"))}
        known = variables or {}
        own = {name: self._templar.template(known[name]) for name in defaults if name in known}
        given = {name: value for name, value in own.items() if value is not None}
        return [
            smoke_options(settled({**defaults, **given}, shared.SHARED), str(STAGING_ROOTS), self.get_option("load"))
        ]
