# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror of some collections of a cluster, kept up to date by one list and one watch for each."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import typing as t

from .api_resources import Manifest, collection_path
from .client import ApiError, Cluster, ClusterError, Unreachable

WATCH_SECONDS = 240
"""How long the API server is asked to keep a watch open."""
READ_MARGIN = 30.0
"""Seconds beyond that after which a silent connection counts as dead."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two watches, and at most between two tries that failed."""
LASTING = 0.5
"""Seconds after which a watch that breaks off was a good one: the next is opened at once."""
GAP = 2.0
"""Seconds for which a watch may be away before what is held counts as old: it goes on from where it broke off."""
PAGE = 500
"""Objects in one answer to a list."""
OK, GONE, BUSY = 200, 410, 429
REFUSALS = frozenset({401, 403, 404})
FIRST_PATIENCE, LATER_PATIENCE = 0.5, 5.0
"""Seconds for which a refusal must last to count, before and after the first list: an API server that has just been
started refuses what it will allow a moment later."""


class Source(t.NamedTuple):
    """One collection: a kind in a namespace, narrowed by a label selector and a field selector."""

    api_version: str
    kind: str
    namespace: str = ""
    selector: str = ""
    fields: str = ""

    @property
    def query(self) -> dict[str, str]:
        narrowed = {"labelSelector": self.selector, "fieldSelector": self.fields}
        return {name: value for name, value in narrowed.items() if value}


Trim = t.Callable[[Manifest], "Manifest | None"]
"""What is held of an object; None when nothing of it is wanted. A change of what is not held is no news."""

Ask = t.Callable[[t.Mapping[str, t.Any]], Manifest]
"""Asks for a page of a list."""


@dataclasses.dataclass
class Store:
    """What is known of one source: its objects by UID once listed, and what keeps it from being followed.

    `last_heard` is when the API server last told anything of it, a bookmark included. `version` is what its watch goes
    on from, empty when it has to be listed anew; `broken_since` is when a watch broke off that can go on from there.
    """

    objects: dict[str, Manifest] | None = None
    last_heard: float = 0.0
    version: str = ""
    broken_since: float | None = None
    is_open: bool = False
    problem: ClusterError | None = None
    refused_since: float | None = None
    refusal: ApiError | None = None


