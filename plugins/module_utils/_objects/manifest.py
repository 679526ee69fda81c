# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as data: what identifies one, and how secret values are taken out of them and put back."""

from __future__ import annotations

import base64
import copy
import typing as t

Manifest = dict[str, t.Any]
SECRET_MARK = "(secret)"


class Key(t.NamedTuple):
    """What identifies an object in a cluster; `namespace` is empty for a cluster-scoped one."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def of_any_version(self) -> Key:
        """The key with the API group alone: the same for each version that one object can be read by."""
        return self._replace(api_version=self.api_version.rpartition("/")[0])


def key_of(manifest: Manifest) -> Key:
    """The identity of a manifest or of a live object."""
    metadata = manifest["metadata"]
    return Key(manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def malformed(manifest: t.Any) -> str:
    """Why this is no Kubernetes object, or an empty string."""
    if not isinstance(manifest, dict):
        return f"is a {type(manifest).__name__}, not an object"
    missing = [field for field in ("apiVersion", "kind") if not isinstance(manifest.get(field), str)]
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        missing.append("metadata.name")
    if missing:
        return f"has no {', no '.join(missing)}"
    return _malformed_values(manifest) if is_secret(manifest) else ""


def is_secret(manifest: Manifest) -> bool:
    return bool(manifest["kind"] == "Secret" and manifest["apiVersion"] == "v1")


def _malformed_values(secret: Manifest) -> str:
    """Which values of a Secret cannot be taken out; the values themselves are not shown."""
    inspects: dict[str, tuple[t.Callable[[t.Any], bool], str]] = {
        "stringData": (_is_text, "a string (put it in quotes)"),
        "data": (_is_base64_text, "text in base64"),
    }
    for field, (is_right, words) in inspects.items():
        values = secret.get(field) or {}
        if not isinstance(values, dict):
            return f"has a {field} that is no dictionary"
        wrong = [f"{field}.{key}" for key, value in values.items() if not is_right(value)]
        if wrong:
            return f"has a value that is not {words}: {', '.join(wrong)}"
    return ""


def _is_text(value: t.Any) -> bool:
    return isinstance(value, str)


def _is_base64_text(value: t.Any) -> bool:
    try:
        base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError):
        return False
    return True


def take_out_secrets(manifests: t.Iterable[Manifest]) -> tuple[list[Manifest], dict[str, str]]:
    """The manifests with every value of a Secret replaced by a mark, and the values by `<secret>/<key>`.

    Values leave as plain text whether they came as `stringData` or as base64 `data`; binary data is not supported.
    """
    given = list(manifests)
    values = {
        f"{manifest['metadata']['name']}/{key}": value
        for manifest in filter(is_secret, given)
        for key, value in _plain_values(manifest).items()
    }
    return [_marked(manifest) if is_secret(manifest) else manifest for manifest in given], values


def _plain_values(secret: Manifest) -> dict[str, str]:
    decoded = {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}
    return {**decoded, **(secret.get("stringData") or {})}


def _marked(secret: Manifest) -> Manifest:
    clean = {field: value for field, value in secret.items() if field not in ("data", "stringData")}
    return {**clean, "stringData": dict.fromkeys(_plain_values(secret), SECRET_MARK)}


def put_back_secrets(manifests: t.Iterable[Manifest], values: t.Mapping[str, str]) -> list[Manifest]:
    """The opposite of `take_out_secrets`, as base64 `data`: the form in which the cluster owns and compares it.

    Raises KeyError with `<secret>/<key>` when a value is missing.
    """
    return [_put_back(manifest, values) if is_secret(manifest) else manifest for manifest in manifests]


def _put_back(secret: Manifest, values: t.Mapping[str, str]) -> Manifest:
    whole = copy.deepcopy(secret)
    name = secret["metadata"]["name"]
    marked = whole.pop("stringData", None) or {}
    put_back = {key: base64.b64encode(values[f"{name}/{key}"].encode()).decode() for key in marked}
    whole["data"] = {**(whole.get("data") or {}), **put_back}
    return whole


def displayed(item: t.Mapping[str, t.Any]) -> str:
    """How a finding names an object: `Kind namespace/name`, or `Kind name` outside of namespaces."""
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item['kind']} {place}{metadata['name']}"
