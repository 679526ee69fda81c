# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others can write is not believed: each test takes the part of an attacker, and says what that one may do."""
