# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as data: what identifies one, and how secret values are taken out of them and put back."""

from __future__ import annotations

import base64
import copy
import math
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
    """Why this is no Kubernetes object, or an empty string; no value of a Secret is repeated."""
    if not isinstance(manifest, dict):
        return f"is a {type(manifest).__name__}, not an object"
    missing = [field for field in ("apiVersion", "kind") if not isinstance(manifest.get(field), str)]
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("name") in (None, ""):
        missing.append("metadata.name")
    if missing:
        return f"has no {', no '.join(missing)}"
    wrong = [*not_json(manifest), *_malformed_metadata(manifest["metadata"])]
    if wrong:
        return f"({named(manifest)}) has {'; '.join(wrong)}"
    return _malformed_values(manifest) if is_secret(manifest) else ""


def named(manifest: Manifest) -> str:
    """The object in words, when not even its name has to be right."""
    metadata = manifest["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{manifest['kind']} {place}{metadata['name']}"


def not_json(value: t.Any, path: str = "") -> t.Iterator[str]:
    """What inside a value has no form in JSON, with its field: dates, binary data, keys that are no text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str):
                yield from not_json(inner, f"{path}.{key}" if path else key)
            else:
                yield f"a key in {path or 'it'} that is no string but {key!r} (put it in quotes)"
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from not_json(inner, f"{path}[{place}]")
    elif isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield f"half a character (a lone surrogate) in {path}"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"a number in {path} that is none ({value})"
    elif not (value is None or isinstance(value, (bool, int, float))):
        kind = type(value).__name__
        hint = "give binary data as base64" if kind == "bytes" else "put it in quotes"
        yield f"a {kind} in {path} ({hint})"


def _malformed_metadata(metadata: Manifest) -> t.Iterator[str]:
    """Names and labels that are no strings: YAML reads `007`, `1e3`, `on` and `2026-11-30` as something else."""
    places = [(f"metadata.{field}", metadata[field]) for field in ("name", "namespace") if field in metadata]
    for field in ("labels", "annotations"):
        values = metadata.get(field)
        if isinstance(values, dict):
            places += [(f"metadata.{field}.{key}", value) for key, value in values.items()]
        elif values is not None:
            yield f"a metadata.{field} that is no dictionary"
    for path, value in places:
        if not isinstance(value, str):
            yield f"a {path} that is no string but {value!r} (put it in quotes)"


def is_secret(manifest: Manifest) -> bool:
    return bool(manifest["kind"] == "Secret" and manifest["apiVersion"] == "v1")


def _malformed_values(secret: Manifest) -> str:
    """Which values of a Secret cannot be taken out; the values themselves are not shown."""
    inspects: dict[str, tuple[t.Callable[[t.Any], bool], str]] = {
        "stringData": (_is_text, "a string (put it in quotes)"),
        "data": (_is_base64, "in base64"),
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


def _is_base64(value: t.Any) -> bool:
    if value == SECRET_MARK:
        return True
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        return False
    return True


def take_out_secrets(manifests: t.Iterable[Manifest]) -> tuple[list[Manifest], dict[str, str]]:
    """The manifests with every value of a Secret replaced by a mark, and the values by `<secret>/<key>`.

    Values leave as plain text whether they came as `stringData` or as base64 `data`; what is no text leaves in base64.
    """
    given = list(manifests)
    values = {
        f"{manifest['metadata']['name']}/{key}": value
        for manifest in filter(is_secret, given)
        for key, value in _plain_values(manifest).items()
    }
    return [_marked(manifest) if is_secret(manifest) else manifest for manifest in given], values


def _plain_values(secret: Manifest) -> dict[str, str]:
    decoded = {
        key: value if (text := _text(value)) is None else text for key, value in (secret.get("data") or {}).items()
    }
    return {**decoded, **(secret.get("stringData") or {})}


def _text(value: str) -> str | None:
    """What a value in base64 says; None when that is no text, or not written in the one way that comes back."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except UnicodeDecodeError:
        return None
    return text if base64.b64encode(text.encode()).decode() == value else None


def _marked(secret: Manifest) -> Manifest:
    clean = {field: value for field, value in secret.items() if field not in ("data", "stringData")}
    given = secret.get("stringData") or {}
    binary = [key for key, value in (secret.get("data") or {}).items() if key not in given and _text(value) is None]
    texts = [key for key in _plain_values(secret) if key not in binary]
    marked = {**clean, "stringData": dict.fromkeys(texts, SECRET_MARK)}
    return {**marked, "data": dict.fromkeys(binary, SECRET_MARK)} if binary else marked


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
    data = whole.get("data") or {}
    binary = {key: values[f"{name}/{key}"] for key, value in data.items() if value == SECRET_MARK}
    whole["data"] = {**data, **binary, **put_back}
    return whole


def displayed(item: t.Mapping[str, t.Any]) -> str:
    """How a finding names an object: `Kind namespace/name`, or `Kind name` outside of namespaces."""
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item['kind']} {place}{metadata['name']}"
