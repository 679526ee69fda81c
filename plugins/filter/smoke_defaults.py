# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a smoke test that follow from the variables of the ingress."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import smoke_expectations

DOCUMENTATION = r"""
name: smoke_defaults
short_description: The options of a smoke test that follow from the variables of the ingress
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - A path without a route, HSTS that is switched off and requests above the rate limit are not expected to succeed.
  - The first origin of CORS that is named in full is expected to be allowed.
  - Certificates of the staging environment of Let's Encrypt are trusted where its issuer signs.
options:
  _input:
    description: Variables of the role C(ingress), with their defaults filled in.
    type: dict
    required: true
  rate:
    description: Requests a second that a load has where no rate limit is lower.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Show what a smoke test expects where only the API has a route
  ansible.builtin.debug:
    msg: "{{ ingress | intelgraph.maestro.smoke_defaults(rate=1000) }}"
  vars:
    ingress:
      ingress_paths: [/api]
      ingress_hsts_enabled: true
      ingress_hsts_max_age_seconds: 31536000
      ingress_cors_enabled: true
      ingress_cors_origins: [https://intelgraph.ai]
      ingress_cors_methods: [GET, POST]
      ingress_cors_headers: [Authorization, Content-Type]
      ingress_rate_limit_enabled: true
      ingress_rate_limit_requests_per_second: 1000
      ingress_tls_source: certificate
      ingress_tls_issuer: letsencrypt-production
      ingress_tls_renew_before_days: 30
"""

RETURN = r"""
_value:
  description: C(expect) and C(ca_path) as the module C(smoke) takes them, and the C(rate) of a load.
  type: dict
"""

STAGING_ROOTS = pathlib.Path(__file__).resolve().parents[2] / "playbooks" / "files" / "letsencrypt-staging.pem"


def smoke_defaults(ingress: t.Mapping[str, t.Any], rate: float) -> dict[str, t.Any]:
    return {
        "expect": smoke_expectations.expectations(ingress),
        "ca_path": str(STAGING_ROOTS) if smoke_expectations.is_signed_by_staging(ingress) else "",
        "rate": smoke_expectations.rate(ingress, rate),
    }


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"smoke_defaults": smoke_defaults}
