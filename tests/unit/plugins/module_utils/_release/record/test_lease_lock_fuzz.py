# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever somebody writes into the Lease, a run takes it or refuses, and in time."""

from __future__ import annotations

import time
import typing as t

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import (
    InProgress,
    Lock,
    Terms,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.record.test_lease_lock import LEASE, held
from tests.unit.plugins.samples import NAMESPACE

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just([]) | st.just({})


@given(
    spec=st.dictionaries(
        st.sampled_from(["leaseDurationSeconds", "leaseTransitions", "renewTime", "acquireTime", "holderIdentity"]),
        ANYTHING,
    ),
    lost=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_any_lease_is_taken_or_refused_in_time(spec: dict[str, t.Any], lost: bool) -> None:
    cluster = ApiDouble(NAMESPACE)
    held(cluster, "theirs")
    live = cluster.live(LEASE)
    assert live
    live["spec"] = spec
    if lost:
        del live["spec"]
    mine = Lock(cluster, NAMESPACE, "maestro", "me", "deploy", Terms(0.02, 60, 0.001), timeout=0.02)
    begun = time.monotonic()
    try:
        mine.acquire()
    except InProgress:
        pass
    else:
        mine.release()
    assert time.monotonic() - begun < 5
