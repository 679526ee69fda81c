# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches the evidence that no object holds: the last lines of a container's log, what its probe is answered."""

from __future__ import annotations

import json
import threading
import time
import typing as t
from concurrent.futures import Future, ThreadPoolExecutor, wait

from .._cluster.client import Answer, Cluster, ClusterError
from .._text.printable import lines_of
from .facts import PREVIOUS_LOG, PROBE, Live, LogRequest

LOG_LINES = 10
LOG_SECONDS = 1.5
PROBE_SECONDS = 1.0
AT_ONCE = 4
"""Questions that are asked at the same time."""
AT_MOST = 24
"""Questions that are asked in one wait; what else is wrong is told without an answer."""
OLD = 5.0
"""Seconds after which an answer is fetched anew before it is shown as a proof."""
SWEPT = ("unable to retrieve container logs for", "failed to try resolving symlinks in path")
"""What the kubelet answers, with status 200, when it has just removed the container before for the newest ended one."""
WIDTH = 300
"""Characters of a line that are kept."""

Mask = t.Callable[[str], str]
Answers = dict[LogRequest, tuple[str, ...]]


class Evidence:
    """Asks in the background, so that no judgement waits for it. Use as a context manager.

    `answers` are the lines that came back so far, without secrets; `told` is called whenever one more has come.
    """

    def __init__(self, cluster: Cluster, mask: Mask, reported: t.Callable[[], None]) -> None:
        self._cluster = cluster
        self._mask = mask
        self._reported = reported
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._asked: dict[LogRequest, tuple[float, Future[None]]] = {}
        self._writing = threading.Lock()
        self.answers: Answers = {}

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def ask(self, log_requests: t.Iterable[LogRequest], pods: t.Iterable[Live]) -> None:
        """Ask what has not been asked yet."""
        self._begin([log_request for log_request in log_requests if log_request not in self._asked], pods)

    def ask_again(self, log_requests: t.Collection[LogRequest], pods: t.Iterable[Live], seconds: float) -> None:
        """Have a fresh answer to each question, as far as that is possible within these seconds."""
        now = time.monotonic()
        known = {log_request: self._asked.get(log_request) for log_request in log_requests}
        self._begin([log_request for log_request, asked in known.items() if not asked or now - asked[0] > OLD], pods)
        wait(
            [self._asked[log_request][1] for log_request in log_requests if log_request in self._asked], timeout=seconds
        )

    def _begin(self, log_requests: t.Sequence[LogRequest], pods: t.Iterable[Live]) -> None:
        found = {(pod["metadata"].get("namespace", ""), pod["metadata"]["name"]): pod for pod in pods}
        for log_request in log_requests[: AT_MOST - len(self._asked)]:
            pod = found.get((log_request.namespace, log_request.pod))
            self._asked[log_request] = time.monotonic(), self._pool.submit(self._answer, log_request, pod)

    def _answer(self, log_request: LogRequest, pod: Live | None) -> None:
        try:
            lines = asked(self._cluster, log_request, pod)
        except ClusterError as error:
            lines = [f"{_subject(log_request)} could not be asked for: {error}"]
        displayed = tuple(self._mask(line)[:WIDTH] for line in lines)
        with self._writing:
            self.answers = {**self.answers, log_request: displayed}
        self._reported()


def asked(cluster: Cluster, log_request: LogRequest, pod: Live | None) -> list[str]:
    """The lines that answer a question. Raises ClusterError when nobody answers."""
    if log_request.what == PROBE:
        return _probe(cluster, log_request, pod)
    path = f"/api/v1/namespaces/{log_request.namespace}/pods/{log_request.pod}/log"
    query: dict[str, t.Any] = {"container": log_request.container, "tailLines": LOG_LINES}
    if log_request.what == PREVIOUS_LOG:
        query["previous"] = "true"
    answer = cluster.once(path, LOG_SECONDS, **query)
    if query.pop("previous", "") and _text(answer.body).startswith(SWEPT):
        answer = cluster.once(path, LOG_SECONDS, **query)
    if answer.status >= 400:
        return [f"{_subject(log_request)} could not be read: {_words(answer)}"]
    return lines_of(_text(answer.body))[-LOG_LINES:]


def _probe(cluster: Cluster, log_request: LogRequest, pod: Live | None) -> list[str]:
    """What the endpoint answers when it is asked by way of the API server's proxy, as the kubelet asks it directly."""
    port, request = http_probe(pod or {}, log_request.container)
    if not request:
        return []
    scheme = "https:" if str(request.get("scheme", "")).upper() == "HTTPS" else ""
    address = f"/api/v1/namespaces/{log_request.namespace}/pods/{scheme}{log_request.pod}:{port}/proxy"
    where = f"GET {request.get('path') or '/'} on port {port}"
    try:
        answer = cluster.once(address + "/" + str(request.get("path") or "/").lstrip("/"), PROBE_SECONDS)
    except ClusterError:
        return [f"{where}: no answer within {PROBE_SECONDS:.0f} s by way of the API server"]
    if answer.status == 403 and _is_status(answer.body):
        return [f"{where} could not be asked for: {_words(answer)}"]
    return [f"{where}: {answer.status} {' '.join(_words(answer).split())}".rstrip()]


def http_probe(pod: Live, container: str) -> tuple[int, Live]:
    """Port number and httpGet of the probe that keeps a container from being ready; `(0, {})` when it is no HTTP."""
    spec = _named((pod.get("spec") or {}).get("containers"), container)
    status = _named((pod.get("status") or {}).get("containerStatuses"), container)
    order = ("readinessProbe",) if status.get("started") else ("startupProbe", "readinessProbe")
    probe: Live = next((spec[name] for name in order if spec.get(name)), {})
    request = probe.get("httpGet") or {}
    if not request:
        return 0, {}
    numbers = {port.get("name"): port["containerPort"] for port in spec.get("ports") or ()}
    port = request.get("port", 0)
    number = numbers.get(port, port)
    return (int(number), request) if str(number).isdecimal() else (0, {})


def _named(entries: t.Sequence[Live] | None, name: str) -> Live:
    return next((entry for entry in entries or () if entry["name"] == name), {})


def _subject(log_request: LogRequest) -> str:
    words = {PROBE: "The probe of", PREVIOUS_LOG: "The former log of"}
    return f"{words.get(log_request.what, 'The log of')} container {log_request.container} in pod {log_request.pod}"


def _is_status(body: t.Any) -> bool:
    return isinstance(body, dict) and body.get("kind") == "Status"


def _words(answer: Answer) -> str:
    """The API server's sentence, or what the service itself answered."""
    if isinstance(answer.body, dict) and (_is_status(answer.body) or set(answer.body) <= {"message", "retryAfter"}):
        return str(answer.body.get("message", ""))
    return _text(answer.body)


def _text(body: t.Any) -> str:
    """The body as it was sent: the client has parsed it when it looked like JSON."""
    if isinstance(body, str):
        return body
    displayed = (
        {name: value for name, value in body.items() if name != "retryAfter"} if isinstance(body, dict) else body
    )
    return json.dumps(displayed) if displayed or displayed == 0 else ""
