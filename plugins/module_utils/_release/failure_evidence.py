# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what shows why a release failed, before anything of it is undone: one JSON file that only its owner reads.

It is collected as a support bundle is, only less of it, because a rollback waits for it.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

from .._cluster.client import Cluster
from .._files import atomic
from .._health.facts import Live
from .._objects.manifest import Manifest
from .._redaction.live_secrets import NOT_SHOWN, LiveSecrets
from .._redaction.mask import Mask, masked
from .._support_bundle.collect import gather as collect
from .._support_bundle.scope import Bounds, BundleSubject, Collected, LeftOut
from .._text.printable import lines_of, printable_values
from .outcome import Outcome
from .session import ReleaseOptions

WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet", "Pod")
KINDS = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "Pod"),
    ("v1", "Event"),
)
BOUNDS = Bounds(log_bytes=16 * 1024, logs_bytes=512 * 1024, seconds=10.0)
"""What is read at most while the rollback waits."""


def gather(cluster: Cluster, options: ReleaseOptions, outcome: Outcome, mask: Mask | LiveSecrets) -> str:
    """The release's result, its workloads' and pods' status, their events and the ends of their logs, as JSON.

    No secret value is in it: of what the Secrets hold after all else was read. What may not be read says so in its
    place.
    """
    found = collect(cluster, BundleSubject(options.name, options.namespace), BOUNDS, KINDS, with_surroundings=False)
    values = mask.current()
    content = {
        "kept": cluster.clock.stamp(),
        "release": {
            "name": options.name,
            "namespace": options.namespace,
            "number": outcome.number,
            "about": options.about,
        },
        "result": outcome.as_result(),
        **(
            _collected(found, values)
            if not mask.is_blind
            else {"objects": NOT_SHOWN, "events": NOT_SHOWN, "logs": NOT_SHOWN}
        ),
        "left_out": [f"{part}: {why}" for part, why in sorted(found.left_out)],
    }
    return json.dumps(printable_values(masked(content, values.text)), indent=2, sort_keys=True)


def write(folder: pathlib.Path, stem: str, stamp: str, content: str) -> pathlib.Path:
    """Write the file whole or not at all; `stamp` (ISO 8601) makes its name one that no other has. Raises OSError."""
    name = f"{stem}-{stamp.replace(':', '').replace('+0000', 'Z')}.json"
    return atomic.write(folder / atomic.safe_name(name), content)


def _collected(found: Collected, mask: Mask) -> dict[str, t.Any]:
    return {
        "objects": {kind: _part(found, kind, [_displayed(live) for live in found.of(kind)]) for kind in WORKLOADS},
        "events": _part(found, "Event", sorted(map(_event, found.of("Event")), key=lambda event: str(event["at"]))),
        "logs": {
            name.path.removeprefix("logs/"): lines_of(mask.text(text)) for name, text in sorted(found.logs.items())
        },
    }


def _part(found: Collected, kind: str, content: list[t.Any]) -> t.Any:
    """The content, or why there is none."""
    missing = [entry.why for entry in found.left_out if entry == LeftOut(f"objects/{kind}", entry.why)]
    return content if content or not missing else missing[0]


def _displayed(item: Live) -> Manifest:
    """What tells how it is with an object; what was declared is in the history."""
    metadata = {
        field: item["metadata"].get(field) for field in ("name", "generation", "creationTimestamp", "deletionTimestamp")
    }
    spec = item.get("spec") or {}
    place = {field: spec[field] for field in ("nodeName", "replicas") if field in spec}
    return {"metadata": metadata, "spec": place, "status": item.get("status")}


def _event(item: Live) -> dict[str, t.Any]:
    about = item.get("involvedObject") or {}
    return {
        "at": item.get("lastTimestamp") or item.get("eventTime") or item["metadata"].get("creationTimestamp"),
        "object": f"{about.get('kind')} {about.get('name')}",
        "count": item.get("count", 1),
        **{field: item.get(field) for field in ("type", "reason", "message")},
    }
