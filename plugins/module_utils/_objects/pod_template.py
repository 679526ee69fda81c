# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods that a manifest runs, and the ConfigMaps and Secrets from which they take settings. Pure."""

from __future__ import annotations

import typing as t

from .manifest import Manifest


class Reference(t.NamedTuple):
    """A place in a pod that names a ConfigMap or Secret: the name stands in `field` of `holder`."""

    kind: str
    holder: Manifest
    field: str = "name"

    @property
    def name(self) -> str:
        return str(self.holder.get(self.field, ""))

    @property
    def is_optional(self) -> bool:
        """Whether the pod starts without it."""
        return bool(self.holder.get("optional"))


def pod_spec(manifest: Manifest) -> Manifest | None:
    """The pod template's spec of a workload, the spec of a Pod, or None."""
    spec = manifest.get("spec") or {}
    if manifest["kind"] == "Pod":
        return t.cast(Manifest, spec)
    if manifest["kind"] == "CronJob":
        spec = spec.get("jobTemplate", {}).get("spec", {})
    template = spec.get("template")
    return template.get("spec") if isinstance(template, dict) else None


def settings_of(pod: Manifest) -> t.Iterator[Reference]:
    """What its containers have in their environment or mounted, not the credentials for its images."""
    for container in containers_of(pod):
        yield from environment_of(container)
    for volume in pod.get("volumes") or ():
        yield from mounted_by(volume)


def containers_of(pod: Manifest) -> list[Manifest]:
    """Those that prepare the pod, then those that run in it."""
    return [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]


def environment_of(container: Manifest) -> t.Iterator[Reference]:
    """Whole sources, then single keys; the holder of these has a `key`."""
    for source in container.get("envFrom") or ():
        yield from _named(source, "configMapRef", "secretRef")
    for variable in container.get("env") or ():
        yield from _named(variable.get("valueFrom") or {}, "configMapKeyRef", "secretKeyRef")


def mounted_by(volume: Manifest) -> t.Iterator[Reference]:
    """The source of a volume, or each of a projected one."""
    if volume.get("configMap"):
        yield Reference("ConfigMap", volume["configMap"])
    if volume.get("secret"):
        yield Reference("Secret", volume["secret"], "secretName")
    for source in (volume.get("projected") or {}).get("sources") or ():
        yield from _named(source, "configMap", "secret")


def _named(source: Manifest, config_map: str, secret: str) -> t.Iterator[Reference]:
    for kind, place in (("ConfigMap", config_map), ("Secret", secret)):
        if source.get(place):
            yield Reference(kind, source[place])
