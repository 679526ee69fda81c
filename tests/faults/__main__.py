# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make faults`: tries every fault point on the lab and prints what came of it."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import uuid

from tests.faults.points import SCENARIOS, Point, every_point, measure, try_points
from tests.faults.proxy import Fault


def main() -> int:
    chosen = _arguments()
    state = pathlib.Path(os.environ.get("MAESTRO_LAB_STATE", "/var/lib/maestro-lab"))
    facts = json.loads((state / os.environ.get("MAESTRO_LAB", "maestro") / "facts.json").read_text(encoding="utf-8"))
    stem = f"faults-{uuid.uuid4().hex[:6]}"
    undisturbed = measure(facts["kubeconfig"], stem)
    for scenario in SCENARIOS:
        print(f"{scenario.name}: {len(undisturbed[scenario.name].writes)} writes")
        if chosen.verbose:
            print("".join(f"  {number} {write}\n" for number, write in enumerate(undisturbed[scenario.name].writes, 1)))
    points = [point for point in every_point(undisturbed) if _is_chosen(point, chosen)]
    tell = print if chosen.verbose else str
    report = try_points(facts["kubeconfig"], stem, points, undisturbed, tell)
    for failure in report.failures:
        print(f"FAILED {failure}")
    print(report)
    return int(bool(report.failures) or not report.points)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--scenario", choices=[scenario.name for scenario in SCENARIOS], help="only this one")
    parser.add_argument("--fault", choices=[fault.name.lower() for fault in Fault], help="only this one")
    parser.add_argument("--write", type=int, help="only this one")
    parser.add_argument("--verbose", action="store_true", help="print every point")
    return parser.parse_args()


def _is_chosen(point: Point, chosen: argparse.Namespace) -> bool:
    found = {"scenario": point.scenario.name, "fault": point.fault.name.lower(), "write": point.write}
    return all(getattr(chosen, name) in (None, value) for name, value in found.items())


if __name__ == "__main__":
    sys.exit(main())
