# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a namespace does not go, in its own words: its conditions say what holds it. Pure."""

from __future__ import annotations

import re
import typing as t

from .._objects.manifest import Manifest

DISCOVERY = "NamespaceDeletionDiscoveryFailure"
"""The API server cannot tell what is in the namespace, because a server behind it does not answer for its kinds."""
GROUP_VERSION = re.compile(r"(?<![\w./-])([a-z0-9][a-z0-9.-]*\.[a-z0-9-]+/v\d+\w*)")


def holding(namespace: Manifest) -> list[str]:
    """The conditions that hold, as `Type: message`."""
    return [f"{each['type']}: {each.get('message', '')}".rstrip(": ") for each in _true(namespace)]


def dead_api_groups(namespace: Manifest) -> list[str]:
    """The API groups, as `metrics.k8s.io/v1beta1`, that are served by nobody although they are registered."""
    messages = " ".join(str(each.get("message", "")) for each in _true(namespace) if each["type"] == DISCOVERY)
    return sorted(set(GROUP_VERSION.findall(messages)))


def what_to_do(namespace: Manifest) -> str:
    """The next step where the conditions tell one, else an empty text."""
    groups = dead_api_groups(namespace)
    if not groups:
        return ""
    names = " ".join(_service_of(group) for group in groups)
    return (
        f"Nobody serves the API group {', '.join(groups)}, so the API server cannot empty the namespace: start what "
        f"serves it, or when it is gone for good run kubectl delete apiservice {names}. Then the namespace goes by "
        "itself."
    )


def _service_of(group_version: str) -> str:
    group, _slash, version = group_version.partition("/")
    return f"{version}.{group}"


def _true(namespace: Manifest) -> list[dict[str, t.Any]]:
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    return [each for each in conditions if each.get("status") == "True" and each.get("type")]
