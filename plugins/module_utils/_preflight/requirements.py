# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release needs from its cluster, read off its manifests."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .._objects.manifest import Key, Manifest, key_of
from .references import Dependency, all_references

WORKLOAD_KINDS = ("Deployment", "StatefulSet")
DEFAULT_SURGE = "25%"


@dataclasses.dataclass(frozen=True)
class RequiredWorkload:
    """What runs pods: at most `maximum + surge` of them at once."""

    key: Key
    minimum: int
    maximum: int
    surge: int
    pod: Manifest
    selector: t.Mapping[str, str]

    @property
    def most(self) -> int:
        return self.maximum + self.surge

    @property
    def spec(self) -> Manifest:
        """The pod spec."""
        return t.cast(Manifest, self.pod["spec"])


@dataclasses.dataclass(frozen=True)
class Claim:
    """A volume that has to be provisioned. `each_pod` tells one volume for each pod from one for all of them."""

    owner: Key
    name: str
    spec: Manifest
    each_pod: bool

    @property
    def storage_class(self) -> str | None:
        """The class by name; None is the cluster's default one."""
        return self.spec.get("storageClassName")

    @property
    def access_modes(self) -> tuple[str, ...]:
        return tuple(self.spec.get("accessModes") or ())


@dataclasses.dataclass(frozen=True)
class Needs:
    """Everything that the checks ask of the manifests."""

    name: str
    namespace: str
    components: t.Mapping[str, tuple[Manifest, ...]]
    workloads: tuple[RequiredWorkload, ...]
    claims: tuple[Claim, ...]
    references: tuple[Dependency, ...]

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return tuple(manifest for manifests in self.components.values() for manifest in manifests)

    @property
    def keys(self) -> frozenset[Key]:
        return frozenset(map(key_of, self.manifests))

    def of_kind(self, kind: str) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest["kind"] == kind]

    @property
    def versions(self) -> tuple[str, ...]:
        """Every apiVersion that is used."""
        return tuple(sorted({manifest["apiVersion"] for manifest in self.manifests}))

    @property
    def kinds(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The components that use each (apiVersion, kind)."""
        used: dict[tuple[str, str], tuple[str, ...]] = {}
        for component, manifests in self.components.items():
            for manifest in manifests:
                identity = manifest["apiVersion"], manifest["kind"]
                used[identity] = tuple(dict.fromkeys((*used.get(identity, ()), component)))
        return used


def needs_of(components: t.Mapping[str, t.Sequence[Manifest]], name: str, namespace: str) -> Needs:
    """Read the needs of a release called `name` off what its roles contributed."""
    saved = {component: tuple(manifests) for component, manifests in components.items()}
    manifests = [manifest for each in saved.values() for manifest in each]
    return Needs(
        name=name,
        namespace=namespace,
        components=saved,
        workloads=tuple(_workload(item, manifests) for item in manifests if item["kind"] in WORKLOAD_KINDS),
        claims=tuple(claim for item in manifests for claim in _claims(item)),
        references=tuple(all_references(manifests, namespace)),
    )


def _workload(manifest: Manifest, manifests: t.Iterable[Manifest]) -> RequiredWorkload:
    spec = manifest["spec"]
    minimum, maximum = _bounds(manifest, manifests)
    return RequiredWorkload(
        key=key_of(manifest),
        minimum=minimum,
        maximum=maximum,
        surge=_surge(manifest, maximum),
        pod=_pod(spec),
        selector=spec["selector"].get("matchLabels") or {},
    )


def _pod(spec: Manifest) -> Manifest:
    """The pod template, with the volumes that a StatefulSet's controller adds for its claims."""
    template: Manifest = spec["template"]
    names = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates") or ()]
    added = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    volumes = [*(template["spec"].get("volumes") or ()), *added]
    return {**template, "spec": {**template["spec"], "volumes": volumes}} if added else template


def _bounds(manifest: Manifest, manifests: t.Iterable[Manifest]) -> tuple[int, int]:
    """The fewest and the most replicas: an autoscaler's, else the manifest's own."""
    for other in manifests:
        target = other.get("spec", {}).get("scaleTargetRef") or {}
        if (target.get("kind"), target.get("name")) == (manifest["kind"], manifest["metadata"]["name"]):
            return other["spec"].get("minReplicas", 1), other["spec"]["maxReplicas"]
    replicas = manifest["spec"].get("replicas", 1)
    return replicas, replicas


def _surge(manifest: Manifest, replicas: int) -> int:
    """Pods that a rolling update starts beyond the replicas; a percentage is rounded up, as Kubernetes does."""
    strategy = manifest["spec"].get("strategy") or {}
    if manifest["kind"] != "Deployment" or strategy.get("type") == "Recreate":
        return 0
    surge = (strategy.get("rollingUpdate") or {}).get("maxSurge", DEFAULT_SURGE)
    return math.ceil(replicas * int(surge[:-1]) / 100) if isinstance(surge, str) else int(surge)


def _claims(manifest: Manifest) -> t.Iterator[Claim]:
    if manifest["kind"] == "PersistentVolumeClaim":
        yield Claim(key_of(manifest), manifest["metadata"]["name"], manifest["spec"], each_pod=False)
    if manifest["kind"] not in WORKLOAD_KINDS:
        return
    owner, spec = key_of(manifest), manifest["spec"]
    for template in spec.get("volumeClaimTemplates") or ():
        yield Claim(owner, template["metadata"]["name"], template["spec"], each_pod=True)
    for volume in spec["template"]["spec"].get("volumes") or ():
        if "ephemeral" in volume:
            yield Claim(owner, volume["name"], volume["ephemeral"]["volumeClaimTemplate"]["spec"], each_pod=True)
