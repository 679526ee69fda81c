# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""How far a compilation is, told from what Go has named as compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro_lab.compile_progress import compiled, described


def test_what_is_compiled_counts_by_its_size(tmp_path: Path) -> None:
    log = tmp_path / "log"
    sizes = {"k8s.io/api": 900, "fmt": 100}
    assert compiled(log, sizes) == 0.0
    log.write_text("k8s.io/api\nunknown/package\n# a warning\n")
    assert compiled(log, sizes) == 0.9
    assert compiled(log, {}) == 1.0


@pytest.mark.parametrize(
    ("part", "elapsed", "text"),
    [
        (0.0, 15, "begun"),
        (0.25, 60, "25% compiled, about 3 min 00 s left"),
        (1.0, 60, "all compiled, linking"),
    ],
)
def test_the_rest_is_foretold_from_the_pace_so_far(part: float, elapsed: float, text: str) -> None:
    assert described(part, elapsed) == text
