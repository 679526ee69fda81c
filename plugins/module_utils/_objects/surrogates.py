# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that is read as YAML: a character above U+FFFF must not be escaped as a pair of surrogates there. Pure."""

from __future__ import annotations

import json
import re

PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})")
"""A character above U+FFFF as JSON escapes it (RFC 8259, section 7): YAML knows no such pairs."""


def without_pairs(text: str) -> str:
    """The same JSON with each of these characters as it is."""
    return PAIR.sub(lambda pair: pair[1] + str(json.loads(f'"{pair[2]}"')), text)
