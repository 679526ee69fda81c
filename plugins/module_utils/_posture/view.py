# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules look at: the objects of one release in one namespace, live or as it declares them."""

from __future__ import annotations

import dataclasses
import typing as t

from .._health.facts import Live
from .permissions import Access

WORKLOADS = ("Deployment", "StatefulSet")


@dataclasses.dataclass(frozen=True)
class PostureView:
    """The objects of a release, live or declared.

    `pods` are its running ones and `access` what its account may do, beside `declared`, the manifests that say what it
    should: all three are empty where the objects are those that the release declares.
    """

    name: str
    namespace: str
    objects: tuple[Live, ...]
    pods: tuple[Live, ...] = ()
    declared: tuple[Live, ...] = ()
    access: Access | None = None

    def of(self, *kinds: str) -> list[Live]:
        """The objects of these kinds, in their order."""
        return [item for item in self.objects if item["kind"] in kinds]

    def find(self, kind: str, name: str) -> Live | None:
        return next((item for item in self.of(kind) if item["metadata"]["name"] == name), None)

    def workloads(self) -> list[Live]:
        """What runs the pods."""
        return self.of(*WORKLOADS)

    def displayed(self, kind: str, name: str = "") -> str:
        """How a finding names an object, also one that does not exist."""
        return f"{kind} {self.namespace}/{name or self.name}"

    def autoscaler_of(self, workload: Live) -> Live | None:
        target = (workload["kind"], workload["metadata"]["name"])
        return next((item for item in self.of("HorizontalPodAutoscaler") if _target_of(item) == target), None)

    def fewest_pods(self, workload: Live) -> int:
        """The number of pods that the workload may have at its smallest."""
        autoscaler = self.autoscaler_of(workload)
        if autoscaler is not None:
            return int(autoscaler["spec"].get("minReplicas") or 1)
        return int(workload["spec"].get("replicas", 1))


def pod_spec(workload: Live) -> Live:
    return t.cast("Live", workload["spec"]["template"]["spec"])


def pod_labels(workload: Live) -> t.Mapping[str, str]:
    return workload["spec"]["template"]["metadata"].get("labels") or {}


def containers(spec: Live) -> list[Live]:
    """All containers of a pod, those that start before the others first."""
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def _target_of(autoscaler: Live) -> tuple[str, str]:
    target = autoscaler["spec"]["scaleTargetRef"]
    return target["kind"], target["name"]


def amount(value: int | str | None, total: int, round_up: bool) -> int:
    """A number of pods out of `total` that is given as such or in percent (rounded as Kubernetes does there)."""
    text = str(value or 0)
    if not text.endswith("%"):
        return int(text)
    share = int(text[:-1]) * total
    return -(-share // 100) if round_up else share // 100
