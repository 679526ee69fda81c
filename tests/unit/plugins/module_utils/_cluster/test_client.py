# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a real server: what it sends, what it retries, and what it says when it fails."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import body
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import client as module
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import (
    ApiError,
    Unreachable,
    WrongCluster,
)
from tests.unit.plugins.module_utils._cluster.api_server import Json, Reply
from tests.unit.plugins.module_utils._cluster.connecting import connect, talk
from tests.unit.plugins.samples import NAMESPACE, config_map, manifest, namespace
from tests.unit.rendering import only

CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
KUBE_SYSTEM: Json = {"metadata": {"uid": "1-2-3"}}
GATEWAYS: Json = {
    "resources": [
        {"name": "widgets", "kind": "Widget", "namespaced": True},
        {"name": "widgets/status", "kind": "Widget", "namespaced": True},
        {"name": "classes", "kind": "Class", "namespaced": False},
    ]
}


def status(code: int, reason: str, message: str = "the server's words") -> Reply:
    """A Kubernetes Status object as an answer."""
    return Reply(code, {"kind": "Status", "reason": reason, "message": message})


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class TestRequests:
    def test_one_object_is_asked_for_by_its_path(self) -> None:
        with talk(Reply(body=KUBE_SYSTEM)) as api:
            assert api.cluster.find("v1", "ConfigMap", NAMESPACE, "c") == KUBE_SYSTEM
            assert api.cluster.find("v1", "Namespace", "ignored", "n") == KUBE_SYSTEM
        assert api.server.paths == [f"{CONFIG_MAPS}/c", "/api/v1/namespaces/n"]

    def test_server_side_apply(self) -> None:
        with talk() as api:
            api.cluster.apply(config_map("c"), "me", force=True, dry_run=True)
            api.cluster.apply(namespace("n"), "me")
        first, second = api.server.asked
        assert (first.method, first.path, first.body) == ("PATCH", f"{CONFIG_MAPS}/c", config_map("c"))
        assert first.headers["content-type"] == "application/apply-patch+yaml"
        assert first.query == {"fieldManager": "me", "force": "true", "fieldValidation": "Strict", "dryRun": "All"}
        assert second.path == "/api/v1/namespaces/n"
        assert second.query["force"] == "false"
        assert "dryRun" not in second.query

    def test_a_list_of_a_namespace_or_of_all(self) -> None:
        with talk() as api:
            api.cluster.list_objects("v1", "ConfigMap", NAMESPACE, labelSelector="a=b,c")
            api.cluster.list_objects("apps/v1", "Deployment")
        assert api.server.paths == [CONFIG_MAPS, "/apis/apps/v1/deployments"]
        assert api.server.asked[0].query == {"labelSelector": "a=b,c"}

    def test_what_does_not_exist_is_none(self) -> None:
        with talk(status(404, "NotFound")) as api:
            assert api.cluster.find("v1", "ConfigMap", NAMESPACE, "c") is None
            assert api.cluster.delete(f"{CONFIG_MAPS}/c") is None
            with pytest.raises(ApiError):
                api.cluster.get(f"{CONFIG_MAPS}/c")

    def test_other_errors_are_not_taken_for_absence(self) -> None:
        with talk(status(403, "Forbidden")) as api:
            with pytest.raises(ApiError):
                api.cluster.find("v1", "ConfigMap", NAMESPACE, "c")
            with pytest.raises(ApiError):
                api.cluster.delete(f"{CONFIG_MAPS}/c")

    def test_a_merge_patch_and_a_creation(self) -> None:
        with talk() as api:
            api.cluster.merge(f"{CONFIG_MAPS}/c", {"a": 1}, fieldManager="me")
            api.cluster.create(CONFIG_MAPS, {"b": 2}, fieldManager="me")
        merge, create = api.server.asked
        assert (merge.method, merge.body, merge.query) == ("PATCH", {"a": 1}, {"fieldManager": "me"})
        assert merge.headers["content-type"] == "application/merge-patch+json"
        assert (create.method, create.body, create.path) == ("POST", {"b": 2}, CONFIG_MAPS)

    def test_parallel_results_keep_the_order_of_their_items(self) -> None:
        with talk() as api:

            def slow_first(number: int) -> int:
                time.sleep(0.02 if number == 0 else 0)
                api.cluster.get(f"/{number}")
                return number

            assert api.cluster.parallel(slow_first, range(20)) == list(range(20))
            assert api.cluster.parallel(slow_first, []) == []
        assert api.cluster.requests == 20
        assert api.server.connections <= module.WORKERS

    def test_an_error_of_one_item_is_raised(self) -> None:
        with talk(status(403, "Forbidden")) as api, pytest.raises(ApiError):
            api.cluster.parallel(api.cluster.get, ["/a", "/b"])


