# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the client share."""

from __future__ import annotations

import time

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import client


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The client's pauses between tries, which are not waited for."""
    slept: list[float] = []

    class Clock:
        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(slept.append)

    monkeypatch.setattr(client, "time", Clock)
    return slept
