# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Write playbooks/*.meta.yml, the plays' argument specs, from the shared variables; with --check, say if one is stale.

ansible-core 2.20 and newer and the makers of surveys read them. The roles check the same variables on every version.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from checkout import COLLECTIONS, ROOT

sys.path.insert(0, str(COLLECTIONS))
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.shared import SHARED

HEAD = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
# Written by tools/play_specs.py from the shared variables. Change those, then run: make docs
---
"""
MEANING = "The variables that all roles share; those of one role are in its own argument specs."
TRUST = ("maestro_history_key", "maestro_history_adopt")
REMOVAL = (
    "maestro_name",
    "maestro_namespace",
    "maestro_connection",
    "maestro_cluster_uid",
    *TRUST,
    "maestro_wait_timeout",
    "maestro_remove_confirm",
    "maestro_remove_data",
    "maestro_replan",
)
DIAGNOSIS = (
    "maestro_name",
    "maestro_namespace",
    "maestro_connection",
    "maestro_cluster_uid",
    *TRUST,
    "maestro_diagnosis_dir",
)
HISTORY = (
    "maestro_name",
    "maestro_namespace",
    "maestro_connection",
    "maestro_cluster_uid",
    *TRUST,
    "maestro_history_revision",
    "maestro_history_compare_with",
    "maestro_history_drift",
)
PROOF = ("maestro_environment", "maestro_hostname", *(name for name in SHARED if name.startswith("maestro_smoke_")))
SMOKE = ("maestro_name", "maestro_namespace", "maestro_connection", "maestro_cluster_uid", "maestro_report_dir", *PROOF)
ROLLBACK = (
    "maestro_name",
    "maestro_namespace",
    "maestro_connection",
    "maestro_cluster_uid",
    "maestro_wait_timeout",
    "maestro_image_grace",
    "maestro_progress",
    "maestro_reason",
    "maestro_history_limit",
    *TRUST,
    "maestro_rollback_to",
    "maestro_rollback_rbac",
    "maestro_takeover",
    "maestro_replan",
    "maestro_report_dir",
    *PROOF,
)
VALIDATION = (
    "maestro_name",
    "maestro_namespace",
    "maestro_labels",
    "maestro_connection",
    "maestro_cluster_uid",
    "maestro_secret_name",
    "maestro_required_secret_keys",
    "maestro_registry_secret",
    "maestro_identity",
    "maestro_database",
    "maestro_redis",
    "maestro_report_dir",
    *TRUST,
    *PROOF,
)
NOT_OF_A_DEPLOY = ("maestro_history_", "maestro_diagnosis_", "maestro_rollback_", "maestro_validate_")
OF_A_DEPLOY = {*TRUST, "maestro_history_limit"}
DEPLOYMENT = tuple(name for name in SHARED if name in OF_A_DEPLOY or not name.startswith(NOT_OF_A_DEPLOY))
NOT_OF_A_PLAN = {
    *REMOVAL[-3:],
    "maestro_auto_rollback",
    "maestro_history_limit",
    "maestro_plan",
    "maestro_progress",
    "maestro_release_present",
    "maestro_report_dir",
    *(name for name in PROOF if name.startswith("maestro_smoke_")),
}
PLANNING = tuple(name for name in DEPLOYMENT if name not in NOT_OF_A_PLAN)
PLAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "deploy": ("Deploy Maestro to the clusters of the inventory", DEPLOYMENT),
    "diagnose": ("Put all that explains the state of Maestro into one archive", DIAGNOSIS),
    "history": ("Show the releases of Maestro, one of them, the difference of two, or drift", HISTORY),
    "rollback": ("Restore a former release of Maestro, whole", ROLLBACK),
    "smoke": ("Prove from outside that Maestro serves, and with which figures", SMOKE),
    "validate": ("Judge whether Maestro runs as it should, and change nothing", VALIDATION),
    "plan": ("Show what a deploy of Maestro would do, and keep it for an approval", PLANNING),
    "remove": ("Take Maestro away from the clusters of the inventory", REMOVAL),
}


class Plain(yaml.SafeDumper):
    """Repeats a value instead of referring to it, and indents lists as yamllint wants them."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Refer to nothing."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent a list below its key."""
        super().increase_indent(flow, False)


def text(play: str) -> str:
    """Return the file of one play."""
    summary, names = PLAYS[play]
    options = {name: with_plain_description(SHARED[name]) for name in names}
    example = f"ansible-playbook intelgraph.maestro.{play} -i inventories/production"
    spec = {"short_description": summary, "options": options, "examples": example}
    content = {"short_description": summary, "description": MEANING, "argument_specs": {play: spec}}
    body = yaml.dump(content, Dumper=Plain, sort_keys=False, width=100, indent=2)
    return HEAD + body


def with_plain_description(option: dict[str, Any]) -> dict[str, Any]:
    """Return an option, and those inside it, with one text for a description, as plays want it."""
    inner = {name: with_plain_description(part) for name, part in option.get("options", {}).items()}
    plain = {**option, "description": " ".join(option["description"])}
    return {**plain, "options": inner} if inner else plain


def main(check: bool, folder: Path = ROOT / "playbooks") -> int:
    """Write the files, or return 1 when one does not say what the shared variables say."""
    stale = [path for play in PLAYS if not is_current(path := folder / f"{play}.meta.yml", play)]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is stale. Run: make docs", file=sys.stderr)
        else:
            path.write_text(text(path.name.removesuffix(".meta.yml")), encoding="utf-8")
    return int(check and bool(stale))


def is_current(path: Path, play: str) -> bool:
    """Tell whether the file of a play is as it would be written now."""
    return path.is_file() and path.read_text(encoding="utf-8") == text(play)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
