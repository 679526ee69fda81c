# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster has, as plain values: what the checks judge."""

from __future__ import annotations

import dataclasses
import typing as t

from .._cluster.api_resources import Kind
from .._cluster.batch_get import Reached
from .._objects.manifest import Key, Manifest
from .permissions import Permission
from .pod_resources import ZONE, Use
from .resource_math import Amounts

Fact = t.TypeVar("Fact")


@dataclasses.dataclass(frozen=True)
class Unknown:
    """A fact that could not be had: what was asked (`list nodes`), and the server's words.

    `tolerable` when that is no fault of the API server: the account may not read it, or there is too much of it.
    """

    asked: str
    why: str
    tolerable: bool = False


@dataclasses.dataclass(frozen=True)
class Node:
    name: str
    labels: t.Mapping[str, str]
    taints: tuple[Manifest, ...]
    allocatable: Amounts
    ready: bool
    schedulable: bool
    kubelet: str

    @property
    def zone(self) -> str:
        return self.labels.get(ZONE, "")


@dataclasses.dataclass(frozen=True)
class Pod:
    """A pod that has not ended; `node` is empty while it waits for one."""

    namespace: str
    node: str
    labels: t.Mapping[str, str]
    use: Use
    name: str = ""


class Controller(t.NamedTuple):
    """A Deployment or DaemonSet known by the image that it runs."""

    software: str
    where: str
    version: str
    ready: int
    required: int

    @property
    def namespace(self) -> str:
        return self.where.partition(" ")[2].partition("/")[0]


@dataclasses.dataclass(frozen=True)
class StorageClass:
    provisioner: str
    default: bool = False
    binding: str = "Immediate"


@dataclasses.dataclass(frozen=True)
class Namespace:
    labels: t.Mapping[str, str]
    terminating_since: str = ""
    held_by: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Pending:
    """A release that was begun and has no end in the history, or a lock that is held.

    `record` names what the history has (empty when only the lock is there), `holder` who holds the lock (empty when
    nobody does).
    """

    record: str
    holder: str
    lease_seconds_left: float


@dataclasses.dataclass(frozen=True)
class Refusal:
    """What the API server said of a dry run."""

    status: int
    message: str


@dataclasses.dataclass(frozen=True)
class PreflightSnapshot:
    """One look at a cluster. A fact that nothing needed is empty; one that could not be had is Unknown.

    `served` has None for a group version that the cluster does not serve, `live` None for an object that is not
    there. `metrics` is empty when the metrics API answers, else why not. `backed` says of a Service whether anything
    ready stands behind it. `namespaces` are the names of all, None where no policy names any.
    """

    host: str
    uid: str | Unknown = ""
    version: str | Unknown = ""
    served: t.Mapping[str, t.Mapping[str, Kind] | Unknown | None] = dataclasses.field(default_factory=dict)
    metrics: str | Unknown = ""
    nodes: tuple[Node, ...] | Unknown = ()
    pods: tuple[Pod, ...] | Unknown = ()
    own_pods: tuple[Pod, ...] | Unknown = ()
    autoscaled: bool | Unknown = False
    storage_classes: t.Mapping[str, StorageClass] | Unknown = dataclasses.field(default_factory=dict)
    ingress_classes: t.Mapping[str, str] | Unknown = dataclasses.field(default_factory=dict)
    gateway_classes: t.Mapping[str, str] | Unknown = dataclasses.field(default_factory=dict)
    controllers: tuple[Controller, ...] | Unknown = ()
    namespace: Namespace | Unknown | None = None
    namespaces: frozenset[str] | Unknown | None = None
    quotas: tuple[Manifest, ...] | Unknown = ()
    limit_ranges: tuple[Manifest, ...] | Unknown = ()
    live: t.Mapping[Key, Manifest | Unknown | None] = dataclasses.field(default_factory=dict)
    pending: Pending | Unknown | None = None
    denied: tuple[Permission, ...] = ()
    undecided: tuple[Unknown, ...] = ()
    dry_runs: t.Mapping[Key, Refusal | Unknown | None] = dataclasses.field(default_factory=dict)
    endpoints: tuple[Reached, ...] = ()
    backed: t.Mapping[Key, bool | Unknown] = dataclasses.field(default_factory=dict)

    def unknowns(self) -> list[Unknown]:
        """Every fact that could not be had, once."""
        fields = (getattr(self, field.name) for field in dataclasses.fields(self))
        return list(dict.fromkeys(item for field in fields for item in _inside(field) if isinstance(item, Unknown)))


def _inside(field: t.Any) -> t.Iterable[t.Any]:
    if isinstance(field, t.Mapping):
        return field.values()
    return field if isinstance(field, tuple) else (field,)


def known(fact: Fact | Unknown, otherwise: Fact) -> Fact:
    """The fact, or what to go on with when it could not be had (the judgement reports that apart)."""
    return otherwise if isinstance(fact, Unknown) else fact
