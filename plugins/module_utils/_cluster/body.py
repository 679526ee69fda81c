# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies and headers of requests and answers as text. Pure."""

from __future__ import annotations

import json
import typing as t

from .._objects.surrogates import without_pairs

APPLY_TYPE = "application/apply-patch+yaml"


def encoded(body: t.Any, content_type: str) -> bytes:
    text = json.dumps(body, separators=(",", ":"))
    return (without_pairs(text) if content_type == APPLY_TYPE else text).encode()


def parsed(data: bytes) -> t.Any:
    try:
        return json.loads(data) if data else {}
    except ValueError:
        return data.decode("utf-8", "replace")


def warning_text(header: str) -> str:
    """`299 - "text"` (RFC 9111) to `text`."""
    text = header.split('"', 1)[1].rsplit('"', 1)[0] if '"' in header else header
    return text.replace('\\"', '"')
