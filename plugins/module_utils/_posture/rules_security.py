# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that keep others out: Pod Security, containers, the ServiceAccount's token, settings, the network."""

from __future__ import annotations

import re
import typing as t

from .._health.facts import Live
from .._objects.label_selector import selects
from .._objects.manifest import displayed
from .permissions import violations
from .view import PostureView, containers, pod_labels, pod_spec
from .violation import Violation

UID = 10001
LEVEL = "pod-security.kubernetes.io/enforce"
PINNED = re.compile(r"v1\.\d+")
CONTENT_NAME = re.compile(r".+-[0-9a-f]{10}")
PROFILES = ("RuntimeDefault", "Localhost")
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")
DIRECTIONS = {"Ingress": ("ingress", "from", "in from"), "Egress": ("egress", "to", "out to")}
EVERYWHERE = ("0.0.0.0/0", "::/0")
Settings = t.Mapping[str, t.Any]


def pod_security(view: PostureView) -> t.Iterator[Violation]:
    """The labels that make the API server refuse pods."""
    for namespace in view.of("Namespace"):
        labels = namespace["metadata"].get("labels") or {}
        level, version = labels.get(LEVEL, ""), labels.get(f"{LEVEL}-version", "")
        if level != "restricted":
            yield Violation(displayed(namespace), f"It enforces {level or 'nothing'} ({LEVEL}), not restricted")
        elif not PINNED.fullmatch(version):
            yield Violation(
                displayed(namespace),
                f"What it enforces changes with the cluster: {LEVEL}-version is {version or 'not set'}",
            )


def container(view: PostureView) -> t.Iterator[Violation]:
    """The template's containers, and those of running pods, which a webhook may have changed or added to."""
    for workload in view.workloads():
        template = pod_spec(workload)
        own = {each["name"] for each in containers(template)}
        specs = [template, *(pod["spec"] for pod in _pods_of(view, workload))]
        reported = [Violation(displayed(workload), message) for spec in specs for message in _pod(spec)]
        for spec in specs:
            for each in containers(spec):
                strange = "" if each["name"] in own else " (added to the pods by somebody else)"
                messages = _container(each, spec.get("securityContext") or {}, own=not strange)
                reported += [Violation(displayed(workload), message + strange, each["name"]) for message in messages]
        yield from dict.fromkeys(reported)


def _pods_of(view: PostureView, workload: Live) -> list[Live]:
    selector = workload["spec"].get("selector")
    return [pod for pod in view.pods if selects(selector, pod["metadata"].get("labels") or {})]


def _pod(spec: Live) -> t.Iterator[str]:
    for field in HOST_FIELDS:
        if spec.get(field):
            yield f"Its pods share the node's own ({field})"
    for volume in spec.get("volumes") or ():
        if "hostPath" in volume:
            yield f"Volume {volume['name']} is a path of the node (hostPath {volume['hostPath'].get('path')})"


def _container(item: Live, pod: Settings, own: bool) -> t.Iterator[str]:
    """What a container may do that it should not; `pod` is the pod's security context."""
    context = item.get("securityContext") or {}
    capabilities = context.get("capabilities") or {}
    user = context.get("runAsUser", pod.get("runAsUser"))
    profile = (context.get("seccompProfile") or pod.get("seccompProfile") or {}).get("type")
    if own and user != UID:
        yield f"It runs as {'the image says' if user is None else f'UID {user}'}, not as UID {UID}"
    if context.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True or user == 0:
        yield "It may run as root (runAsNonRoot is not true)"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "It may write to its root file system"
    if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
        yield "It may gain privileges (allowPrivilegeEscalation is not false)"
    if "ALL" not in (capabilities.get("drop") or ()) or capabilities.get("add"):
        added = ", ".join(capabilities.get("add") or ())
        yield f"It has capabilities ({added})" if added else "It keeps the default capabilities (drop lacks ALL)"
    if profile not in PROFILES:
        yield "It may make every system call (no seccomp profile)"
    limits = (item.get("resources") or {}).get("limits") or {}
    if own and "memory" not in limits:
        yield "Nothing limits its memory"


def service_account(view: PostureView) -> t.Iterator[Violation]:
    """Whose name the pods bear towards the API server, and whether they hold its token for nothing."""
    for workload in view.workloads():
        spec = pod_spec(workload)
        name = spec.get("serviceAccountName") or "default"
        account = view.find("ServiceAccount", name)
        if name == "default":
            yield Violation(
                displayed(workload), "Its pods use the ServiceAccount default, which others may use as well"
            )
        given = spec.get("automountServiceAccountToken", (account or {}).get("automountServiceAccountToken", True))
        if given and not view.of("Role"):
            message = f"Its pods hold a token of ServiceAccount {name}, though the release grants it nothing"
            yield Violation(displayed(workload), message)


def settings(view: PostureView) -> t.Iterator[Violation]:
    """The release's own ConfigMaps and Secrets that pods read. Those that are only named are their owner's matter."""
    used = {name for workload in view.workloads() for name in referred(pod_spec(workload))}
    for item in view.of("ConfigMap", "Secret"):
        if (item["kind"], item["metadata"]["name"]) not in used:
            continue
        if item.get("immutable") is not True:
            yield Violation(displayed(item), "Pods read it and it may be changed under them (immutable is not true)")
        elif not CONTENT_NAME.fullmatch(item["metadata"]["name"]):
            yield Violation(displayed(item), "Pods read it and its name does not change with its content")


def referred(value: t.Any) -> set[tuple[str, str]]:
    """(kind, name) of each ConfigMap and Secret that is named anywhere in a pod's spec."""
    if isinstance(value, list):
        return {found for each in value for found in referred(each)}
    if not isinstance(value, dict):
        return set()
    found = {pair for each in value.values() for pair in referred(each)}
    for field, target in value.items():
        kind = "ConfigMap" if field.startswith("configMap") else "Secret" if field.startswith("secret") else ""
        if kind and isinstance(target, dict):
            found.add((kind, str(target.get("name") or target.get("secretName") or "")))
    return found


def network(view: PostureView) -> t.Iterator[Violation]:
    """A denial of everything in both directions, and no policy that takes it back."""
    policies = view.of("NetworkPolicy")
    for workload in view.workloads():
        about = [item for item in policies if selects(item["spec"].get("podSelector") or {}, pod_labels(workload))]
        for direction, (field, peers, words) in DIRECTIONS.items():
            bound = [item for item in about if direction in _types(item["spec"])]
            if not any(not item["spec"].get(field) for item in bound):
                yield Violation(displayed(workload), f"No policy denies what comes {words} everywhere by default")
            for item in bound:
                if any(_is_open(rule, peers, direction) for rule in item["spec"].get(field) or ()):
                    yield Violation(displayed(item), f"It lets everything {words} everywhere")


def _types(spec: Live) -> t.Sequence[str]:
    """The directions that a policy is about, by Kubernetes' own rule where it does not say."""
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]


def _is_open(rule: Settings, field: str, direction: str) -> bool:
    """No peer named means all of them; a named port is a bound on the way out, none on the way in."""
    peers = rule.get(field) or ()
    anywhere = not peers or any((peer.get("ipBlock") or {}).get("cidr") in EVERYWHERE for peer in peers)
    return anywhere and (not rule.get("ports") or (direction == "Ingress" and not peers))


def permissions(view: PostureView) -> t.Iterator[Violation]:
    """What the pods' account may do beside what the release's Role grants it."""
    if view.access is not None:
        yield from violations(view.declared, view.access)
