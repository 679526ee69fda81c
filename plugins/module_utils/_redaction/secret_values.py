# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that Secrets hold, and which Secrets the pods of a release can read. Pure."""

from __future__ import annotations

import base64
import binascii
import typing as t

from .._objects.manifest import Manifest
from .._objects.pod_template import pod_spec, settings_of

HELM_RECORD, OWN_RECORD = "helm.sh/release.v1", "maestro.intelgraph.ai/release.v1"
RECORDS = frozenset({HELM_RECORD, OWN_RECORD})
"""Types of Secrets that hold what a release was, packed, and no value that a pod reads."""


def secret_values(secrets: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, str]:
    """The values of all Secrets by `<name>/<key>`; certificates and records of releases are none."""
    values = {}
    for secret in secrets:
        for key, encoded in (secret.get("data") or {}).items() if secret.get("type") not in RECORDS else ():
            value = _decoded(encoded)
            is_certificate = "-----BEGIN CERTIFICATE" in value and "PRIVATE KEY" not in value
            if value and not is_certificate:
                values[f"{secret['metadata']['name']}/{key}"] = value
    return values


def readable_secrets(manifests: t.Iterable[Manifest]) -> set[str]:
    """The names of the Secrets that pods of these manifests can read, or that something among them writes for them.

    That is what their environment and volumes name, projected ones included, the credentials of their images, and what
    External Secrets and certificates are written to.
    """
    found: set[str] = set()
    for manifest in manifests:
        pod = pod_spec(manifest) or {}
        found |= {reference.name for reference in settings_of(pod) if reference.kind == "Secret"}
        accounts = (pod, manifest) if manifest["kind"] == "ServiceAccount" else (pod,)
        found |= {str(each.get("name", "")) for holder in accounts for each in holder.get("imagePullSecrets") or ()}
        found |= _written(manifest)
    return found - {""}


def _written(manifest: Manifest) -> set[str]:
    name, spec = manifest["metadata"]["name"], manifest.get("spec") or {}
    if manifest["kind"] == "Secret":
        return {name}
    if manifest["kind"] == "ExternalSecret":
        return {str((spec.get("target") or {}).get("name") or name)}
    return {str(spec.get("secretName", ""))} if manifest["kind"] == "Certificate" else set()


def _decoded(encoded: t.Any) -> str:
    try:
        return base64.b64decode(str(encoded or "")).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""
