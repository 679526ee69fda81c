# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What a cluster needs or may have besides Kubernetes itself, one file for each; see addon.py for their shape."""
