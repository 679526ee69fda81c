# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence that has to be fetched: the end of a log, the answer of a probe's endpoint, and why there is none."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._health import log_fetcher
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import (
    LOG,
    PREVIOUS_LOG,
    PROBE,
    LogRequest,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.log_fetcher import Evidence, http_probe
from tests.unit.plugins.module_utils._cluster.api_server import Reply
from tests.unit.plugins.module_utils._cluster.connecting import talk
from tests.unit.plugins.samples import Manifest, manifest

READY = {"httpGet": {"path": "/readyz", "port": "http"}}
STARTED = {"httpGet": {"path": "/started", "port": 9090, "scheme": "HTTPS"}}
NO_LOG = {"kind": "Status", "message": "previous terminated container not found"}
FORBIDDEN = {"kind": "Status", "message": "pods/log is forbidden"}


def log_request(what: str) -> LogRequest:
    return LogRequest(what, "n", "maestro-1", "maestro")


def pod(started: bool = True, **probes: Manifest) -> Manifest:
    container = {"name": "maestro", "ports": [{"name": "http", "containerPort": 8080}], **probes}
    status = {"containerStatuses": [{"name": "maestro", "started": started}]}
    return manifest("v1", "Pod", "maestro-1", "n", spec={"containers": [container]}, status=status)


class Talked(t.NamedTuple):
    """What came back, and the requests that brought it: path and query."""

    lines: tuple[str, ...]
    requests: list[tuple[str, dict[str, str]]]


def ask(what: str, *replies: Reply, of: Manifest | None = None) -> Talked:
    with talk(*replies) as (server, cluster), Evidence(cluster, lambda text: text, lambda: None) as asking:
        asking.ask_again([log_request(what)], [of or pod(readinessProbe=READY)], 5)
        return Talked(asking.answers[log_request(what)], [(asked.path, asked.query) for asked in server.asked])


def test_the_end_of_a_log() -> None:
    log = "".join(f"line {number}\n" for number in range(20)).encode()
    talked = ask(LOG, Reply(body=log))
    assert talked.lines == tuple(f"line {number}" for number in range(10, 20))
    query = {"container": "maestro", "tailLines": "10"}
    assert talked.requests == [("/api/v1/namespaces/n/pods/maestro-1/log", query)]


def test_the_log_of_the_container_before() -> None:
    assert ask(PREVIOUS_LOG, Reply(body=b"panic: no database")).requests[0][1]["previous"] == "true"


@pytest.mark.parametrize(
    "swept",
    [
        b"unable to retrieve container logs for containerd://0123",
        b'failed to try resolving symlinks in path "/var/log/pods/a/maestro/0.log": lstat: no such file or directory',
    ],
)
def test_a_container_that_was_just_removed_has_its_log_in_the_newest_one(swept: bytes) -> None:
    talked = ask(PREVIOUS_LOG, Reply(body=swept), Reply(body=b"panic: no database"))
    assert talked.lines == ("panic: no database",)
    assert "previous" not in talked.requests[1][1]


@pytest.mark.parametrize("line", [b'{"level":"fatal","retry":3}', b"17", b'["a"]'])
def test_a_log_line_that_looks_like_json_is_a_line(line: bytes) -> None:
    assert ask(LOG, Reply(body=line)).lines[0].replace(" ", "") == line.decode()


def test_an_empty_log_has_no_lines() -> None:
    assert ask(LOG, Reply(body=b"")).lines == ()


@pytest.mark.parametrize(("status", "body"), [(400, NO_LOG), (403, FORBIDDEN)])
def test_why_there_is_no_log(status: int, body: Manifest) -> None:
    lines = ask(PREVIOUS_LOG, Reply(status, body)).lines
    assert lines == (f"The former log of container maestro in pod maestro-1 could not be read: {body['message']}",)


def test_an_api_that_does_not_answer_is_told_too() -> None:
    assert "could not be asked for: The API server" in ask(LOG, Reply(drop=True)).lines[0]


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (Reply(503, b"redis: connection\nrefused"), "GET /readyz on port 8080: 503 redis: connection refused"),
        (Reply(503, {"ready": False}), 'GET /readyz on port 8080: 503 {"ready": false}'),
        (Reply(200, b""), "GET /readyz on port 8080: 200"),
        (
            Reply(403, {"kind": "Status", "message": "pods/proxy is forbidden"}),
            "GET /readyz on port 8080 could not be asked for: pods/proxy is forbidden",
        ),
        (Reply(drop=True), "GET /readyz on port 8080: no answer within 1 s by way of the API server"),
    ],
)
def test_what_the_endpoint_of_a_probe_answers(reply: Reply, line: str) -> None:
    talked = ask(PROBE, reply)
    assert talked.lines == (line,)
    assert talked.requests == [("/api/v1/namespaces/n/pods/maestro-1:8080/proxy/readyz", {})]


