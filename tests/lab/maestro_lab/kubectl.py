# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Calls of kubectl against a lab."""

from __future__ import annotations

from .command import run
from .kubernetes import programs
from .names import Lab

FIELD_MANAGER = "maestro-lab"
TIMEOUT = 180.0  # seconds; longer than what any call below waits for itself


def kubectl(lab: Lab, *arguments: str, stdin: str | None = None) -> str:
    """What kubectl prints. Raises LabError with kubectl's words when it fails."""
    program = str(programs() / "kubectl")
    return run(program, f"--kubeconfig={lab.kubeconfig}", *arguments, stdin=stdin, timeout=TIMEOUT)


def apply(lab: Lab, path: str, stdin: str | None = None) -> None:
    """Apply the objects of a file, or of `stdin` when the path is "-"."""
    options = ("--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}")
    kubectl(lab, "apply", *options, "-f", path, stdin=stdin)
