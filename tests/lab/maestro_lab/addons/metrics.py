# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Resource metrics of pods and nodes: metrics-server, which kubectl top and HorizontalPodAutoscalers read."""

from __future__ import annotations

from ..addon import Addon, Deployment
from ..build import GoPrograms
from ..golang import LAB_MODULE, required_version
from ..packed import Packed

VERSION = required_version(LAB_MODULE, "sigs.k8s.io/metrics-server")
PROGRAMS = GoPrograms(
    "metrics-server",
    ("sigs.k8s.io/metrics-server/cmd/metrics-server",),
    {"k8s.io/component-base/version.gitVersion": VERSION},
)
REFERENCE = f"registry.k8s.io/metrics-server/metrics-server:{VERSION}"

ADDON = Addon(
    name="metrics",
    title="Pod and node metrics are served (metrics-server)",
    requires=("registry",),
    programs=(PROGRAMS,),
    images={"metrics_server": Packed(PROGRAMS, "metrics-server", REFERENCE)},
    manifest="metrics-server.yaml.j2",
    deployment=Deployment("kube-system", "metrics-server"),
)
