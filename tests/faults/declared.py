# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must and must not be there after a release, by its manifests alone: a reference that asks no code under test.

A comparison with an undisturbed run of the same code sees nothing of what that code always forgets.
"""

from __future__ import annotations

import base64
import itertools
import typing as t

Manifest = dict[str, t.Any]
Identity = tuple[str, str]
"""(kind, name)"""
Live = t.Mapping[Identity, Manifest]
REFERENCES = {
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMap": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
    "secret": ("Secret", "secretName"),
}
"""Fields of a pod that refer to settings: of which kind, and where the name is."""


class Declared(t.NamedTuple):
    """A release as it is given to the module: components, and secret values as `<Secret>/<key>`."""

    components: t.Mapping[str, t.Sequence[Manifest]]
    values: t.Mapping[str, str]

    @property
    def manifests(self) -> list[Manifest]:
        return list(itertools.chain.from_iterable(self.components.values()))


def problems(wanted: Declared, remembered: t.Iterable[Declared], live: Live) -> list[str]:
    """What is missing, different or too much among the `live` objects of a release.

    Settings that are named by content may stay as long as the history remembers a release that has them.
    """
    settings = _settings(wanted, live)
    found = [f"{kind} {name}: no copy holds the declared values" for (kind, name), at in settings.items() if not at]
    names = {identity: min(at) for identity, at in settings.items() if at}
    allowed = {(kind, name) for (kind, dummy), name in names.items()}
    for manifest in wanted.manifests:
        identity = (manifest["kind"], manifest["metadata"]["name"])
        if identity in settings:
            continue
        allowed.add(identity)
        found += _differences(identity, _as_applied(manifest, wanted, names), live.get(identity))
    for previous in remembered:
        allowed |= {(kind, name) for (kind, dummy), at in _settings(previous, live).items() for name in at}
    return found + [f"{kind} {name} must not be there" for kind, name in sorted(live.keys() - allowed)]


def _settings(declared: Declared, live: Live) -> dict[Identity, set[str]]:
    """Where each immutable object of a release lies: its name with something behind it, and its very values."""
    found = {}
    for manifest in declared.manifests:
        if manifest.get("immutable"):
            kind, name = manifest["kind"], manifest["metadata"]["name"]
            data = _data(manifest, declared.values)
            copies = ((key, item) for key, item in live.items() if key[0] == kind and key[1].startswith(f"{name}-"))
            found[kind, name] = {key[1] for key, item in copies if item.get("data") == data}
    return found


def _data(manifest: Manifest, values: t.Mapping[str, str]) -> dict[str, str]:
    if "stringData" not in manifest:
        return dict(manifest.get("data") or {})
    given = {key: values[f"{manifest['metadata']['name']}/{key}"] for key in manifest["stringData"]}
    return {key: base64.b64encode(value.encode()).decode() for key, value in given.items()}


def _as_applied(manifest: Manifest, declared: Declared, names: t.Mapping[Identity, str]) -> Manifest:
    """With the names that its settings have, and without the replicas that an autoscaler sees to."""
    applied = t.cast("Manifest", _renamed(manifest, names))
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in declared.manifests if "scaleTargetRef" in _spec(each)}
    if manifest["kind"] in ("Deployment", "StatefulSet") and manifest["metadata"]["name"] in scaled:
        applied["spec"].pop("replicas", None)
    return applied


def _spec(manifest: Manifest) -> Manifest:
    return t.cast("Manifest", manifest.get("spec") or {})


def _renamed(value: t.Any, names: t.Mapping[Identity, str]) -> t.Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(item, names) for key, item in value.items()}
    for field, (kind, key) in REFERENCES.items():
        target = renamed.get(field)
        if isinstance(target, dict) and (kind, target.get(key)) in names:
            renamed[field] = {**target, key: names[kind, target[key]]}
    return renamed


def _differences(identity: Identity, declared: Manifest, live: Manifest | None) -> list[str]:
    where = " ".join(identity)
    return [f"{where} is missing"] if live is None else [f"{where}: {each}" for each in _unlike(declared, live)]


def _unlike(declared: t.Any, live: t.Any, path: str = "") -> t.Iterator[str]:
    """The declared fields that are not there as they were declared; what the server adds does not count."""
    if isinstance(declared, dict) and isinstance(live, dict):
        for key, value in declared.items():
            yield from _unlike(value, live.get(key), f"{path}.{key}")
    elif isinstance(declared, list) and isinstance(live, list) and len(declared) == len(live):
        for place, (value, there) in enumerate(zip(declared, live, strict=True)):
            yield from _unlike(value, there, f"{path}[{place}]")
    elif declared != live:
        yield f"{path.lstrip('.')} is {live!r} and was declared as {declared!r}"
