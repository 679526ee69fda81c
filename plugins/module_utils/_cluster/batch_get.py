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
class Question:
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
class Silence:
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
    cluster: Cluster, questions: t.Iterable[Question], endpoints: t.Iterable[Endpoint] = (), timeout: float = 3.0
) -> tuple[Answers, tuple[Reached, ...]]:
    """Ask everything in parallel; `timeout` are the seconds allowed for reaching one endpoint."""
    asked, targets = list(questions), list(endpoints)
    calls: list[t.Callable[[], t.Any]] = [functools.partial(_reach, endpoint, timeout) for endpoint in targets]
    calls += [functools.partial(_ask, cluster, question) for question in asked]
    results = cluster.parallel(lambda call: call(), calls)
    answers = dict(zip((question.name for question in asked), results[len(targets) :], strict=True))
    return answers, tuple(results[: len(targets)])


def _ask(cluster: Cluster, question: Question) -> t.Any:
    try:
        if question.body is not None:
            return question.keep(cluster.create(question.path, question.body, **question.query))
        if question.pages:
            return _pages(cluster, question)
        return question.keep(cluster.get(question.path, **question.query))
    except ApiError as error:
        return Silence(error.status, error.message)
    except ClusterError as error:
        return Silence(0, str(error))


def _pages(cluster: Cluster, question: Question) -> t.Any:
    kept: list[t.Any] = []
    query = {**question.query, "limit": PAGE}
    while len(kept) < question.pages:
        answer = cluster.get(question.path, **query)
        kept.append(question.keep(answer))
        following = answer["metadata"].get("continue")
        if not following:
            return kept
        query["continue"] = following
    limit = question.pages * PAGE
    return Silence(0, f"there are more than {limit}, which is more than is read before a release", given_up=True)


def _reach(endpoint: Endpoint, timeout: float) -> Reached:
    start = time.monotonic()
    try:
        socket.create_connection((endpoint.host, endpoint.port), timeout).close()
        problem = ""
    except OSError as error:
        problem = str(error.strerror or error)
    return Reached(endpoint, problem, time.monotonic() - start)
