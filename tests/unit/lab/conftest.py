# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""A lab that exists on paper only."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from maestro_lab.names import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab("paper", tmp_path / "paper", IPv4Network("10.77.0.0/16"))
