# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What `make deploy` does: start the lab, deploy Maestro on it as a user would, show that it answers.

The environment gives MAESTRO_LAB (the lab's name) and STARTED (when make began, in seconds since the epoch).
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from checkout import CACHE, ROOT, VENV, Lab, environment

INVENTORY = "inventories/lab"
PLAYBOOK = "intelgraph.maestro.deploy"
NEXT_STEPS = """\
Go on
  look          tests/lab/lab --name {lab} kubectl -- --namespace {namespace} get pods --output wide
  deploy again  make deploy LAB={lab}   (nothing changed: seconds)
  preview       {which}.venv/bin/ansible-playbook {playbook} -i {inventory} --check --diff
  test          make test LAB={lab}
  tear down     make lab-down LAB={lab}
  your cluster  README.md, "Your own cluster": an inventory of three lines"""


class Phases:
    """Seconds of each phase, in order."""

    def __init__(self, started: float) -> None:
        """Begin the first phase at a time in the past."""
        self._mark = started
        self.seconds: dict[str, float] = {}

    def done(self, name: str) -> None:
        """Close the phase that ran until now."""
        now = time.time()
        self.seconds[name] = now - self._mark
        self._mark = now

    def table(self) -> str:
        """Return one line for each phase and the sum."""
        rows = {**self.seconds, "in all": sum(self.seconds.values())}
        return "\n".join(f"  {name:<32} {elapsed:7.1f} s" for name, elapsed in rows.items())


class DiskUse:
    """The sizes of folders, counted beside other work."""

    def __init__(self, folders: dict[str, Path]) -> None:
        """Begin to count; the keys name the commands that remove the folders."""
        self._folders = folders
        command = ["du", "-s", "--block-size=1M"]
        self._counts = {
            what: subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for what, path in folders.items()
        }

    def table(self) -> str:
        """Return one line for each folder."""
        sizes = {what: (count.communicate()[0].split() or ["0"])[0] for what, count in self._counts.items()}
        rows = [f"  {path!s:<48} {int(sizes[what]) / 1024:5.1f} GiB   {what}" for what, path in self._folders.items()]
        return "\n".join(["Disk, and what removes it", *rows])


def settings() -> dict[str, Any]:
    """Return the lab inventory's plain variables."""
    folder = ROOT / INVENTORY / "group_vars" / "maestro_clusters"
    merged: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yml")):
        merged |= yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return merged


def curl_line(facts: dict[str, Any], hostname: str) -> list[str]:
    """Return the command that asks the deployed service for its status through the ingress."""
    ingress = facts["ingress"]
    port, address = ingress["https_port"], ingress["address"]
    authority = hostname if port == 443 else f"{hostname}:{port}"
    resolve = f"{hostname}:{port}:{address}"
    url = f"https://{authority}/api/v1/status"
    return ["curl", "--fail", "--silent", "--show-error", "--resolve", resolve, "--cacert", facts["ca_bundle"], url]


def deploy() -> int:
    """Run the playbook as a user would; return its exit code."""
    command = [str(VENV / "bin" / "ansible-playbook"), PLAYBOOK, "-i", INVENTORY]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode


def main() -> int:
    """Bring the lab up, deploy, ask the service, print the seconds; return the exit code."""
    lab = Lab(os.environ.get("MAESTRO_LAB") or "maestro")
    phases = Phases(float(os.environ.get("STARTED") or time.time()))
    phases.done("environment and packages")
    chosen_addons = [f"--with={os.environ['WITH']}"] if os.environ.get("WITH") else []
    print("[3/5] Programs and images of the lab (about 7 min on two cores when new, 5 GB)", flush=True)
    if lab.run("build", *chosen_addons) != 0:
        return 1
    phases.done("lab: programs and images")
    print("[4/5] The lab: a three-node Kubernetes and its add-ons (about 20 s)", flush=True)
    if lab.run("up", *chosen_addons) != 0:
        print(f"\nThe lab {lab.name} did not start. Its logs: {lab.state / 'logs'}", file=sys.stderr)
        return 1
    phases.done("lab: up")
    disk = DiskUse({"make clean-cache": CACHE, "make lab-down": lab.state, "make clean": VENV})
    print("[5/5] Maestro on the lab, as a user deploys it (about 35 s when new)", flush=True)
    if deploy() != 0:
        print("\nMaestro was not deployed: see the message above.", file=sys.stderr)
        return 1
    phases.done("deploy: the whole play")
    chosen = settings()
    command = curl_line(lab.facts(), chosen["maestro_hostname"])
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    phases.done("first answer over HTTPS")
    print(f"\nMaestro serves at {command[-1].removesuffix('api/v1/status')}\n")
    print(f"  {shlex.join(command)}\n  {answer.stdout.strip() or answer.stderr.strip()}\n\n{phases.table()}\n")
    print(f"{disk.table()}\n")
    namespace = chosen.get("maestro_namespace", "maestro-system")
    which = "" if lab.name == "maestro" else f"MAESTRO_LAB={lab.name} "
    steps = {"lab": lab.name, "which": which, "namespace": namespace, "playbook": PLAYBOOK, "inventory": INVENTORY}
    print(NEXT_STEPS.format(**steps), flush=True)
    return answer.returncode


if __name__ == "__main__":
    sys.exit(main())