def test_a_probe_over_tls_on_a_port_by_number() -> None:
    of = pod(started=False, readinessProbe=READY, startupProbe=STARTED)
    assert ask(PROBE, Reply(503, b"no"), of=of).requests[0][0].endswith("/pods/https:maestro-1:9090/proxy/started")


@pytest.mark.parametrize(
    ("item", "port", "path"),
    [
        (pod(readinessProbe=READY), 8080, "/readyz"),
        (pod(started=False, readinessProbe=READY, startupProbe=STARTED), 9090, "/started"),
        (pod(started=True, readinessProbe=READY, startupProbe=STARTED), 8080, "/readyz"),
        (pod(started=False, readinessProbe=READY), 8080, "/readyz"),
        (pod(readinessProbe={"exec": {"command": ["true"]}}), 0, None),
        (pod(readinessProbe={"httpGet": {"path": "/", "port": "unknown"}}), 0, None),
        (pod(), 0, None),
        ({}, 0, None),
    ],
)
def test_the_probe_that_keeps_a_container_from_being_ready(item: Manifest, port: int, path: str | None) -> None:
    number, request = http_probe(item, "maestro")
    assert (number, request.get("path")) == (port, path)


def test_a_probe_that_is_no_http_has_no_answer() -> None:
    assert ask(PROBE, of=pod()) == ((), [])


def test_secrets_are_taken_out_and_long_lines_cut() -> None:
    with talk(Reply(body=b"key=canary-7c1f " + b"x" * 999)) as (_server, cluster):
        reported: list[int] = []
        with Evidence(cluster, lambda text: text.replace("canary-7c1f", "***"), lambda: reported.append(1)) as asking:
            asking.ask([log_request(LOG)], [])
            asking.ask_again([log_request(LOG)], [], 5)
            line = asking.answers[log_request(LOG)][0]
        assert line.startswith("key=*** xxx")
        assert len(line) == log_fetcher.WIDTH
        assert reported == [1]


def test_each_question_is_asked_once_and_again_only_when_its_answer_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    with talk(Reply(body=b"a")) as (server, cluster), Evidence(cluster, str, lambda: None) as asking:
        for _time in range(3):
            asking.ask([log_request(LOG)], [])
        asking.ask_again([log_request(LOG)], [], 5)
        assert len(server.asked) == 1
        monkeypatch.setattr(log_fetcher, "OLD", 0.0)
        asking.ask_again([log_request(LOG)], [], 5)
        assert len(server.asked) == 2


def test_there_is_an_end_to_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_fetcher, "AT_MOST", 2)
    log_requests = [LogRequest(LOG, "n", f"maestro-{number}", "maestro") for number in range(5)]
    with talk(Reply(body=b"a")) as (server, cluster), Evidence(cluster, str, lambda: None) as asking:
        asking.ask_again(log_requests, [], 5)
        assert len(server.asked) == len(asking.answers) == 2


def test_a_slow_answer_is_not_waited_for_longer_than_allowed() -> None:
    with talk(Reply(body=b"a", delay=5.0)) as (_server, cluster), Evidence(cluster, str, lambda: None) as asking:
        start = time.monotonic()
        asking.ask_again([log_request(LOG)], [], 0.1)
        assert time.monotonic() - start < 4
        assert asking.answers == {}


def test_a_mistake_of_the_api_is_no_end_of_the_wait() -> None:
    class Broken:
        def once(self, *dummy: object, **query: object) -> None:
            raise ApiError(500, "InternalError", "oh")

    with Evidence(t.cast(t.Any, Broken()), str, lambda: None) as asking:
        asking.ask_again([log_request(LOG)], [], 5)
        assert "oh" in asking.answers[log_request(LOG)][0]
