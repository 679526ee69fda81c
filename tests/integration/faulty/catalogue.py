# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults: how a release is broken, what must be found, and from when on the API shows it. Data."""

from __future__ import annotations

from tests.integration.faulty.fault import Fault
from tests.integration.faulty.serving import SERVING
from tests.integration.faulty.starting import STARTING

FAULTS: dict[str, Fault] = {**SERVING, **STARTING}
"""Those that take time come first, so that the others run beside them."""