class TestKinds:
    def test_a_kind_outside_the_table_costs_one_request_for_its_group_version(self) -> None:
        with talk(Reply(body=GATEWAYS)) as api:
            widget = manifest("example.org/v1", "Widget", "w")
            assert api.cluster.path_of(widget) == f"/apis/example.org/v1/namespaces/{NAMESPACE}/widgets/w"
            assert api.cluster.path("example.org/v1", "Class", "n", "c") == "/apis/example.org/v1/classes/c"
            with pytest.raises(ApiError, match=r"does not serve kind Gadget in example\.org/v1"):
                api.cluster.kind("example.org/v1", "Gadget")
        assert api.server.paths == ["/apis/example.org/v1"]

    def test_many_threads_cost_one_request_as_well(self) -> None:
        with talk(Reply(body=GATEWAYS, delay=0.05)) as api:
            api.cluster.parallel(lambda name: api.cluster.kind("example.org/v1", name), ["Widget", "Class"] * 4)
        assert api.server.paths == ["/apis/example.org/v1"]

    def test_a_group_version_that_is_not_served(self) -> None:
        with talk(status(404, "NotFound")) as api:
            assert api.cluster.find("example.org/v1", "Widget", NAMESPACE, "w") is None
            assert api.cluster.find("example.org/v1", "Widget", NAMESPACE, "w") is None
            with pytest.raises(ApiError, match=r"does not serve kind Widget in example\.org/v1") as caught:
                api.cluster.apply(manifest("example.org/v1", "Widget", "w"), "me")
        assert caught.value.not_found
        assert api.server.paths == ["/apis/example.org/v1"]

    def test_a_discovery_that_fails_is_tried_again(self) -> None:
        with talk(status(403, "Forbidden"), Reply(body=GATEWAYS)) as api:
            with pytest.raises(ApiError):
                api.cluster.kind("example.org/v1", "Widget")
            assert api.cluster.kind("example.org/v1", "Widget").plural == "widgets"


@pytest.mark.parametrize(
    "text", ["ready \U0001f680", "\\\U0001f680\\", "\\ud83d\\ude80", "\u2028\x85\x7f\ufeff", "\U0001f680" * 2]
)
def test_what_is_applied_is_the_same_read_as_json_and_as_yaml(text: str) -> None:
    sent = body.encoded({"data": {"motd": text}}, body.APPLY_TYPE)
    assert json.loads(sent)["data"]["motd"] == yaml.safe_load(sent)["data"]["motd"] == text


