# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection pool to one cluster: timeouts, bounded retries, parallel requests, no discovery walk."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from . import parent_process
from .api_resources import KINDS, Kind, Manifest, base_path, collection_path, object_path
from .body import APPLY_TYPE, encoded, parsed, warning_text
from .configuration import configure, headers, options, private_folder
from .errors import ApiError, BadConnection, ClusterError, Unreachable, Untrusted, WrongCluster
from .port_forward.handshake import dial
from .retry_deadline import RetryDeadline
from .server_clock import ServerClock
from .transport import (
    answer_deadline,
    limit_whole_answers,
    lines_of,
    notice_vanished_peers,
    share_tls_context,
    stop_reading,
    unreachable,
)

try:
    import urllib3
    from kubernetes.client.rest import RESTClientObject
except ImportError:
    pass  # configure() reports the missing package

WORKERS = 16
"""Requests at a time: with half as many 400 objects take a quarter longer, with twice as many no less."""
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
LAST_TRY = 3.0
"""Seconds to answer in for a server that has not answered for as long as that is worth waiting for."""
IDEMPOTENT = frozenset({"GET", "PUT", "PATCH", "DELETE"})
MERGE_TYPE = "application/merge-patch+json"
Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


class Limits(t.NamedTuple):
    """Seconds allowed for connecting, for one whole answer, and for one request with all its retries."""

    connect: float = 5.0
    read: float = 30.0
    retry: float = 60.0


class Answer(t.NamedTuple):
    """A parsed response: `body` is JSON, `warnings` are the API server's Warning headers."""

    status: int
    body: t.Any
    warnings: tuple[str, ...] = ()


