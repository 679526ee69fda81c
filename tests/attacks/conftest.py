# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's fixtures, as the integration tests have them, and a release that is made by a play of one task."""

from __future__ import annotations

import functools
import pathlib

import pytest

from tests.attacks import hostile
from tests.integration.conftest import Player, cluster, deploy, lab, namespace, of_namespace, reports
from tests.integration.playing import play

__all__ = ["cluster", "deploy", "lab", "namespace", "reports"]  # fixtures of the integration tests


@pytest.fixture
def release(namespace: str, reports: pathlib.Path) -> Player:
    """Releases the objects of `attack_objects` into the test's namespace, by a play that shows all that it shows."""
    variables = {**of_namespace(namespace), "maestro_report_dir": str(reports)}
    return functools.partial(play, str(hostile.PLAYBOOK), **variables)
