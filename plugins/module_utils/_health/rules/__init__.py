# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of a running release: facts in, verdict and findings out. Pure; each file has the rules of one subject."""

from __future__ import annotations

from .evaluate import evaluate, headline, not_judged, timed_out

__all__ = ["evaluate", "headline", "not_judged", "timed_out"]