@pytest.mark.usefixtures("delays")
class TestRetries:
    def test_what_the_server_says_of_the_object_is_not_retried(self) -> None:
        words = "failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .env: duplicate entries for key"
        with talk(status(500, "InternalError", words)) as api, pytest.raises(ApiError, match="duplicate entries"):
            api.cluster.apply(config_map("c"), "me")
        assert len(api.server.asked) == 1

    @pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
    def test_a_passing_failure_is_retried(self, code: int, delays: list[float]) -> None:
        with talk(status(code, "Busy"), status(code, "Busy"), Reply(body=KUBE_SYSTEM)) as api:
            assert api.cluster.uid == "1-2-3"
        assert len(api.server.asked) == 3
        assert 0 < delays[0] <= 0.2

    def test_the_server_says_how_long_to_wait(self, delays: list[float]) -> None:
        busy = status(429, "TooManyRequests")._replace(headers={"Retry-After": "1"})
        with talk(busy, Reply(body=KUBE_SYSTEM)) as api:
            assert api.cluster.uid == "1-2-3"
        assert delays == [1.0]

    @pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422])
    def test_what_will_not_pass_is_not_retried(self, code: int) -> None:
        with talk(status(code, "No")) as api, pytest.raises(ApiError):
            api.cluster.get("/x")
        assert len(api.server.asked) == 1

    def test_a_reset_connection_is_retried(self) -> None:
        with talk(Reply(body={}), Reply(drop=True), Reply(drop=True), Reply(body=KUBE_SYSTEM)) as api:
            api.cluster.get("/x")
            assert api.cluster.uid == "1-2-3"
        assert len(api.server.asked) == 4

    def test_an_apply_is_retried_after_a_lost_answer(self) -> None:
        with talk(Reply(body={}), Reply(drop=True), Reply(body={"a": 1})) as api:
            api.cluster.get("/x")
            assert api.cluster.apply(config_map(), "me") == {"a": 1}

    @pytest.mark.parametrize("reply", [Reply(drop=True), status(503, "Busy"), Reply(delay=1.0)])
    def test_a_creation_is_not_retried_after_a_lost_answer(self, reply: Reply) -> None:
        with talk(Reply(body={}), reply, Reply(body={})) as api:
            api.cluster.get("/x")
            api.cluster.limits = api.cluster.limits._replace(read=0.1)
            with pytest.raises((Unreachable, ApiError)):
                api.cluster.create(CONFIG_MAPS, {})
        assert [asked.method for asked in api.server.asked] == ["GET", "POST"]

    def test_a_creation_that_was_turned_away_is_retried(self) -> None:
        with talk(status(429, "TooManyRequests"), Reply(body={"a": 1})) as api:
            assert api.cluster.create(CONFIG_MAPS, {}) == {"a": 1}

    def test_an_answer_in_time_is_waited_for_once(self) -> None:
        with talk(Reply(delay=6.0), Reply(body=KUBE_SYSTEM), request_timeout=2.0) as api:
            assert api.cluster.uid == "1-2-3"

    def test_a_pause_longer_than_the_time_allowed_is_not_begun(self) -> None:
        busy = status(503, "Busy")._replace(headers={"Retry-After": "30"})
        with talk(busy) as api, pytest.raises(ApiError):
            api.cluster.get("/x")
        assert len(api.server.asked) == 1

    def test_a_cluster_that_never_answered_is_tried_twice(self, delays: list[float]) -> None:
        with connect(f"http://127.0.0.1:{closed_port()}") as cluster, pytest.raises(Unreachable):
            cluster.get("/x")
        assert len(delays) == 1


def test_retries_end_with_the_time_allowed() -> None:
    start = time.monotonic()
    with talk(status(503, "Busy"), retry_timeout=2.0) as api, pytest.raises(ApiError, match="the server's words"):
        api.cluster.get("/x")
    assert len(api.server.asked) > 1
    assert time.monotonic() - start < 15.0


