# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror of some collections of a cluster, kept up to date by one list and one watch for each."""

from __future__ import annotations

import json
import threading
import time
import typing as t

from .client import ApiError, Cluster, ClusterError
from .kinds import Manifest, collection_path

WATCH_SECONDS = 240
"""How long the API server is asked to keep a watch open."""
READ_MARGIN = 30.0
"""Seconds beyond that after which a silent connection counts as dead."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two watches, and at most between two tries that failed."""
GONE = 410


class Source(t.NamedTuple):
    """One collection: a kind in a namespace, narrowed by a label selector."""

    api_version: str
    kind: str
    namespace: str = ""
    selector: str = ""


class Mirror:
    """The objects of several collections as the API server last told of them.

    Use as a context manager. A watch that ends is opened again from where it ended; one whose history is gone (410)
    or that was cut off is listed anew, so nothing that happened in between is missed.
    """

    def __init__(self, cluster: Cluster, sources: t.Iterable[Source]) -> None:
        self._cluster = cluster
        self._sources = tuple(dict.fromkeys(sources))
        self._objects: dict[Source, dict[str, Manifest]] = {}
        self._failures: dict[Source, ClusterError] = {}
        self._news = threading.Condition()
        self._generation = 0
        self._stop = threading.Event()

    def __enter__(self) -> t.Self:
        for source in self._sources:
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

    def synced(self, timeout: float) -> bool:
        """Sleep until every collection has been listed. Raises the error of one that cannot be."""
        with self._news:
            known = self._news.wait_for(lambda: len(self._objects) + len(self._failures) >= len(self._sources), timeout)
        for error in self._failures.values():
            raise error
        return known

    def objects(self, kind: str) -> list[Manifest]:
        """The objects of a kind as they are now, by name."""
        with self._news:
            found = [item for source, items in self._objects.items() if source.kind == kind for item in items.values()]
        return sorted(found, key=lambda item: str(item["metadata"]["name"]))

    def _follow(self, source: Source) -> None:
        pause = SHORTEST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._list_and_watch(source)
            except ApiError as error:
                if error.status in (401, 403, 404) and source not in self._objects:
                    self._fail(source, error)
                    return
            except (ClusterError, OSError, ValueError):
                pass
            lasted = time.monotonic() - began
            pause = SHORTEST_PAUSE if lasted > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            self._stop.wait(pause)

    def _list_and_watch(self, source: Source) -> None:
        version = self._list(source)
        while not self._stop.is_set():
            version = self._watch(source, version)
            self._stop.wait(SHORTEST_PAUSE)

    def _fail(self, source: Source, error: ClusterError) -> None:
        self._tell(lambda: self._failures.__setitem__(source, error))

    def _list(self, source: Source) -> str:
        query = {"labelSelector": source.selector} if source.selector else {}
        listed = self._cluster.list_objects(source.api_version, source.kind, source.namespace, **query)
        types = {"apiVersion": source.api_version, "kind": source.kind}
        items = {item["metadata"]["uid"]: {**types, **item} for item in listed["items"]}
        self._tell(lambda: self._objects.__setitem__(source, items))
        return str(listed["metadata"]["resourceVersion"])

    def _watch(self, source: Source, version: str) -> str:
        """Follow one watch to its end; the resource version to go on from. Raises ApiError(410) when it is gone."""
        path = collection_path(
            source.api_version, self._cluster.kind(source.api_version, source.kind), source.namespace
        )
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        query["timeoutSeconds"] = str(WATCH_SECONDS)
        if source.selector:
            query["labelSelector"] = source.selector
        with self._cluster.stream(path, query, WATCH_SECONDS + READ_MARGIN) as lines:
            for line in lines:
                if self._stop.is_set():
                    break
                version = self._take(source, _event(line))
        return version

    def _take(self, source: Source, event: Manifest) -> str:
        item = event["object"]
        if event["type"] == "ERROR":
            raise ApiError.from_body(int(item.get("code", GONE)), item, f"watch {source.kind}")
        metadata = item["metadata"]
        if event["type"] != "BOOKMARK":
            uid = metadata["uid"]
            held = self._objects[source]
            if event["type"] == "DELETED":
                self._tell(lambda: held.pop(uid, None))
            else:
                self._tell(lambda: held.__setitem__(uid, item))
        return str(metadata["resourceVersion"])

    def _tell(self, change: t.Callable[[], t.Any]) -> None:
        with self._news:
            change()
            self._generation += 1
            self._news.notify_all()


def _event(line: bytes) -> Manifest:
    """One event of a watch. Raises ValueError for what is none: a proxy's page, half a line."""
    event = json.loads(line)
    if not isinstance(event, dict) or "type" not in event or not isinstance(event.get("object"), dict):
        raise ValueError("this is no event of a watch")
    return event


def until(mirror: Mirror, done: t.Callable[[], bool], deadline: float) -> bool:
    """Re-evaluate `done` at each change until it holds; False when `deadline` (monotonic seconds) passes first."""
    while True:
        generation = mirror.generation
        if done():
            return True
        left = deadline - time.monotonic()
        if left <= 0 or not mirror.wait(generation, left):
            return done()
