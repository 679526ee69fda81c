# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for what can be asked but does not tell by itself.

Objects of the API do: they are watched, with the collection's own `Informer` and `until`.
"""

from __future__ import annotations

import time
import typing as t
from http.client import HTTPException

T = t.TypeVar("T")
PAUSE = 0.2


def wait_for(
    what: str, ask: t.Callable[[], T], is_right: t.Callable[[T], object] = bool, *, seconds: float = 60, times: int = 1
) -> T:
    """The answer as soon as it has been right so many times in a row; else fails with the last one.

    What goes wrong on the network meanwhile passes.
    """
    deadline, in_a_row = time.monotonic() + seconds, 0
    while True:
        try:
            answer = ask()
        except (OSError, HTTPException) as error:
            in_a_row, reported = 0, repr(error)
        else:
            in_a_row, reported = in_a_row + 1 if is_right(answer) else 0, str(answer)
            if in_a_row == times:
                return answer
        if in_a_row:
            continue
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s; the last answer: {reported}")
        time.sleep(PAUSE)
