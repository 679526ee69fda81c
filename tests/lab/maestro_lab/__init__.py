# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""A real Kubernetes cluster on one bare Linux machine, for the collection's tests."""
