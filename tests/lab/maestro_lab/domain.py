# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The lab's own domain, which its name server answers for: the names below; any other leads to the ingress."""

from __future__ import annotations

DOMAIN = "maestro-lab.internal"
DATABASE_NAME = f"db.{DOMAIN}"
REGISTRY_NAME = f"registry.{DOMAIN}"
