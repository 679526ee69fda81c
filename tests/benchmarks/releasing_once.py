# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans or makes one release of the objects in a file, as a process of its own: what `growing` measures.

releasing_once.py KUBECONFIG NAMESPACE MANIFESTS.json [--check]
"""

from __future__ import annotations

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".venv" / "collections"))

from ansible_collections.intelgraph.maestro.plugins.module_utils._running import Call  # noqa: E402
from ansible_collections.intelgraph.maestro.plugins.modules import release  # noqa: E402


def main(kubeconfig: str, namespace: str, path: str, *flags: str) -> None:
    manifests = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    params = {name: option.get("default") for name, option in release.ARGUMENTS.items()}
    wanted = {"kubeconfig": kubeconfig, "namespace": namespace, "components": {"all": manifests}, "wait": False}
    ending = release.carry_out(Call({**params, **wanted}, "--check" in flags))
    print(json.dumps({key: ending.values[key] for key in ("msg", "counts", "seconds", "requests")}))
    if ending.failed:
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
