# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a play comes from, as the controller knows it: the job of AWX, and the commit of the inventory."""

from __future__ import annotations

import os
import subprocess
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.metadata import user_and_host

AWX = {
    "job": ("job_id",),
    "workflow": ("workflow_job_id",),
    "user": ("user_name",),
    "launched_by": ("job_launch_type",),
    "template": ("job_template_name",),
    "inventory": ("inventory_name",),
    "project_commit": ("project_revision",),
}
"""What AWX and the automation controller tell a play, each as `awx_<name>` and as `tower_<name>`."""
SECONDS = 5
"""For git to answer in."""
Values = dict[str, t.Any]


def origin_of(variables: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Values:
    """Where a play runs, from its variables and the environment: what AWX tells, and nothing that is empty."""
    found: Values = {}
    for name, sources in AWX.items():
        names = [f"{prefix}_{source}" for prefix in ("awx", "tower") for source in sources]
        found[name] = next((variables[each] for each in names if variables.get(each)), "")
    found["job"] = found["job"] or environ.get("JOB_ID", "")
    found["host"] = user_and_host() if found["user"] else ""
    address = environ.get("AWX_HOST") or environ.get("TOWER_HOST")
    found["url"] = f"{address.rstrip('/')}/#/jobs/playbook/{found['job']}" if address and found["job"] else ""
    return {name: value for name, value in found.items() if value}


def commit_of(folder: str) -> str:
    """The commit of the repository that a folder lies in, with `-dirty` when it has changes; empty outside of one."""
    if not folder or not os.path.isdir(folder):
        return ""
    command = ["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
