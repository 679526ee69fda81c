# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container says is masked by the values that the cluster itself holds, read once and only when it is needed."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction import live_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.live_secrets import LiveSecrets
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
        mask = LiveSecrets(cluster, "n", {"maestro-user"}, lambda text: text.replace("known", "***"))
        assert server.asked == []
        assert mask("the canary-7c1f is known") == "the (secret s/KEY) is ***"
        assert mask("maestro-user " + base64_of("canary-7c1f")) == "maestro-user (secret s/KEY)"
        assert [asked.path for asked in server.asked] == ["/api/v1/namespaces/n/secrets"]


def test_what_may_not_be_read_leaves_the_other_mask_and_says_so() -> None:
    with talk(Reply(403, {"kind": "Status"})) as (_server, cluster):
        mask = LiveSecrets(cluster, "n", (), lambda text: text.replace("known", "***"))
        assert mask.warning == ()
        assert mask("the canary-7c1f is known") == "the canary-7c1f is ***"
        assert [(finding.id, finding.severity) for finding in mask.warning] == [("permission-missing", "note")]


@pytest.mark.parametrize(
    "reply",
    [Reply(500, {"message": "etcd"}), Reply(429, {"message": "slow"}), Reply(drop=True), Reply(body="no JSON")],
    ids=["error", "busy", "reset", "no-list"],
)
def test_nothing_is_shown_while_the_secrets_cannot_be_read(reply: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    with talk(reply, Reply(body=SECRETS)) as (server, cluster):
        mask = LiveSecrets(cluster, "n", (), str)
        assert (mask("the canary-7c1f"), mask("canary-7c1f")) == (live_secrets.NOT_SHOWN, live_secrets.NOT_SHOWN)
        assert len(server.asked) == 1, "the next try is a while away"
        monkeypatch.setattr(mask, "_next_try", 0.0)
        assert mask("the canary-7c1f") == "the (secret s/KEY)"
        assert mask.warning == ()


def test_a_finding_loses_them_too_and_keeps_how_it_begins_while_they_are_not_known() -> None:
    finding = Finding(
        "readiness-timeout", "error", "Pod n/a", "it is not ready: got canary-7c1f", ("said canary-7c1f",)
    )
    with talk(Reply(body=SECRETS)) as (_server, cluster):
        displayed = LiveSecrets(cluster, "n", (), str).finding(finding)
        assert (displayed.message, displayed.evidence) == (
            "it is not ready: got (secret s/KEY)",
            ("said (secret s/KEY)",),
        )
    with talk(Reply(500, {})) as (_server, cluster):
        displayed = LiveSecrets(cluster, "n", (), str).finding(finding)
        assert (displayed.message, displayed.evidence) == (
            f"it is not ready: {live_secrets.NOT_SHOWN}",
            (live_secrets.NOT_SHOWN,),
        )


def test_records_of_releases_are_not_fetched() -> None:
    with talk(Reply(body=SECRETS)) as (server, cluster):
        LiveSecrets(cluster, "n", (), str)("text")
        assert server.asked[0].query == {
            "fieldSelector": "type!=helm.sh/release.v1,type!=maestro.intelgraph.ai/release.v1"
        }
