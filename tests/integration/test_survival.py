# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of `make faults` that rotates: another tenth of all fault points each day, and every one within ten days."""

from __future__ import annotations

import datetime as dt
import os
import typing as t
import uuid

from tests.faults.points import Point, every_point, measure, try_points

PARTS = 10


def of_today(points: t.Sequence[Point], day: int) -> list[Point]:
    """Every tenth point, beginning with another one each day."""
    return list(points[day % PARTS :: PARTS])


def test_a_release_broken_at_a_write_is_mended_by_a_plain_re_run(
    lab: dict[str, t.Any], record_property: t.Callable[[str, object], None]
) -> None:
    day = int(os.environ.get("MAESTRO_FAULTS_DAY") or dt.datetime.now(dt.UTC).toordinal())
    stem = f"test-faults-{uuid.uuid4().hex[:6]}"
    undisturbed = measure(lab["kubeconfig"], stem)
    points = of_today(every_point(undisturbed), day)
    report = try_points(lab["kubeconfig"], stem, points, undisturbed)
    print(f"part {day % PARTS} of {PARTS} (MAESTRO_FAULTS_DAY={day}): {report}")
    record_property("faults", f"MAESTRO_FAULTS_DAY={day}: {report}")
    assert report.points == len(points) > 0
    assert report.failures == []