class Cluster:
    """The API of one cluster. Safe to use from several threads."""

    def __init__(
        self, configuration: t.Any, extra_headers: t.Sequence[tuple[str, str]] = (), limits: Limits | None = None
    ) -> None:
        configuration.connection_pool_maxsize = WORKERS * 2
        configuration.retries = urllib3.Retry(0, redirect=0)
        self.host: str = configuration.host
        self.limits = limits or Limits()
        self.requests = 0
        self.warnings: list[str] = []
        self.clock = ServerClock()
        self._configuration = configuration
        self._extra_headers = tuple(extra_headers)
        self._pool = RESTClientObject(configuration).pool_manager
        share_tls_context(self._pool, configuration)
        notice_vanished_peers(self._pool)
        limit_whole_answers(self._pool)
        if not configuration.verify_ssl:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            self.warnings.append(f"The certificate of {self.host} is not checked (validate_certs is false).")
        self._kinds: dict[tuple[str, str], Kind] = dict(KINDS)
        self._discovered: set[str] = set()
        self._discovery = threading.Lock()
        self._lock = threading.Lock()
        self._streams: list[t.Any] = []
        self._retry_deadline = RetryDeadline()

    @classmethod
    def connect(cls, params: t.Mapping[str, t.Any]) -> Cluster:
        """Open the cluster that the module's connection options name; refuses when `cluster_uid` is another's."""
        chosen = options(params)
        limits = Limits(params["connect_timeout"], params["request_timeout"], params["retry_timeout"])
        with private_folder() as folder:
            cluster = cls(configure(chosen, params["in_cluster"], folder), headers(chosen), limits)
        if params["cluster_uid"]:
            cluster.require_uid(params["cluster_uid"])
        return cluster

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            streams = list(self._streams)
        for response in streams:
            stop_reading(response)
        self._pool.clear()

    @property
    def uid(self) -> str:
        """The cluster's identity: the UID of its kube-system namespace, which lives as long as the cluster."""
        return str(self.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])

    def require_uid(self, expected: str) -> None:
        if self.uid != expected:
            raise WrongCluster(
                f"This is not the cluster of the inventory: {self.host} is {self.uid}, cluster_uid says {expected}."
            )

    def get(self, path: str, **query: t.Any) -> Manifest:
        return self._object("GET", path, query=query)

    def find(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """One object, or None when there is none (or its kind is not served)."""
        try:
            return self.get(self.path(api_version, kind, namespace, name))
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def list_objects(self, api_version: str, kind: str, namespace: str = "", **query: t.Any) -> Manifest:
        """The whole list object (`items`, `metadata.resourceVersion`)."""
        return self.get(collection_path(api_version, self.kind(api_version, kind), namespace), **query)

    def create(self, path: str, body: Manifest, **query: t.Any) -> Manifest:
        return self._object("POST", path, body, query=query)

    def apply(self, manifest: Manifest, manager: str, force: bool = False, dry_run: bool = False) -> Manifest:
        """Server-side apply; idempotent, so it is retried after a lost answer."""
        query: dict[str, t.Any] = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self._object("PATCH", self.path_of(manifest), manifest, APPLY_TYPE, query)

    def merge(self, path: str, body: Manifest, **query: t.Any) -> Manifest:
        return self._object("PATCH", path, body, MERGE_TYPE, query)

    def delete(self, path: str, body: Manifest | None = None) -> Manifest | None:
        """Delete one object; None when it was gone already."""
        try:
            return self._object("DELETE", path, body)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def kind(self, api_version: str, kind: str) -> Kind:
        """Where a kind lives; a kind outside the table costs one request for its group version, once."""
        if (api_version, kind) not in self._kinds:
            with self._discovery:
                self._discover(api_version)
        try:
            return self._kinds[api_version, kind]
        except KeyError:
            raise ApiError(404, "NotFound", f"the cluster does not serve kind {kind} in {api_version}") from None

    def forget_kinds(self) -> None:
        """Ask anew for kinds that were not served: their definitions may have come."""
        with self._discovery:
            self._discovered.clear()

    def path(self, api_version: str, kind: str, namespace: str, name: str) -> str:
        return object_path(api_version, self.kind(api_version, kind), namespace, name)

    def path_of(self, manifest: Manifest) -> str:
        metadata = manifest["metadata"]
        return self.path(manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"])

    def parallel(self, function: t.Callable[[Item], Result], items: t.Iterable[Item]) -> list[Result]:
        """Call `function` for each item on kept-alive connections; the results keep the items' order."""
        work = list(items)
        if len(work) < 2:
            return [function(item) for item in work]
        with ThreadPoolExecutor(min(WORKERS, len(work))) as pool:
            return list(pool.map(function, work))

    def request(
        self,
        method: str,
        path: str,
        body: t.Any = None,
        content_type: str = "application/json",
        query: t.Mapping[str, t.Any] | None = None,
    ) -> Answer:
        """Send one request; transient failures are retried until `limits.retry` seconds have passed.

        A server that has been away for as long already is given one short try. Nothing is sent for a parent process
        that is gone: Stopped is raised.
        """
        begun = time.monotonic()
        payload = None if body is None else encoded(body, content_type)
        attempt = 0
        while True:
            parent_process.require()
            attempt += 1
            delay = min(0.1 * 2**attempt, 5.0) * random.uniform(0.5, 1.0)  # only a pause  # nosec B311
            sent = time.monotonic()
            out_of_time = sent > self._retry_deadline.deadline(begun, self.limits.retry)
            retry_seconds = min(self.limits.read, LAST_TRY) if out_of_time else self.limits.read
            try:
                answer = self._send(method, path, payload, content_type, query, retry_seconds)
            except Untrusted:
                raise
            except Unreachable:
                self._retry_deadline.noticed(sent, self.limits.retry)
                if method not in IDEMPOTENT or self._is_over(begun, delay) or attempt >= _tries(self.requests):
                    raise
            else:
                if answer.status < 400:
                    return answer
                if answer.status >= 500:
                    self._retry_deadline.noticed(sent, self.limits.retry)
                error = ApiError.from_body(answer.status, answer.body, f"{method} {path}")
                delay = _retry_after(answer) or delay
                if error.is_of_object or not _is_transient(method, answer) or self._is_over(begun, delay):
                    raise error
            time.sleep(delay)

    def _is_over(self, begun: float, delay: float) -> bool:
        """Whether another try after this delay would come too late for a request that was begun then."""
        is_over = time.monotonic() + delay > self._retry_deadline.deadline(begun, self.limits.retry)
        if is_over:
            self._retry_deadline.give_up()
        return is_over

    def once(self, path: str, seconds: float, **query: t.Any) -> Answer:
        """GET with one try and whatever status it is answered with; `body` is text unless it is JSON.

        Raises Unreachable when the answer has not come to its end within these seconds.
        """
        return self._send("GET", path, None, "application/json", query, seconds)

    def _object(self, method: str, path: str, *more: t.Any, **named: t.Any) -> Manifest:
        """The object that a request is answered with; a proxy's page is none."""
        body = self.request(method, path, *more, **named).body
        if not isinstance(body, dict):
            raise Unreachable(f"{self.host} does not answer as an API server does ({method} {path}): {str(body)[:200]}")
        return body

    def upgrade(self, path: str, protocol: str, **query: t.Any) -> socket.socket:
        """A connection of its own that the API server has turned into a WebSocket; the caller closes it."""
        with self._lock:
            self.requests += 1
        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        context = self._pool.connection_pool_kw.get("ssl_context")
        return dial(url, protocol, self._credentials(), context, self._configuration, self.limits.connect)

    @contextlib.contextmanager
    def stream(self, path: str, query: t.Mapping[str, t.Any], read_timeout: float) -> t.Iterator[t.Iterator[bytes]]:
        """The lines of a body as they arrive (a watch), `read_timeout` seconds after one another at most.

        The connection, which may not be read to its end, is closed.
        """
        with answer_deadline.within(self.limits.read):
            response = self._open("GET", path, None, "application/json", query, read_timeout)
        with self._lock:
            self.requests += 1
            self._streams.append(response)
        try:
            if response.status >= 400:
                raise ApiError.from_body(response.status, parsed(response.read()), f"GET {path}")
            yield lines_of(response)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"The answer of {self.host} broke off (GET {path}): {error}") from error
        finally:
            with self._lock:
                self._streams.remove(response)
            response.close()

    def _send(
        self,
        method: str,
        path: str,
        payload: bytes | None,
        content_type: str,
        query: t.Mapping[str, t.Any] | None,
        read_timeout: float,
    ) -> Answer:
        with answer_deadline.within(read_timeout):
            response = self._open(method, path, payload, content_type, query or {}, read_timeout)
            try:
                data = response.read()
            except urllib3.exceptions.HTTPError as error:
                raise Unreachable(f"The answer of {self.host} broke off ({method} {path}): {error}") from error
            finally:
                response.release_conn()
        warnings = tuple(warning_text(value) for value in response.headers.getlist("Warning"))
        with self._lock:
            self.requests += 1
            reported = [f"API server: {warning}" for warning in warnings]
            self.warnings += [warning for warning in reported if warning not in self.warnings]
        body = parsed(data)
        if response.status == 429 or response.status >= 500:
            body = {**(body if isinstance(body, dict) else {"message": str(body)})}
            body["retryAfter"] = response.headers.get("Retry-After")
        return Answer(response.status, body, warnings)

    def _open(
        self,
        method: str,
        path: str,
        payload: bytes | None,
        content_type: str,
        query: t.Mapping[str, t.Any],
        read_timeout: float,
    ) -> t.Any:
        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        timeout = urllib3.Timeout(connect=min(self.limits.connect, read_timeout), read=read_timeout)
        sent = self.clock.local()
        try:
            response = self._pool.request(
                method, url, body=payload, headers=self._headers(content_type), timeout=timeout, preload_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.host, error) from error
        self.clock.heard(response.headers.get("Date"), sent, self.clock.local())
        if response.status < 500:
            self._retry_deadline.over()
        return response

    def _headers(self, content_type: str) -> t.Any:
        fields = urllib3.HTTPHeaderDict({"Accept": "application/json", "Content-Type": content_type})
        for name, value in self._credentials():
            fields.add(name, value)
        return fields

    def _credentials(self) -> t.Iterator[tuple[str, str]]:
        """The headers that say who asks."""
        configuration = self._configuration
        token = configuration.auth_settings().get("BearerToken")
        if token:
            yield "Authorization", token["value"]
        elif configuration.username:
            yield "Authorization", configuration.get_basic_auth_token()
        yield from self._extra_headers

    def _discover(self, api_version: str) -> None:
        if api_version in self._discovered:
            return
        try:
            resources = self.get(base_path(api_version)).get("resources") or ()
        except ApiError as error:
            if not error.not_found:
                raise
            resources = ()
        self._discovered.add(api_version)
        for resource in resources:
            if "/" not in resource["name"]:
                kind = Kind(resource["name"], resource["namespaced"])
                self._kinds.setdefault((api_version, resource["kind"]), kind)


def _tries(answered: int) -> int:
    """A cluster that never answered is given one more try; one that did may be restarting."""
    return 1000 if answered else 2


def _is_transient(method: str, answer: Answer) -> bool:
    if answer.status == 429:
        return True
    return answer.status in RETRIED_STATUSES and method in IDEMPOTENT


def _retry_after(answer: Answer) -> float:
    value = answer.body.get("retryAfter") if isinstance(answer.body, dict) else None
    return float(value) if value and str(value).isdigit() else 0.0


__all__ = ["Answer", "ApiError", "BadConnection", "Cluster", "ClusterError", "Limits", "Unreachable", "WrongCluster"]
