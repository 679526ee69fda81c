# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops a release at every write and shows that a plain re-run makes of it what an undisturbed run makes."""
