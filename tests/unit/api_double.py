# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory, behind the real `Cluster`: what a release needs of one, and failures on demand.

It keeps objects with resource versions, does server-side apply by fields (lists are one field), dry runs, label
selectors and watches. Controllers do not exist: `settle` gives each written object the status that it will have, and
a Deployment has a ReplicaSet and as many pods as its status says.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import threading
import time
import typing as t
import urllib.parse

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS, Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import (
    Answer,
    ApiError,
    Cluster,
    Limits,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.server_clock import ServerClock
from tests.unit.field_ownership import Fields, changed, fields_of, managed, taken
from tests.unit.owned import owned_by, uid_of

RESOURCES = {kind.plural: name for (group, name), kind in KINDS.items()}


class Failure(t.NamedTuple):
    """An error for the next `times` requests of this method whose path contains `part`."""

    method: str
    part: str
    error: BaseException
    times: int


class Event(t.NamedTuple):
    """Something that happened to the object at `path`; versions grow by one."""

    version: int
    type: str
    path: str
    object: Manifest


class ApiDouble(Cluster):
    """`writes` lists what was really written: `("PATCH", "services/maestro")`, in the order in which it came.

    `slow` gives the seconds that requests take whose path contains the key.
    """

    def __init__(self, *namespaces: str) -> None:
        self.host = "https://api.test"
        self.limits = Limits()
        self.requests = 0
        self.warnings: list[str] = []
        self.clock = ServerClock()
        self._kinds = dict(KINDS)
        self._discovered: set[str] = set()
        self._discovery = threading.Lock()
        self._busy = threading.RLock()
        self.store: dict[str, Manifest] = {}
        self._made: dict[str, str] = {}
        self.owners: dict[str, dict[str, Fields]] = {}
        self.writes: list[tuple[str, str]] = []
        self.events: list[Event] = []
        self.unready: dict[str, Manifest] = {}
        self.slow: dict[str, float] = {}
        self._failures: list[Failure] = []
        self._versions = itertools.count(2)
        for name in ("kube-system", *namespaces):
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def __exit__(self, *exception: object) -> None:
        """There is no connection to close."""

    def parallel(self, function: t.Callable[[t.Any], t.Any], items: t.Iterable[t.Any]) -> list[t.Any]:
        """One after the other, so that the order of `writes` is the order of the stages and their items."""
        return [function(item) for item in items]

    def fail(self, method: str, part: str, error: BaseException, times: int = 10**6) -> None:
        """Answer such requests with an error, from now on or so many times."""
        self._failures.append(Failure(method, part, error, times))

    def mend(self) -> None:
        """Let every request succeed again."""
        self._failures.clear()

    def put(self, manifest: Manifest, manager: str = "somebody") -> Manifest:
        """Lay an object into the cluster as another manager would."""
        return self.apply(manifest, manager, force=True)

    def live(self, resource: str) -> Manifest | None:
        """The object whose path ends with `resource`, for example `services/maestro`."""
        return next((item for path, item in self.store.items() if path.endswith(f"/{resource}")), None)

    def names(self, plural: str) -> list[str]:
        return [path.rsplit("/", 1)[1] for path in self.store if path.split("/")[-2] == plural]

    def versions(self) -> dict[str, str]:
        """The resource version of every object: equal before and after when nothing was written."""
        return {path: item["metadata"]["resourceVersion"] for path, item in self.store.items()}

    def request(
        self,
        method: str,
        path: str,
        body: t.Any = None,
        content_type: str = "application/json",
        query: t.Mapping[str, t.Any] | None = None,
    ) -> Answer:
        asked = {name: str(value) for name, value in (query or {}).items()}
        time.sleep(max((seconds for part, seconds in self.slow.items() if part in path), default=0.0))
        with self._busy:
            self.requests += 1
            self._fail_on_demand(method, path, asked)
            body = copy.deepcopy(body)
            if method == "GET":
                return Answer(200, copy.deepcopy(self._read(path, asked)))
            self._meet(path, _conditions(method, body))
            if method == "DELETE":
                return Answer(200, self._delete(path))
            if method == "POST":
                return Answer(201, copy.deepcopy(self._create(path, body)))
            if "apply" in content_type:
                return Answer(200, copy.deepcopy(self._apply(path, body, asked)))
            return Answer(200, copy.deepcopy(self._merge(path, body)))

    def once(self, path: str, seconds: float, **query: t.Any) -> Answer:
        try:
            return self.request("GET", path, query=query)
        except ApiError as error:
            return Answer(error.status, {"kind": "Status", "message": str(error)})

    @contextlib.contextmanager
    def stream(self, path: str, query: t.Mapping[str, t.Any], read_timeout: float) -> t.Iterator[t.Iterator[bytes]]:
        """A watch that ends soon: it tells what has happened since and is opened again."""
        self._fail_on_demand("WATCH", path, {name: str(value) for name, value in query.items()})
        since = int(query["resourceVersion"])
        yield (
            json.dumps({"type": event.type, "object": event.object}).encode()
            for event in list(self.events)
            if event.version > since and _lies_in(event.path, path)
        )

    def settle(self, item: Manifest) -> None:
        """Give an object the status of a healthy one, unless `unready` holds another for `<kind> <name>`."""
        healthy = _deployment(item) if item["kind"] == "Deployment" else HEALTHY.get(item["kind"], {})
        status = self.unready.get(f"{item['kind']} {item['metadata']['name']}", healthy)
        if status:
            item["status"] = copy.deepcopy(status)

    def _fail_on_demand(self, method: str, path: str, query: t.Mapping[str, str]) -> None:
        asked = f"{path}?{urllib.parse.urlencode(query)}"
        for place, failure in enumerate(self._failures):
            if failure.method == method and failure.part in asked and failure.times:
                self._failures[place] = failure._replace(times=failure.times - 1)
                raise failure.error

    def _read(self, path: str, query: t.Mapping[str, str]) -> Manifest:
        if path in self.store:
            return self.store[path]
        if path == "/apis":
            return {
                "groups": [_group(version) for version in sorted({version for version, dummy in self._kinds} - {"v1"})]
            }
        if path == "/api/v1" or (path.count("/") == 3 and path.startswith("/apis/")):
            return {"resources": self._served(path.removeprefix("/apis/").removeprefix("/api/"))}
        if path.rsplit("/", 1)[1] not in {*RESOURCES, *(spec["names"]["plural"] for spec in self._definitions())}:
            raise not_found(path)
        return self._list(path, query.get("labelSelector", ""))

    def _served(self, api_version: str) -> list[Manifest]:
        """The kinds that the server knows, and those that definitions in the cluster bring."""
        group, _, version = api_version.rpartition("/")
        known = [
            {"name": kind.plural, "kind": name, "namespaced": kind.namespaced, "verbs": ["list"]}
            for (each, name), kind in KINDS.items()
            if each == api_version
        ]
        return known + [
            {
                "name": spec["names"]["plural"],
                "kind": spec["names"]["kind"],
                "namespaced": spec["scope"] == "Namespaced",
            }
            for spec in self._definitions()
            if spec.get("group") == group and version in [each["name"] for each in spec["versions"]]
        ]

    def _definitions(self) -> list[Manifest]:
        kept = [item for item in self.store.values() if item["kind"] == "CustomResourceDefinition"]
        return [item["spec"] for item in kept if "spec" in item]

    def _list(self, path: str, selector: str) -> Manifest:
        items = [
            {field: value for field, value in item.items() if field not in ("apiVersion", "kind")}
            for place, item in (*self.store.items(), *self._owned())
            if _lies_in(place, path) and _is_selected(item, selector)
        ]
        return {"kind": "List", "items": items, "metadata": {"resourceVersion": self._version()}}

    def _meet(self, path: str, conditions: t.Mapping[str, str]) -> None:
        """What a write asks of the object before it; a version alone lets an object be created."""
        live = self.store.get(path)
        wanted = conditions if live else {name: text for name, text in conditions.items() if name == "uid"}
        if any((live or {}).get("metadata", {}).get(name) != text for name, text in wanted.items()):
            raise ApiError(409, "Conflict", f"{_short(path)}: the object has been modified", request=path)

    def _version(self) -> str:
        return str(max((event.version for event in self.events), default=0))

    def _create(self, collection: str, body: Manifest) -> Manifest:
        path = f"{collection}/{body['metadata']['name']}"
        if path in self.store:
            raise ApiError(409, "AlreadyExists", f'"{body["metadata"]["name"]}" already exists', request=f"POST {path}")
        self._need_namespace(path)
        return self._written("POST", path, body, None)

    def _apply(self, path: str, body: Manifest, query: t.Mapping[str, str]) -> Manifest:
        self._need_namespace(path)
        manager, wanted = query["fieldManager"], fields_of(body)
        previous = self.store.get(path)
        owners = copy.deepcopy(self.owners.get(path, {}))
        conflicts = taken(wanted, owners, manager, previous)
        if conflicts and query.get("force") != "true":
            raise conflict(path, conflicts)
        for fields in owners.values():
            for field in dict(conflicts):
                fields.pop(field, None)
        dropped = set(owners.get(manager, {})) - set(wanted)
        owners[manager] = wanted
        merged = changed(previous or _identity(body), wanted, dropped - {f for owned in owners.values() for f in owned})
        if query.get("dryRun"):
            foretold = {**_metadata(path, previous), **merged["metadata"], "managedFields": managed(owners, body)}
            return {**merged, "metadata": foretold}
        self.owners[path] = owners
        return self._written("PATCH", path, merged, previous)

    def _merge(self, path: str, body: Manifest) -> Manifest:
        if path not in self.store:
            raise not_found(path)
        merged = changed(self.store[path], fields_of(body), set())
        return self._written("PATCH", path, merged, self.store[path])

    def _delete(self, path: str) -> Manifest:
        if path not in self.store:
            raise not_found(path)
        if self.store[path]["metadata"].get("finalizers"):
            if "deletionTimestamp" not in self.store[path]["metadata"]:
                self.store[path]["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
                self._tell("MODIFIED", path, self.store[path])
            self.writes.append(("DELETE", _short(path)))
            return self.store[path]
        for inner in [place for place in self.store if place == path or place.startswith(f"{path}/")]:
            self._control(inner, {})
            self._tell("DELETED", inner, self.store.pop(inner))
            self.owners.pop(inner, None)
        self.writes.append(("DELETE", _short(path)))
        return {"kind": "Status", "status": "Success"}

    def _written(self, method: str, path: str, item: Manifest, previous: Manifest | None) -> Manifest:
        """Store the object; a write that changes nothing has no event and no new version, as in the API server."""
        item["metadata"] = {**item["metadata"], "managedFields": managed(self.owners.get(path, {}), item)}
        if previous is not None and {**item, "status": None} == {**previous, "status": None}:
            return previous
        item["metadata"].update(_metadata(path, previous, bump=True))
        self.settle(item)
        self.store[path] = item
        self.writes.append((method, _short(path)))
        self._tell("MODIFIED" if previous else "ADDED", path, item)
        self._control(path, item)
        return item

    def _control(self, path: str, item: Manifest) -> None:
        """Tell what the controller of Deployments makes of this one; without a Deployment that is nothing."""
        before = {place for place in self._made if self._made[place] == path}
        after = owned_by(path, item) if item.get("kind") == "Deployment" else {}
        for place in before - after.keys():
            gone = _identity({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": place.rsplit("/", 1)[1]}})
            self._tell("DELETED", place, {**gone, "metadata": {**gone["metadata"], "uid": uid_of(place)}})
            del self._made[place]
        for place, made in after.items():
            self._tell("MODIFIED" if place in self._made else "ADDED", place, made)
            self._made[place] = path

    def _owned(self) -> t.Iterator[tuple[str, Manifest]]:
        deployments = [(path, item) for path, item in self.store.items() if item["kind"] == "Deployment"]
        return (entry for path, item in deployments for entry in owned_by(path, item).items())

    def _tell(self, event: str, path: str, item: Manifest) -> None:
        version = next(self._versions)
        item["metadata"]["resourceVersion"] = str(version)
        self.events.append(Event(version, event, path, copy.deepcopy(item)))

    def _need_namespace(self, path: str) -> None:
        place = path.split("/namespaces/")
        if len(place) == 2 and "/" in place[1] and f"/api/v1/namespaces/{place[1].split('/')[0]}" not in self.store:
            raise ApiError(404, "NotFound", f'namespaces "{place[1].split("/")[0]}" not found', request=f"PATCH {path}")


def _group(version: str) -> Manifest:
    return {"name": version.partition("/")[0], "preferredVersion": {"groupVersion": version}}


def conflict(path: str, taken: t.Sequence[tuple[tuple[str, ...], str]]) -> ApiError:
    """What the API server says when another manager owns fields."""
    causes = [f'.{".".join(field)}: conflict with "{manager}"' for field, manager in taken]
    message = f"Apply failed with {len(taken)} conflicts: {'; '.join(causes)}"
    return ApiError(409, "Conflict", message, causes, f"PATCH {path}")


def not_found(path: str) -> ApiError:
    return ApiError(404, "NotFound", f'"{path.rsplit("/", 1)[1]}" not found', request=f"GET {path}")


def _conditions(method: str, body: Manifest | None) -> dict[str, str]:
    """The preconditions of a write, which are taken out of the object that comes with it."""
    if method == "DELETE":
        return dict((body or {}).get("preconditions") or {})
    metadata = (body or {}).get("metadata") or {}
    return {name: metadata.pop(name) for name in ("uid", "resourceVersion") if name in metadata}


def _identity(body: Manifest) -> Manifest:
    known = {key: body["metadata"][key] for key in ("name", "namespace") if key in body["metadata"]}
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": known}


def _metadata(path: str, previous: Manifest | None, bump: bool = False) -> Manifest:
    """What the API server keeps for itself."""
    known = (previous or {}).get("metadata") or {}
    generation = known.get("generation", 0) + bump
    return {"uid": known.get("uid", path), "creationTimestamp": "2026-11-23T12:00:00Z", "generation": generation}


def _lies_in(path: str, collection: str) -> bool:
    """Whether an object lies in a collection, of one namespace or of all."""
    holder, name = path.rsplit("/", 1)[0], collection.rsplit("/", 1)[1]
    return holder == collection or (
        "/namespaces/" not in collection
        and holder.startswith(f"{collection.rsplit('/', 1)[0]}/namespaces/")
        and holder.endswith(f"/{name}")
    )


def _is_selected(item: Manifest, selector: str) -> bool:
    """Whether the labels match `name=value,name`; a name alone asks for any value."""
    labels = item["metadata"].get("labels") or {}
    wanted = [pair.partition("=") for pair in selector.split(",") if pair]
    return all(name in labels and (not sign or labels[name] == value) for name, sign, value in wanted)


def _short(path: str) -> str:
    return "/".join(path.rsplit("/", 2)[1:])


def _deployment(item: Manifest) -> Manifest:
    wanted = item["spec"].get("replicas", 1)
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), wanted)
    return {**counts, "observedGeneration": item["metadata"]["generation"]}


HEALTHY: dict[str, Manifest] = {
    "HorizontalPodAutoscaler": {
        "conditions": [{"type": kind, "status": "True"} for kind in ("AbleToScale", "ScalingActive")]
    },
    "CustomResourceDefinition": {
        "conditions": [{"type": kind, "status": "True"} for kind in ("NamesAccepted", "Established")]
    },
    "Namespace": {"phase": "Active"},
}
