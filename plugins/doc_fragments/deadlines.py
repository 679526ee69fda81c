# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say for how long a release is waited for."""

from __future__ import annotations


class ModuleDocFragment:
    """Deadlines and settling time."""

    DOCUMENTATION = r"""
options:
  wait_timeout:
    description: Seconds to wait at most.
    type: int
    default: 600
  settle_seconds:
    description:
      - Seconds for which a container without a probe of its own must have run, and one that has ended once must run
        again, before the release passes.
    type: int
    default: 5
  readiness_deadline:
    description:
      - Seconds after the end of its startup by which a container must be ready. V(0) means that the workloads' own
        deadlines count, such as C(progressDeadlineSeconds).
      - A workload states its own with the annotation C(maestro.intelgraph.ai/readiness-deadline).
    type: int
    default: 0
  image_grace:
    description:
      - Seconds for which a registry may say that it does not have an image, for a registry that is replicated.
      - By default such an answer fails the release at once.
    type: int
    default: 0
  progress:
    description:
      - Print a line for each change while it waits.
      - Nothing is printed in check mode, and with another connection than a local one.
    type: bool
    default: true
"""
