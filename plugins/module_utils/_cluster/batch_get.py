# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many questions to one cluster at once: each is answered or says why not, none stops the others."""

from __future__ import annotations

import dataclasses
import functools
import socket
import time
import typing as t

from .api_resources import Manifest
from .client import Cluster
from .errors import ApiError, ClusterError

PAGE = 500


@dataclasses.dataclass(frozen=True)
class Query:
    """One read. `keep` reduces the answer as soon as it is there, so that nothing else is carried or shown.

    A question with a `body` is a POST (a review or a dry run; nothing is stored). `pages` bounds a long list.
    """

    name: t.Hashable
    path: str
    query: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    body: Manifest | None = None
    keep: t.Callable[[Manifest], t.Any] = lambda answer: answer
    pages: int = 0


@dataclasses.dataclass(frozen=True)
class Unavailable:
    """Why a question has no answer. `status` is the HTTP status, 0 when there was none.

    `given_up` says that the answer was too long to be read to its end.
    """

    status: int
    message: str
    given_up: bool = False

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def tolerable(self) -> bool:
        """Whether the API server did its part: the account may not read it, or there is too much of it."""
        return self.status == 403 or self.given_up


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A TCP service that the release depends on, such as its database."""

    name: str
    host: str
    port: int


@dataclasses.dataclass(frozen=True)
class Reached:
    """An attempt to open a connection from this host; `problem` is empty when it opened."""

    endpoint: Endpoint
    problem: str
    seconds: float


Answers = dict[t.Hashable, t.Any]
"""What `keep` made of each answer (a list of it for each page), or a Silence, by the question's name."""


def survey(
    cluster: Cluster, queries: t.Iterable[Query], endpoints: t.Iterable[Endpoint] = (), timeout: float = 3.0
) -> tuple[Answers, tuple[Reached, ...]]:
    """Ask everything in parallel; `timeout` are the seconds allowed for reaching one endpoint."""
    asked, targets = list(queries), list(endpoints)
    calls: list[t.Callable[[], t.Any]] = [functools.partial(_reach, endpoint, timeout) for endpoint in targets]
    calls += [functools.partial(_ask, cluster, item) for item in asked]
    results = cluster.parallel(lambda call: call(), calls)
    answers = dict(zip((item.name for item in asked), results[len(targets) :], strict=True))
    return answers, tuple(results[: len(targets)])


def _ask(cluster: Cluster, item: Query) -> t.Any:
    try:
        if item.body is not None:
            return item.keep(cluster.create(item.path, item.body, **item.query))
        if item.pages:
            return _pages(cluster, item)
        return item.keep(cluster.get(item.path, **item.query))
    except ApiError as error:
        return Unavailable(error.status, error.message)
    except ClusterError as error:
        return Unavailable(0, str(error))


def _pages(cluster: Cluster, item: Query) -> t.Any:
    kept: list[t.Any] = []
    query = {**item.query, "limit": PAGE}
    while len(kept) < item.pages:
        answer = cluster.get(item.path, **query)
        kept.append(item.keep(answer))
        following = answer["metadata"].get("continue")
        if not following:
            return kept
        query["continue"] = following
    limit = item.pages * PAGE
    return Unavailable(0, f"there are more than {limit}, which is more than is read before a release", given_up=True)


def _reach(endpoint: Endpoint, timeout: float) -> Reached:
    start = time.monotonic()
    try:
        socket.create_connection((endpoint.host, endpoint.port), timeout).close()
        problem = ""
    except OSError as error:
        problem = str(error.strerror or error)
    return Reached(endpoint, problem, time.monotonic() - start)
