# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that manifests name without bringing them: Secrets, ConfigMaps, issuers, stores, classes."""

from __future__ import annotations

import dataclasses
import typing as t

from .._objects.manifest import Key, Manifest, key_of
from .._objects.pod_template import Reference, containers_of, environment_of, mounted_by

REQUIRED_KEYS = "maestro.intelgraph.ai/required-keys"
CERT_MANAGER = "cert-manager.io/v1"
EXTERNAL_SECRETS = "external-secrets.io/v1"
GATEWAY = "gateway.networking.k8s.io/v1"


@dataclasses.dataclass(frozen=True)
class Dependency:
    """`user` names `target` and does not work without it; `keys` are the data keys that it reads."""

    user: Key
    target: Key
    keys: tuple[str, ...] = ()


def all_references(manifests: t.Iterable[Manifest], namespace: str) -> list[Dependency]:
    """Every reference of every manifest, one for each user and target, with all keys that the user reads."""
    keys: dict[tuple[Key, Key], tuple[str, ...]] = {}
    for manifest in manifests:
        user = key_of(manifest)
        reader = READERS.get(manifest["kind"])
        for target, names in reader(manifest, namespace) if reader else ():
            keys[user, target] = tuple(dict.fromkeys((*keys.get((user, target), ()), *names)))
    return [Dependency(user, target, names) for (user, target), names in keys.items()]


def made_by(manifest: Manifest) -> Key | None:
    """The Secret that a controller makes from this manifest."""
    spec, metadata = manifest.get("spec") or {}, manifest["metadata"]
    if manifest["kind"] == "Certificate":
        return Key("v1", "Secret", metadata["namespace"], spec["secretName"])
    if manifest["kind"] == "ExternalSecret":
        name = (spec.get("target") or {}).get("name") or metadata["name"]
        return Key("v1", "Secret", metadata["namespace"], name)
    return None


def keys_made(manifest: Manifest) -> frozenset[str] | None:
    """The data keys that a Secret, ConfigMap or ExternalSecret will have; None when it does not say."""
    if manifest["kind"] == "ExternalSecret":
        return _keys_copied(manifest["spec"])
    if manifest["kind"] in ("Secret", "ConfigMap"):
        return frozenset({*(manifest.get("data") or {}), *(manifest.get("stringData") or {})})
    return None


def _keys_copied(spec: Manifest) -> frozenset[str] | None:
    """What is fetched, unless a template says otherwise: its keys take the place of the fetched ones or join them."""
    template = (spec.get("target") or {}).get("template") or {}
    made = frozenset(template.get("data") or ())
    if template.get("templateFrom"):
        return None
    if made and template.get("mergePolicy") != "Merge":
        return made
    if spec.get("dataFrom"):
        return None
    return made.union(item["secretKey"] for item in spec.get("data") or ())


Found = t.Iterator[tuple[Key, tuple[str, ...]]]


def _secret(namespace: str, name: str) -> Key:
    return Key("v1", "Secret", namespace, name)


def _of_workload(manifest: Manifest, namespace: str) -> Found:
    template = manifest["spec"]["template"]
    spec = template["spec"]
    required = _required_keys(manifest)
    for container in containers_of(spec):
        yield from _of_environment(container, namespace, required)
    for volume in spec.get("volumes") or ():
        yield from _of_volume(volume, namespace)
    for item in spec.get("imagePullSecrets") or ():
        yield _secret(namespace, item["name"]), (".dockerconfigjson",)
    if spec.get("serviceAccountName"):
        yield Key("v1", "ServiceAccount", namespace, spec["serviceAccountName"]), ()
    if spec.get("priorityClassName"):
        yield Key("scheduling.k8s.io/v1", "PriorityClass", "", spec["priorityClassName"]), ()


def _required_keys(manifest: Manifest) -> tuple[str, ...]:
    """The keys of the application's Secret, declared on the workload or on its pods, separated by commas."""
    template = manifest["spec"]["template"]
    for metadata in (manifest["metadata"], template.get("metadata") or {}):
        text = (metadata.get("annotations") or {}).get(REQUIRED_KEYS)
        if text:
            return tuple(part.strip() for part in text.split(",") if part.strip())
    return ()


