# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the image named so that a node can pull it, and always the same one?"""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.pod_template import containers_of
from ..view import OFF, PreflightView

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?"
REFERENCE = re.compile(
    rf"(?P<repository>(?:{_HOST}/)?{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?"
)


def check_images(view: PreflightView) -> t.Iterator[Finding]:
    for workload in view.needs.workloads:
        for container in containers_of(workload.spec):
            subject = f"{workload.key}, container {container['name']}"
            yield from _evaluate(subject, container.get("image") or "", view)


def _evaluate(subject: str, image: str, view: PreflightView) -> t.Iterator[Finding]:
    match = REFERENCE.fullmatch(image)
    if match is None:
        yield registry.IMAGE_INVALID.found(subject, f"{image!r} is no image reference.")
        return
    if match["tag"] in (None, "latest") and not match["digest"]:
        yield registry.IMAGE_LATEST.found(subject, f"{image} means whatever was pushed last (tag latest).")
        return
    severity = view.options.digest_severity
    if not match["digest"] and view.options.production and severity != OFF:
        yield registry.IMAGE_NOT_PINNED.found(
            subject, f"{image} has no digest: the tag can be moved to another image at any time.", severity=severity
        )


CHECKS = (check_images,)
