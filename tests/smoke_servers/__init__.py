# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of known behaviour, which keep a ledger of what they did."""
