# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `maestro_smoke_*` variables: how a release is asked from outside whether it serves."""

from __future__ import annotations

import typing as t

from .._smoke.arguments import SMOKE as OPTIONS

SMOKE: dict[str, dict[str, t.Any]] = {
    "maestro_smoke_enabled": {
        "type": "bool",
        "default": True,
        "description": ["Whether a release that is ready has to prove from outside that it serves."],
    },
    "maestro_smoke_url": {
        "type": "str",
        "default": "",
        "description": [
            "The service as its users reach it. Empty means C(https://) and C(maestro_hostname).",
            "Another host than C(maestro_hostname) has to be among C(maestro_smoke_allowed_hosts).",
        ],
    },
    "maestro_smoke_resolve": {
        "type": "dict",
        "default": {},
        "description": ["Addresses that stand in for host names, for a cluster that DNS does not point to yet."],
    },
    "maestro_smoke_port_forward": {
        "type": "str",
        "default": "",
        "description": [
            "C(service/NAME) or C(service/NAME:PORT) asks the pods behind that Service through the API server, for a",
            "cluster whose ingress cannot be reached from here; see C(port_forward) of the module C(smoke).",
        ],
    },
    "maestro_smoke_ca_path": {
        "type": "str",
        "default": "",
        "description": [
            "PEM file of the authorities that sign the service's certificate, beside the system's.",
            "Empty means the roots of Let's Encrypt's staging environment with C(ingress_tls_issuer)",
            "C(letsencrypt-staging), and none else.",
        ],
    },
    "maestro_smoke_allowed_hosts": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": ["Hosts that may be asked beside C(maestro_hostname)."],
    },
    "maestro_smoke_expect": {
        "type": "dict",
        "default": {},
        "description": [
            "What the default checks expect; see C(expect) of the module C(smoke).",
            "What is not given follows from the variables of the role C(ingress): its paths, HSTS and certificate.",
        ],
    },
    "maestro_smoke_checks": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "description": ["Further checks; see C(checks) of the module C(smoke)."],
    },
    "maestro_smoke_deadline": {
        "type": "float",
        "default": OPTIONS["deadline"]["default"],
        "description": ["Seconds within which every check must have succeeded, and again for the pods to be heard."],
    },
    "maestro_smoke_rate": {
        "type": "float",
        "default": -1,
        "description": [
            "Requests a second of the load, 0 for none. It goes before the C(rate) of C(maestro_smoke_load), so that a",
            "survey of AWX can ask for it. Below 0 it says nothing, and then only the play C(smoke) sends a load.",
        ],
    },
    "maestro_smoke_seconds": {
        "type": "float",
        "default": 0,
        "description": [
            "How long the load lasts. It goes before the C(seconds) of C(maestro_smoke_load); 0 says nothing."
        ],
    },
    "maestro_smoke_load": {
        "type": "dict",
        "default": {},
        "description": [
            "The load; see C(load) of the module C(smoke). A C(rate) of 0 sends none.",
            "Without a C(rate) only the play C(smoke) sends one: 1000 requests a second in production, 300 in staging",
            "and 200 in the lab, but not above C(ingress_rate_limit_requests_per_second); 50 with",
            "C(maestro_smoke_port_forward). C(deploy), C(rollback) and C(validate) send one where a C(rate) is given.",
        ],
    },
    "maestro_smoke_limiter": {
        "type": "dict",
        "default": {},
        "description": ["The proof of the rate limiter; see C(limiter) of the module C(smoke). Empty means none."],
    },
    "maestro_smoke_prometheus_url": {
        "type": "str",
        "default": "",
        "description": [
            "A Prometheus to ask for the availability of the last days, which no smoke test can show.",
            "C(validate) also asks it whether it scrapes every pod.",
        ],
    },
    "maestro_smoke_prometheus_token": {
        "type": "str",
        "default": "",
        "no_log": True,
        "description": ["Bearer token for a Prometheus behind authentication. Keep it in a vault."],
    },
}