def _of_environment(container: Manifest, namespace: str, required: tuple[str, ...]) -> Found:
    for reference in environment_of(container):
        if not reference.is_optional:
            whole = required if reference.kind == "Secret" else ()
            yield _target(reference, namespace), (reference.holder["key"],) if "key" in reference.holder else whole


def _of_volume(volume: Manifest, namespace: str) -> Found:
    if "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"]["claimName"]
        yield Key("v1", "PersistentVolumeClaim", namespace, claim), ()
    for reference in mounted_by(volume):
        if reference.name and not reference.is_optional:
            yield _target(reference, namespace), tuple(item["key"] for item in reference.holder.get("items") or ())


def _target(reference: Reference, namespace: str) -> Key:
    return Key("v1", reference.kind, namespace, reference.name)


def _of_service_account(manifest: Manifest, namespace: str) -> Found:
    for item in manifest.get("imagePullSecrets") or ():
        yield _secret(namespace, item["name"]), (".dockerconfigjson",)


def _of_ingress(manifest: Manifest, namespace: str) -> Found:
    for item in manifest["spec"].get("tls") or ():
        if item.get("secretName"):
            yield _secret(namespace, item["secretName"]), ("tls.crt", "tls.key")


def _of_gateway(manifest: Manifest, namespace: str) -> Found:
    for listener in manifest["spec"].get("listeners") or ():
        for item in (listener.get("tls") or {}).get("certificateRefs") or ():
            if item.get("kind", "Secret") == "Secret":
                yield _secret(item.get("namespace", namespace), item["name"]), ("tls.crt", "tls.key")


def _of_route(manifest: Manifest, namespace: str) -> Found:
    for item in manifest["spec"].get("parentRefs") or ():
        if item.get("kind", "Gateway") == "Gateway":
            yield Key(GATEWAY, "Gateway", item.get("namespace", namespace), item["name"]), ()


def _of_certificate(manifest: Manifest, namespace: str) -> Found:
    issuer = manifest["spec"]["issuerRef"]
    if issuer.get("group", "cert-manager.io") != "cert-manager.io":
        return
    kind = issuer.get("kind", "Issuer")
    yield Key(CERT_MANAGER, kind, namespace if kind == "Issuer" else "", issuer["name"]), ()


def _of_issuer(manifest: Manifest, namespace: str) -> Found:
    authority = manifest["spec"].get("ca")
    if authority:
        yield _secret(namespace, authority["secretName"]), ("tls.crt", "tls.key")


def _of_external_secret(manifest: Manifest, namespace: str) -> Found:
    store = manifest["spec"].get("secretStoreRef") or {}
    if store.get("name"):
        kind = store.get("kind", "SecretStore")
        yield Key(EXTERNAL_SECRETS, kind, namespace if kind == "SecretStore" else "", store["name"]), ()


def _of_alertmanager(manifest: Manifest, namespace: str) -> Found:
    for receiver in manifest["spec"].get("receivers") or ():
        for field, secret in (("pagerdutyConfigs", "routingKey"), ("slackConfigs", "apiURL")):
            for item in receiver.get(field) or ():
                if secret in item:
                    yield _secret(namespace, item[secret]["name"]), (item[secret]["key"],)


def _of_binding(manifest: Manifest, namespace: str) -> Found:
    role = manifest["roleRef"]
    scope = namespace if role["kind"] == "Role" else ""
    yield Key("rbac.authorization.k8s.io/v1", role["kind"], scope, role["name"]), ()


READERS: dict[str, t.Callable[[Manifest, str], Found]] = {
    "Deployment": _of_workload,
    "StatefulSet": _of_workload,
    "ServiceAccount": _of_service_account,
    "Ingress": _of_ingress,
    "Gateway": _of_gateway,
    "HTTPRoute": _of_route,
    "Certificate": _of_certificate,
    "Issuer": _of_issuer,
    "ExternalSecret": _of_external_secret,
    "AlertmanagerConfig": _of_alertmanager,
    "RoleBinding": _of_binding,
}
