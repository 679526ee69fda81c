# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the components of the roles to the manifests of one release. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._objects.manifest import Key, Manifest, is_secret, key_of, malformed, put_back_secrets
from .apply_order import AROUND_WORKLOAD, ORDER, asked_order, in_order
from .content_hash import name_by_content
from .ownership import without_initial_replicas


class BadComponents(ClusterError):
    """The components are not what the roles' `component` tasks make."""

    finding_type = registry.BAD_COMPONENTS

    def __init__(self, message: str, next_step: str = "") -> None:
        self.own_next_step = next_step
        super().__init__(message)


@dataclasses.dataclass(frozen=True)
class Release:
    """What a release declares: complete manifests in the order of the stages, and replicas given at creation only.

    `kept` are objects among the manifests that are not written, with the reason: they must be there as they are.
    `components` says which objects each component brought, by their plain names; empty when nobody knows.
    """

    manifests: tuple[Manifest, ...]
    replicas: dict[Key, int]
    kept: t.Mapping[Key, str] = dataclasses.field(default_factory=dict)
    components: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)


def assemble(components: t.Mapping[str, t.Sequence[Manifest]], secret_values: t.Mapping[str, str]) -> Release:
    """Put the secret values back, name settings by content, hand replicas to the HPA. Raises BadComponents."""
    validate_objects(components)
    manifests = [manifest for component in components.values() for manifest in component]
    _validate_identities(components)
    _validate_order(manifests)
    _validate_secrets(manifests, secret_values)
    try:
        whole = put_back_secrets(manifests, secret_values)
    except KeyError as missing:
        raise BadComponents(f"The secret value {missing} is missing from secret_values.") from None
    kept, replicas = without_initial_replicas(name_by_content(whole))
    return Release(tuple(in_order(kept)), replicas, components=by_component(components))


def by_component(components: t.Mapping[str, t.Sequence[Manifest]]) -> dict[str, list[str]]:
    """The objects of each component as `<kind>/<name>`, not by the names that tell the content."""
    return {component: [plainly(manifest) for manifest in objects] for component, objects in components.items()}


def plainly(manifest: Manifest) -> str:
    """`<kind>/<name>` of one object as its component names it."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def validate_objects(components: t.Mapping[str, t.Sequence[Manifest]]) -> None:
    """Raises BadComponents for what is no list of Kubernetes objects."""
    wrong = [
        f"{name} is a {type(component).__name__}, not a list"
        for name, component in components.items()
        if not isinstance(component, (list, tuple))
    ]
    wrong = wrong or [
        f"{name}[{index}] {malformed(manifest)}"
        for name, component in components.items()
        for index, manifest in enumerate(component)
        if malformed(manifest)
    ]
    if wrong:
        raise BadComponents(f"Not Kubernetes objects: {'; '.join(wrong)}.")


def _validate_identities(components: t.Mapping[str, t.Sequence[Manifest]]) -> None:
    owners: dict[Key, list[str]] = {}
    for name, component in components.items():
        for manifest in component:
            owners.setdefault(key_of(manifest), []).append(name)
    twice = [f"{key} by {' and '.join(names)}" for key, names in owners.items() if len(names) > 1]
    if twice:
        raise BadComponents(f"Contributed more than once: {'; '.join(twice)}.")


def _validate_order(manifests: t.Iterable[Manifest]) -> None:
    wrong = [
        f"{key_of(manifest)} has the annotation {ORDER} {asked!r}"
        for manifest in manifests
        if (asked := asked_order(manifest)) and asked not in AROUND_WORKLOAD
    ]
    if wrong:
        raise BadComponents(f"An order that there is not: {'; '.join(wrong)}. It is {' or '.join(AROUND_WORKLOAD)}.")


def _validate_secrets(manifests: t.Iterable[Manifest], values: t.Mapping[str, t.Any]) -> None:
    """Values travel by the Secret's name, so a name may not occur in two namespaces."""
    wrong = [
        f"{name} is of type {type(value).__name__}, not text"
        for name, value in values.items()
        if not isinstance(value, str)
    ]
    if wrong:
        raise BadComponents(f"Secret values cannot be used: {'; '.join(wrong)}.")
    keys: dict[str, list[str]] = {}
    for key in sorted(key_of(manifest) for manifest in manifests if is_secret(manifest)):
        keys.setdefault(key.name, []).append(str(key))
    alike = [" and ".join(names) for names in keys.values() if len(names) > 1]
    if alike:
        raise BadComponents(f"Secrets of one name would share their values: {'; '.join(alike)}.")
