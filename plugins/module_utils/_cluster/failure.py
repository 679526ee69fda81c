# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of every module: an error becomes one clear failure, never a traceback."""

from __future__ import annotations

import contextlib
import typing as t

from .errors import ClusterError

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


@contextlib.contextmanager
def failures_of(module: AnsibleModule, **result: t.Any) -> t.Iterator[None]:
    """End the module with `msg`, the finding's `id` and the keys of `result` when the cluster cannot be used."""
    try:
        yield
    except ClusterError as error:
        module.fail_json(msg=f"{error} {error.next_step}", error_id=error.id, **result)
