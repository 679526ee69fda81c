# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates what only one run can have: a number in the history, the lock. An answer that is lost does no harm."""

from __future__ import annotations

import random
import time
import typing as t

from ..._cluster.api_resources import Manifest
from ..._cluster.client import ApiError, Cluster, Unreachable
from ..._cluster.errors import ClusterError, Untrusted
from ..objects.ownership import MANAGER


def claim(cluster: Cluster, collection: str, body: Manifest, is_mine: t.Callable[[Manifest], bool]) -> Manifest:
    """Create the object and return it as it is.

    When it is not known what became of the request, `is_mine` tells whether the object that is there came of it. A
    server that stays away or broken is asked until the cluster's time for retries is over. Raises ApiError with the
    reason AlreadyExists when the object is another run's.
    """
    deadline = time.monotonic() + cluster.limits.retry
    while True:
        try:
            return cluster.create(collection, body, fieldManager=MANAGER)
        except (ApiError, Unreachable) as error:
            if not _may_be_made(error):
                raise
            found = _find(cluster, f"{collection}/{body['metadata']['name']}")
            if found is not None and is_mine(found):
                return found
            if is_taken(error) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.1, 0.5))  # only a pause  # nosec B311


def is_taken(error: ClusterError) -> bool:
    """Whether an object of that name is there already."""
    return isinstance(error, ApiError) and error.reason == "AlreadyExists"


def _may_be_made(error: ClusterError) -> bool:
    if isinstance(error, ApiError):
        return is_taken(error) or error.status >= 500
    return not isinstance(error, Untrusted)


def _find(cluster: Cluster, path: str) -> Manifest | None:
    try:
        return cluster.get(path)
    except ApiError as error:
        if error.not_found:
            return None
        raise
