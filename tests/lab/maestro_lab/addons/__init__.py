# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What a cluster needs besides Kubernetes itself: an image registry, databases, and the parts that run in it."""

from __future__ import annotations

from collections.abc import Mapping

from ..build import GoModule
from ..step import Step
from . import balancer, catalogue, crds, databases, parts, registry

modules: tuple[GoModule, ...] = catalogue.MODULES
on_demand: Mapping[str, GoModule] = catalogue.ON_DEMAND
steps: tuple[Step, ...] = (registry.STEP, *databases.STEPS, balancer.STEP, *parts.STEPS)


def prepare() -> None:
    """Put into the cache all that a lab's start takes from it; it needs the modules built."""
    registry.prepare()
    crds.definitions()
    databases.prepare()
