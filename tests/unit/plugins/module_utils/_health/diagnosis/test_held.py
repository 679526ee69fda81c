# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container says is masked by the values that the cluster itself holds, read once and only when it is needed."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.diagnosis.held import Held
from tests.unit.plugins.module_utils._cluster.api_server import Reply
from tests.unit.plugins.module_utils._cluster.connecting import talk
from tests.unit.plugins.samples import base64_of

SECRETS = {
    "items": [
        {"metadata": {"name": "s"}, "data": {"KEY": base64_of("canary-7c1f"), "USER": base64_of("maestro-user")}},
        {"metadata": {"name": "t"}, "type": "Opaque"},
    ]
}


def test_values_of_the_cluster_are_taken_out_of_every_line_by_one_request() -> None:
    with talk(Reply(body=SECRETS)) as (server, cluster):
        mask = Held(cluster, "n", {"maestro-user"}, lambda text: text.replace("known", "***"))
        assert server.asked == []
        assert mask("the canary-7c1f is known") == "the (secret s/KEY) is ***"
        assert mask("maestro-user " + base64_of("canary-7c1f")) == "maestro-user (secret s/KEY)"
        assert [asked.path for asked in server.asked] == ["/api/v1/namespaces/n/secrets"]


@pytest.mark.parametrize("reply", [Reply(403, {"kind": "Status"}), Reply(drop=True), Reply(body="no JSON")])
def test_what_may_not_be_read_leaves_the_other_mask(reply: Reply) -> None:
    with talk(reply) as (_server, cluster):
        mask = Held(cluster, "n", (), lambda text: text.replace("known", "***"))
        assert mask("the canary-7c1f is known") == "the canary-7c1f is ***"
