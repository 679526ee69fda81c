# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module smoke, beside those of the connection; described in the documentation fragment smoke."""

from __future__ import annotations

import typing as t

from .load.gates import GATES

STR: dict[str, t.Any] = {"type": "str"}
INT: dict[str, t.Any] = {"type": "int"}
FLOAT: dict[str, t.Any] = {"type": "float"}
BOOL: dict[str, t.Any] = {"type": "bool"}
DICT: dict[str, t.Any] = {"type": "dict"}
STRINGS: dict[str, t.Any] = {"type": "list", "elements": "str"}
INTS: dict[str, t.Any] = {"type": "list", "elements": "int"}
NAME: dict[str, t.Any] = {"type": "str", "required": True}


def by_default(kind: dict[str, t.Any], value: t.Any) -> dict[str, t.Any]:
    """An option of this kind with a default."""
    return {**kind, "default": value}


EXPECT: dict[str, t.Any] = {
    "healthy": STRINGS,
    "status": STR,
    "closed": STRINGS,
    "redirect": BOOL,
    "hsts_seconds": INT,
    "allowed_origin": STR,
    "refused_origin": STR,
    "preflight_method": STR,
    "preflight_headers": STRINGS,
    "certificate_days": FLOAT,
    "tls_minimum": STR,
    "max_seconds": FLOAT,
    "successes": INT,
}
CHECK: dict[str, t.Any] = {
    "name": NAME,
    "url": NAME,
    "method": by_default(STR, "GET"),
    "headers": DICT,
    "body": STR,
    "status": INTS,
    "expect_headers": DICT,
    "contains": STR,
    "json": DICT,
    "max_seconds": FLOAT,
    "redirect": STR,
    "hsts_seconds": INT,
    "cors_origin": STR,
    "cors_allowed": BOOL,
    "websocket": BOOL,
    "closed": BOOL,
    "successes": INT,
}
REQUEST: dict[str, t.Any] = {
    "path": NAME,
    "method": by_default(STR, "GET"),
    "headers": DICT,
    "body": STR,
    "status": INTS,
    "weight": by_default(INT, 1),
}
LOAD: dict[str, t.Any] = {
    "rate": by_default(FLOAT, 0.0),
    "max_rate": by_default(FLOAT, 1000.0),
    "seconds": by_default(FLOAT, 0.0),
    "warm_up": by_default(FLOAT, 2.0),
    "timeout": by_default(FLOAT, 10.0),
    "connections": by_default(INT, 256),
    "extensions": by_default(INT, 3),
    "gates": {
        "type": "dict",
        "default": {"error_ratio": 0.001, "p95": 2.0},
        "options": dict.fromkeys(GATES, FLOAT),
    },
    "requests": {"type": "list", "elements": "dict", "default": [], "options": REQUEST},
}
LIMITER: dict[str, t.Any] = {
    "rate": by_default(FLOAT, 0.0),
    "max_rate": by_default(FLOAT, 3000.0),
    "limit": by_default(FLOAT, 1000.0),
    "burst": by_default(FLOAT, 2000.0),
    "replicas": by_default(INT, 1),
    "delay": by_default(FLOAT, 0.0),
    "tolerance": by_default(FLOAT, 0.1),
    "path": by_default(STR, "/api/v1/status"),
}
SMOKE: dict[str, dict[str, t.Any]] = {
    "url": NAME,
    "resolve": by_default(DICT, {}),
    "port_forward": by_default(STR, ""),
    "ca_path": {"type": "path"},
    "own_host": by_default(STR, ""),
    "allowed_hosts": by_default(STRINGS, []),
    "timeout": by_default(FLOAT, 10.0),
    "deadline": by_default(FLOAT, 20.0),
    "interval": by_default(FLOAT, 0.5),
    "name": by_default(STR, "maestro"),
    "namespace": by_default(STR, "maestro-system"),
    "pods": {"type": "str", "choices": ["cluster", "given", "off"], "default": "cluster"},
    "expected_pods": by_default(STRINGS, []),
    "expected_revision": by_default(STR, ""),
    "defaults": by_default(BOOL, True),
    "expect": {"type": "dict", "options": EXPECT},
    "checks": {"type": "list", "elements": "dict", "default": [], "options": CHECK},
    "load": {"type": "dict", "options": LOAD},
    "limiter": {"type": "dict", "options": LIMITER},
    "prometheus_url": by_default(STR, ""),
    "prometheus_query": by_default(STR, ""),
    "prometheus_token": {"type": "str", "default": "", "no_log": True},
    "availability_target": by_default(FLOAT, 0.999),
    "availability_days": by_default(INT, 30),
}
