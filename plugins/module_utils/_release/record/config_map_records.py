# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as they were kept before they were Secrets: ConfigMaps, which many more may write. Pure.

They are read only to be taken over when a person says so.
"""

from __future__ import annotations

import base64
import binascii
import typing as t

from ..._cluster.api_resources import Manifest
from ..._findings import registry
from ..._findings.finding import Finding
from ..bounded_json import Budget, Unreadable
from .record import PENDING, Record, filled, outcome_of
from .record_secret import CONTENT, OUTCOME, PARTS, STATE_LABEL, Place, by_number, record_name


def legacy_records(config_maps: t.Iterable[Manifest], place: Place) -> tuple[list[Record], list[Finding]]:
    """The records, the oldest first, and what cannot be read."""
    budget = Budget(size=64 * 1024 * 1024, values=2_000_000)
    records: list[Record] = []
    findings: list[Finding] = []
    for number, parts in sorted(by_number(config_maps).items(), reverse=True):
        try:
            records.append(_record(number, parts, budget))
        except Unreadable as error:
            name = f"ConfigMap {place.namespace}/{record_name(place.name, number)}"
            findings.append(registry.RECORD_UNREADABLE.found(name, f"{error}, so release {number} is not used"))
    return records[::-1], findings


def _record(number: int, parts: t.Mapping[int, Manifest], budget: Budget) -> Record:
    if 0 not in parts:
        raise Unreadable("its first part is missing")
    if len(parts) > PARTS:
        raise Unreadable(f"it has {len(parts)} parts, of at most {PARTS}")
    metadata = parts[0]["metadata"]
    state = (metadata.get("labels") or {}).get(STATE_LABEL)
    if not state:
        raise Unreadable(f"it has no label {STATE_LABEL}")
    text = (metadata.get("annotations") or {}).get(OUTCOME, "")
    record = Record(number, state, (), outcome=outcome_of(text, budget) if text else {})
    try:
        packed = b"".join(
            base64.b64decode((parts[part].get("binaryData") or {})[CONTENT], validate=True) for part in sorted(parts)
        )
        return filled(record, packed, budget)
    except KeyError:
        raise Unreadable(f"a part of it has no {CONTENT}") from None
    except binascii.Error:
        raise Unreadable("a part of it is not base64") from None
    except Unreadable:
        if state == PENDING:  # its run was killed while it was written
            return record
        raise
