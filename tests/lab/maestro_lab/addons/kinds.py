# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Kinds of operators that the product writes objects for and that a plain lab does not run."""

from __future__ import annotations

from ..addon import Addon
from ..definitions import Source

ADDON = Addon(
    name="kinds",
    title="Kinds of external-secrets and prometheus-operator are defined",
    kinds=(
        Source("github.com/external-secrets/external-secrets", "config/crds/bases/external-secrets.io_*.yaml"),
        Source("github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd/*.yaml"),
    ),
)
