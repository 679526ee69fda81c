# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The one kind of error that the lab tells its user about."""

from __future__ import annotations


class LabError(Exception):
    """Something is wrong with the lab or its host; the message says what and what to do next."""
