# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
from __future__ import annotations

import sys

from .cli import main

sys.exit(main())
