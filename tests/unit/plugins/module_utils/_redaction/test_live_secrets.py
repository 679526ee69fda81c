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


def test_given_values_are_known_before_anything_is_read_and_keep_their_label() -> None:
    with talk(Reply(body=SECRETS)) as (_server, cluster):
        mask = LiveSecrets(cluster, "n", (), str, {"given/KEY": "canary-7c1f", "given/OTHER": "canary-0000"})
        assert mask("canary-7c1f canary-0000") == "(secret given/KEY) (secret given/OTHER)"


def test_a_value_that_comes_later_is_taken_out_and_one_that_goes_stays_known(monkeypatch: pytest.MonkeyPatch) -> None:
    later = {"items": [{"metadata": {"name": "s"}, "data": {"KEY": base64_of("canary-later")}}]}
    with talk(Reply(body=SECRETS), Reply(body=later)) as (server, cluster):
        mask = LiveSecrets(cluster, "n", (), str)
        assert mask("canary-later") == "canary-later"
        monkeypatch.setattr(mask, "_next_try", 0.0)
        assert mask("canary-later canary-7c1f") == "(secret s/KEY #1) (secret s/KEY)"
        assert mask("canary-later") == "(secret s/KEY #1)", "what was shown before is looked at again"
        assert len(server.asked) == 2


def test_much_text_is_masked_by_what_the_cluster_holds_at_that_moment() -> None:
    later = {"items": [{"metadata": {"name": "s"}, "data": {"KEY": base64_of("canary-later")}}]}
    with talk(Reply(body=SECRETS), Reply(body=later)) as (_server, cluster):
        mask = LiveSecrets(cluster, "n", (), str)
        mask("first")
        assert "canary-later" not in mask.current().known("it is canary-later")


def test_where_secrets_may_not_be_listed_those_that_the_pods_read_are_read_one_by_one() -> None:
    pod = {
        "containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "s"}}]}],
        "imagePullSecrets": [{"name": "p"}],
    }
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "maestro"},
        "spec": {"template": {"spec": pod}},
    }
    forbidden, missing = Reply(403, {"kind": "Status"}), Reply(404, {"kind": "Status"})
    with talk(forbidden, missing, Reply(body=SECRETS["items"][0])) as (server, cluster):
        mask = LiveSecrets(cluster, "n", (), str)
        mask.expect([workload])
        cluster.parallel = lambda function, items: [function(item) for item in items]  # type: ignore[method-assign]
        assert mask("canary-7c1f") == "(secret s/KEY)"
        assert mask.warning == ()
        assert [asked.path.rpartition("/secrets")[2] for asked in server.asked] == ["", "/p", "/s"]


def test_a_secret_that_holds_a_word_of_ours_hides_no_verdict() -> None:
    held = {
        "items": [{"metadata": {"name": "s"}, "data": {"A": base64_of("passed"), "B": base64_of("image-not-found")}}]
    }
    result = {"verdict": "passed", "findings": [{"id": "image-not-found", "message": "image-not-found"}]}
    with talk(Reply(body=held)) as (_server, cluster):
        displayed = LiveSecrets(cluster, "n", (), str).without_known(result)
    assert displayed == {"verdict": "passed", "findings": [{"id": "image-not-found", "message": "(secret s/B)"}]}


def test_names_of_the_release_are_no_secrets() -> None:
    with talk(Reply(body=SECRETS)) as (_server, cluster):
        mask = LiveSecrets(cluster, "n", (), str)
        assert mask("maestro-user") == "(secret s/USER)"
        mask.expect([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "maestro-user"}}])
        assert mask("maestro-user") == "maestro-user"