class Informer:
    """The objects of several collections as the API server last told of them.

    Use as a context manager. A watch that ends or is cut off is opened again from where it ended; one whose history is
    gone (410) or that cannot be opened again is listed anew, so nothing that happened in between is missed. When a
    watch is away for longer than a moment, `problem` says why its objects may be old.
    """

    def __init__(self, cluster: Cluster, sources: t.Iterable[Source], trim: Trim = lambda item: item) -> None:
        self._cluster = cluster
        self._trim = trim
        self._held = {source: Store() for source in sources}
        self._news = threading.Condition()
        self._generation = 0
        self._stop = threading.Event()

    def __enter__(self) -> t.Self:
        for source in self._held:
            threading.Thread(target=self._follow, args=(source,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    @property
    def generation(self) -> int:
        """A number that grows with every change; give it to `wait` to sleep until the next one."""
        return self._generation

    def wait(self, since: int, timeout: float) -> bool:
        """Sleep until something has changed after generation `since`; False when `timeout` seconds passed first."""
        with self._news:
            return self._news.wait_for(lambda: self._generation != since, timeout)

    def wake(self) -> None:
        """End every `wait`: there is news from elsewhere."""
        self._tell(lambda: None)

    def have_synced(self, sources: t.Iterable[Source], timeout: float) -> bool:
        """Sleep until each of these sources has been listed or is refused; False when the time passed first."""
        wanted = [self._held[source] for source in sources]
        with self._news:
            return self._news.wait_for(
                lambda: all(held.objects is not None or held.refusal is not None for held in wanted), timeout
            )

    def synced(self, timeout: float) -> bool:
        """Sleep until every collection has been listed. Raises the error of one that cannot be."""
        in_time = self.have_synced(self._held, timeout)
        for held in self._held.values():
            if held.refusal is not None:
                raise held.refusal
        return in_time

    def is_listed(self, source: Source) -> bool:
        return self._held[source].objects is not None

    def problem(self, source: Source) -> ClusterError | None:
        """Why what is held of this source may be old, or has not come yet; None while it is followed.

        A watch that is away for a moment is none yet: `confirm` asks for what it may have missed.
        """
        held = self._held[source]
        is_gap = held.objects is not None and held.broken_since is not None
        if is_gap and time.monotonic() < t.cast("float", held.broken_since) + GAP:
            return None
        return held.problem

    def refusal(self, source: Source) -> ApiError | None:
        """The API server's lasting refusal to tell of this source, or that it does not serve the kind."""
        return self._held[source].refusal

    def confirm(self, sources: t.Iterable[Source], unavailable: float, seconds: float) -> bool:
        """Ask anew for those of which nothing was heard for `unavailable` seconds, and for those whose watch is away
        just now; whether all is as it was held.

        A watch whose peer has vanished is as silent as one that has nothing to tell, and behind a proxy no keepalive
        shows it. What is told otherwise is held from now on. Raises ClusterError without an answer in these seconds.
        """
        oldest = time.monotonic() - unavailable
        silent = [source for source in sources if self.is_listed(source) and self._is_silent(source, oldest)]
        return all(self._cluster.parallel(lambda source: self._is_as_held(source, seconds), silent))

    def _is_silent(self, source: Source, oldest: float) -> bool:
        held = self._held[source]
        return held.last_heard <= oldest or held.broken_since is not None

    def objects(self, kind: str) -> list[Manifest]:
        """The objects of a kind as they are now, by name."""
        with self._news:
            found = [
                item
                for source, held in self._held.items()
                if source.kind == kind
                for item in (held.objects or {}).values()
            ]
        return sorted(found, key=lambda item: str(item["metadata"]["name"]))

    def _follow(self, source: Source) -> None:
        pause = SHORTEST_PAUSE
        while not self._stop.is_set() and self.refusal(source) is None:
            began = time.monotonic()
            try:
                self._list_and_watch(source)
            except ClusterError as error:
                self._interrupted(source, error)
            except Exception as error:  # whatever it was, what is held may be old from now on
                self._interrupted(source, _broken(source, error))
            lasted = time.monotonic() - began
            pause = SHORTEST_PAUSE if lasted > LASTING and self._is_followed(source) else min(pause * 2, LONGEST_PAUSE)
            self._stop.wait(pause)

    def _is_followed(self, source: Source) -> bool:
        """Whether there is a place from which its watch can go on."""
        return bool(self._held[source].version)

    def _list_and_watch(self, source: Source) -> None:
        held = self._held[source]
        held.version = held.version or self._list(source)
        while not self._stop.is_set():
            self._watch(source, held)
            self._stop.wait(SHORTEST_PAUSE)

    def _interrupted(self, source: Source, error: ClusterError) -> None:
        """What is held may be old from now on; a refusal that lasts is the end of it."""
        held, now = self._held[source], time.monotonic()
        is_refused = isinstance(error, ApiError) and error.status in REFUSALS
        since = (held.refused_since or now) if is_refused else None
        retry_seconds = FIRST_PATIENCE if held.objects is None else LATER_PATIENCE

        def note() -> None:
            held.problem, held.refused_since = error, since
            held.broken_since = (held.broken_since or now) if _can_go_on(held, error) else None
            held.version = held.version if held.broken_since else ""
            held.is_open = False
            if since is not None and now - since >= retry_seconds and isinstance(error, ApiError):
                held.refusal = error

        self._tell(note)

    def _list(self, source: Source) -> str:
        items, version = self._listed(
            source,
            lambda query: self._cluster.list_objects(source.api_version, source.kind, source.namespace, **query),
        )
        held = self._held[source]

        def take() -> None:
            held.objects, held.problem, held.last_heard, held.broken_since = items, None, time.monotonic(), None

        self._tell(take)
        return version

    def _listed(self, source: Source, ask: Ask) -> tuple[dict[str, Manifest], str]:
        """What is to be held of the whole collection, by UID, and its resource version."""
        types = {"apiVersion": source.api_version, "kind": source.kind}
        query: dict[str, t.Any] = {**source.query, "limit": PAGE}
        items: dict[str, Manifest] = {}
        while True:
            listed = ask(query)
            for item in listed["items"]:
                kept = self._trim({**types, **item})
                if kept is not None:
                    items[item["metadata"]["uid"]] = kept
            query["continue"] = listed["metadata"].get("continue")
            if not query["continue"]:
                return items, str(listed["metadata"]["resourceVersion"])

    def _is_as_held(self, source: Source, seconds: float) -> bool:
        """Whether the collection is what is held; a watch that speaks meanwhile is alive, and may be ahead."""
        held = self._held[source]
        last_heard = held.last_heard
        try:
            items, _version = self._listed(source, lambda query: self._once(source, seconds, query))
        except ClusterError:
            raise
        except Exception as error:  # an answer of a shape that nobody foresaw confirms nothing
            raise _broken(source, error) from error
        with self._news:
            is_silent = held.last_heard == last_heard
            is_same = is_silent and held.objects == items
            if is_silent:
                held.objects, held.last_heard = items, time.monotonic()
            if not is_same:
                self.wake()
        return is_same

    def _once(self, source: Source, seconds: float, query: t.Mapping[str, t.Any]) -> Manifest:
        path = self._path(source)
        answer = self._cluster.once(path, seconds, **query)
        if answer.status != OK:
            raise ApiError.from_body(answer.status, answer.body, f"GET {path}")
        return t.cast("Manifest", answer.body)

    def _path(self, source: Source) -> str:
        kind = self._cluster.kind(source.api_version, source.kind)
        return collection_path(source.api_version, kind, source.namespace)

    def _watch(self, source: Source, held: Store) -> None:
        """Follow one watch to its end, noting from where to go on. Raises ApiError(410) when that is gone."""
        query = {"watch": "1", "resourceVersion": held.version, "allowWatchBookmarks": "true", **source.query}
        query["timeoutSeconds"] = str(WATCH_SECONDS)
        held.is_open = False
        with self._cluster.stream(self._path(source), query, WATCH_SECONDS + READ_MARGIN) as lines:
            self._resumed(held)
            for line in lines:
                if self._stop.is_set():
                    break
                held.last_heard = time.monotonic()
                held.version = self._take(source, _event(line))

    def _resumed(self, held: Store) -> None:
        """The watch is open: all that happened since it broke off is about to be told."""
        held.is_open, held.refused_since = True, None
        if held.broken_since is None:
            return

        def note() -> None:
            held.problem, held.broken_since = None, None

        self._tell(note)

    def _take(self, source: Source, event: Manifest) -> str:
        item = event["object"]
        if event["type"] == "ERROR":
            raise ApiError.from_body(int(item.get("code", GONE)), item, f"watch {source.kind}")
        version = str(item["metadata"]["resourceVersion"])
        if event["type"] != "BOOKMARK":
            self._hold(source, item["metadata"]["uid"], None if event["type"] == "DELETED" else self._trim(item))
        return version

    def _hold(self, source: Source, uid: str, item: Manifest | None) -> None:
        """Hold the object as it is now, or nothing of it any more; what is held already is no news."""
        held = self._held[source]
        if (held.objects or {}).get(uid) == item:
            return

        def change() -> None:
            if item is None:
                (held.objects or {}).pop(uid, None)
            elif held.objects is not None:
                held.objects[uid] = item

        self._tell(change)

    def _tell(self, change: t.Callable[[], t.Any]) -> None:
        with self._news:
            change()
            self._generation += 1
            self._news.notify_all()


def _can_go_on(held: Store, error: ClusterError) -> bool:
    """Whether the watch may be opened again where it was: it was cut off, or the server asks for patience."""
    if isinstance(error, ApiError):
        return error.status == BUSY and bool(held.version)
    return held.is_open and isinstance(error, Unreachable)


def _broken(source: Source, error: Exception) -> ClusterError:
    return ClusterError(f"The watch of {source.kind} broke off: {type(error).__name__}: {error}")


def _event(line: bytes) -> Manifest:
    """One event of a watch. Raises ValueError for what is none: a proxy's page, half a line."""
    event = json.loads(line)
    if not isinstance(event, dict) or "type" not in event or not isinstance(event.get("object"), dict):
        raise ValueError("this is no event of a watch")
    return event


def until(informer: Informer, done: t.Callable[[], bool], deadline: float) -> bool:
    """Re-evaluate `done` at each change until it holds; False when `deadline` (monotonic seconds) passes first."""
    while True:
        generation = informer.generation
        if done():
            return True
        left = deadline - time.monotonic()
        if left <= 0 or not informer.wait(generation, left):
            return done()
