# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties are tested on the same examples in each run; HYPOTHESIS_PROFILE=default looks for new ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
