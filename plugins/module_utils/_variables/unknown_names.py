# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that nobody reads: a misspelt name must not pass as a default."""

from __future__ import annotations

import difflib
import typing as t


def problems(prefix: str, given: t.Iterable[str], known: t.Collection[str]) -> list[str]:
    """A sentence for each given name that begins with `prefix` and is not known, with the nearest right one."""
    unknown = sorted(name for name in given if name.startswith(prefix) and name not in known)
    return [f"{name} is not a variable of this collection. {_advice(prefix, name, known)}" for name in unknown]


def _advice(prefix: str, name: str, known: t.Collection[str]) -> str:
    """The prefix makes all names alike: only what follows it is compared."""
    endings = [other.removeprefix(prefix) for other in known if other.startswith(prefix)]
    near = difflib.get_close_matches(name.removeprefix(prefix), endings, n=1, cutoff=0.6)
    return f"Did you mean {prefix}{near[0]}?" if near else "Remove it, or see docs/variables.md for the names."
