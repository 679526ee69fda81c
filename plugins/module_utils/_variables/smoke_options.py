# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the variables of an inventory to the options of the module smoke. Pure."""

from __future__ import annotations

import typing as t

from .smoke_expectations import Values, expectations, is_signed_by_staging, rate

USUAL_RATES = {"production": 1000.0, "staging": 300.0, "lab": 200.0}
"""Requests a second of a load, by environment, where no rate is given."""
PORT_FORWARD_RATE = 50.0
"""The same through the API server, which has other work."""
SAME_NAME = (
    "resolve",
    "port_forward",
    "allowed_hosts",
    "checks",
    "deadline",
    "limiter",
    "prometheus_url",
    "prometheus_token",
)
"""Options that stand in a variable of their own, maestro_smoke_<option>, as the module takes them."""
CHANGED = ("enabled", "url", "ca_path", "expect", "load", "rate", "seconds")
"""The variables that become something else."""


def smoke_options(values: Values, roots_of_staging: str, load: bool) -> dict[str, t.Any]:
    """The options of the module smoke from the shared variables and those of the role ingress, defaults filled in.

    A `load` is sent when it is wanted here, or when the inventory names a rate. What the ingress is not asked to do
    is not expected of it.
    """
    forwarded = bool(values["maestro_smoke_port_forward"])
    expected = {} if forwarded else expectations(values)
    roots = roots_of_staging if is_signed_by_staging(values) and not forwarded else ""
    return {
        **{option: values[f"maestro_smoke_{option}"] for option in SAME_NAME},
        "url": values["maestro_smoke_url"] or f"https://{values['maestro_hostname']}",
        "own_host": values["maestro_hostname"],
        "ca_path": values["maestro_smoke_ca_path"] or roots,
        "expect": {**expected, **values["maestro_smoke_expect"]},
        "load": _load(values, _usual_rate(values, forwarded) if load else 0.0),
    }


def _usual_rate(values: Values, forwarded: bool) -> float:
    if forwarded:
        return PORT_FORWARD_RATE
    return rate(values, USUAL_RATES[values["maestro_environment"]])


def _load(values: Values, unless_given: float) -> dict[str, t.Any]:
    """The inventory's load; the plain numbers that a survey can ask for go before it."""
    load = {"rate": unless_given, **values["maestro_smoke_load"]}
    if float(values["maestro_smoke_rate"]) >= 0:
        load["rate"] = float(values["maestro_smoke_rate"])
    if float(values["maestro_smoke_seconds"]) > 0:
        load["seconds"] = float(values["maestro_smoke_seconds"])
    return load
