# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans or makes one release of the objects in a file, or reads the history of it: what `growing` measures.

releasing_once.py KUBECONFIG NAMESPACE MANIFESTS.json [--check | --history]
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".venv" / "collections"))

from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.modules import release, release_info  # noqa: E402

Manifest = dict[str, t.Any]


def main(kubeconfig: str, namespace: str, path: str, *flags: str) -> None:
    place = {"kubeconfig": kubeconfig, "namespace": namespace}
    ending = looked_back(place) if "--history" in flags else released(place, path, "--check" in flags)
    displayed = ("msg", "counts", "seconds", "requests")
    print(json.dumps({key: ending.values[key] for key in displayed if key in ending.values}))
    if ending.failed:
        sys.exit(1)


def released(place: Manifest, path: str, check: bool) -> Ending:
    wanted = {"components": {"all": json.loads(pathlib.Path(path).read_text(encoding="utf-8"))}, "wait": False}
    return release.carry_out(Call({**_defaults(release.ARGUMENTS), **place, **wanted}, check))


def looked_back(place: Manifest) -> Ending:
    return release_info.look_back(Call({**_defaults(release_info.ARGUMENTS), **place}))


def _defaults(arguments: dict[str, Manifest]) -> Manifest:
    return {name: option.get("default") for name, option in arguments.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