@pytest.mark.usefixtures("delays")
class TestMessages:
    @pytest.mark.parametrize(
        ("code", "words"),
        [
            (401, "The API server does not accept the credentials"),
            (403, "The account may not do this"),
            (404, "Not found"),
            (409, "Conflict"),
            (422, "The API server refuses the object as invalid"),
            (418, "The API server answered 418 Reason"),
        ],
    )
    def test_an_error_has_the_request_and_the_servers_words(self, code: int, words: str) -> None:
        with talk(status(code, "Reason")) as api, pytest.raises(ApiError) as caught:
            api.cluster.get("/api/v1/x")
        assert str(caught.value).startswith(words)
        assert str(caught.value).endswith("(GET /api/v1/x): the server's words")

    @pytest.mark.parametrize(("body", "words"), [(b"<html>bad gateway</html>", "bad gateway"), (b"", "no message")])
    def test_what_a_proxy_says_is_told(self, body: bytes, words: str) -> None:
        with talk(Reply(502, body), retry_timeout=0.0) as api, pytest.raises(ApiError, match=words):
            api.cluster.get("/x")

    @pytest.mark.parametrize("page", [b"<html>log in</html>", b'["a"]'])
    def test_a_page_in_place_of_an_object(self, page: bytes) -> None:
        with talk(Reply(200, page)) as api, pytest.raises(Unreachable, match="does not answer as an API server does"):
            api.cluster.get("/x")

    def test_a_refused_connection(self) -> None:
        host = f"http://127.0.0.1:{closed_port()}"
        with connect(host) as cluster, pytest.raises(Unreachable) as caught:
            cluster.get("/x")
        assert f"The API server {host} cannot be reached: the connection was refused" in str(caught.value)

    def test_a_name_that_does_not_resolve(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_such_name(*question: t.Any, **more: t.Any) -> t.Any:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
        with (
            connect("http://nowhere.invalid") as cluster,
            pytest.raises(Unreachable, match="its name does not resolve"),
        ):
            cluster.get("/x")

    def test_a_connection_that_does_not_come_about(self) -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            with (
                socket.create_connection(full.getsockname()),
                connect(
                    f"http://127.0.0.1:{full.getsockname()[1]}", connect_timeout=0.1, request_timeout=0.1
                ) as cluster,
                pytest.raises(Unreachable, match="within the time allowed"),
            ):
                cluster.get("/x")

    def test_no_answer_in_time(self) -> None:
        with (
            talk(Reply(delay=0.5), request_timeout=0.1) as api,
            pytest.raises(Unreachable, match="no answer within the time allowed"),
        ):
            api.cluster.get("/x")

    def test_a_closed_connection(self) -> None:
        with talk(Reply(drop=True)) as api, pytest.raises(Unreachable, match="the connection was closed"):
            api.cluster.get("/x")

    def test_warnings_of_the_server_are_collected_once(self) -> None:
        warned = Reply(body={}, headers={"Warning": '299 - "unknown field \\"spec.x\\""'})
        with talk(warned) as api:
            api.cluster.get("/x")
            api.cluster.get("/y")
        assert only(api.cluster.warnings) == 'API server: unknown field "spec.x"'


class TestStreams:
    def test_lines_come_as_they_are_sent(self) -> None:
        with talk(Reply(body=[{"n": 1}, {"n": 2}], hold=True)) as api:
            with api.cluster.stream("/x", {"watch": "1"}, 5.0) as lines:
                assert [next(lines), next(lines)] == [b'{"n": 1}', b'{"n": 2}']
            assert api.server.asked[0].query == {"watch": "1"}

    def test_a_connection_whose_stream_was_left_is_not_used_again(self) -> None:
        with talk(Reply(body=[{"n": 1}], hold=True), Reply(body={"a": 1})) as api:
            with api.cluster.stream("/x", {}, 5.0) as lines:
                next(lines)
            assert api.cluster.create("/y", {}) == {"a": 1}

    def test_a_stream_that_is_refused(self) -> None:
        refused = status(410, "Expired")
        with talk(refused) as api, pytest.raises(ApiError, match="410 Expired"), api.cluster.stream("/x", {}, 5.0):
            raise AssertionError

    def test_a_stream_that_another_thread_reads_ends_with_the_connection(self) -> None:
        with talk(Reply(body=[{"n": 1}], hold=True)) as api:
            begun = threading.Event()

            def read() -> None:
                with contextlib.suppress(Unreachable), api.cluster.stream("/x", {}, 30.0) as lines:
                    for _line in lines:
                        begun.set()

            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            assert begun.wait(5)
            api.cluster.__exit__()
            reader.join(5)
            assert not reader.is_alive()

    def test_a_stream_that_falls_silent(self) -> None:
        with (
            talk(Reply(body=[{"n": 1}], hold=True)) as api,
            pytest.raises(Unreachable, match="broke off"),
            api.cluster.stream("/x", {}, 0.1) as lines,
        ):
            list(lines)


class TestOneTry:
    def test_any_status_is_an_answer(self) -> None:
        with talk(Reply(503, b"not ready: redis")) as (server, cluster):
            answer = cluster.once("/proxy/readyz", 1.0, tailLines=5)
        assert (answer.status, answer.body) == (503, {"message": "not ready: redis", "retryAfter": None})
        assert [(asked.path, asked.query) for asked in server.asked] == [("/proxy/readyz", {"tailLines": "5"})]

    def test_no_answer_in_the_seconds_allowed(self) -> None:
        with talk(Reply(delay=1.0)) as (server, cluster), pytest.raises(Unreachable, match="within the time allowed"):
            cluster.once("/slow", 0.1)
        assert len(server.asked) == 1


class TestIdentity:
    def test_a_token(self) -> None:
        with talk(api_key="abc") as api:
            api.cluster.get("/x")
        assert only(api.server.asked).headers["authorization"] == "Bearer abc"

    def test_user_and_password(self) -> None:
        with talk(api_key=None, username="u", password="p") as api:
            api.cluster.get("/x")
        assert only(api.server.asked).headers["authorization"] == "Basic dTpw"

    def test_impersonation(self) -> None:
        with talk(impersonate_user="u", impersonate_groups=["a"]) as api:
            api.cluster.get("/x")
        headers = only(api.server.asked).headers
        assert (headers["impersonate-user"], headers["impersonate-group"]) == ("u", "a")

    def test_the_right_cluster(self) -> None:
        with talk(Reply(body=KUBE_SYSTEM), cluster_uid="1-2-3") as api:
            assert api.server.paths == ["/api/v1/namespaces/kube-system"]

    def test_another_cluster_is_refused(self) -> None:
        with (
            pytest.raises(WrongCluster, match=r"is 1-2-3, cluster_uid says 4-5-6"),
            talk(Reply(body=KUBE_SYSTEM), cluster_uid="4-5-6"),
        ):
            raise AssertionError
