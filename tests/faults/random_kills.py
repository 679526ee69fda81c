# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills plays at random moments, with their whole group, and shows that one plain re-run of each ends as it should.

The plays are those of a user, run by ansible-playbook on the lab: a first deploy, an upgrade, a rollback that names no
release. A seed brings the same moments again, as far as the machine is as fast.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
import uuid

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.configuration import configure
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import History
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import (
    is_unacknowledged,
)
from tests.faults import comparing, declared, running, sample

Values = dict[str, t.Any]
WORKERS = 2
LONGEST = 30.0
"""Seconds beyond an undisturbed run that a plain re-run may take."""
DEPLOY = """\
- hosts: maestro_clusters
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - intelgraph.maestro.release:
        namespace: "{{ maestro_namespace }}"
        kubeconfig: "{{ maestro_connection.kubeconfig }}"
        components: "{{ components }}"
        secret_values: "{{ secret_values }}"
        report_dir: "{{ maestro_report_dir }}"
        wait_timeout: 120
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """What is run after which releases, and which release is there in the end."""

    name: str
    before: tuple[int, ...]
    version: int
    ends_as: int


CASES = (
    Case("deploy", (), sample.FIRST, sample.FIRST),
    Case("upgrade", (sample.FIRST,), sample.SECOND, sample.SECOND),
    Case("rollback", (sample.SECOND, sample.FIRST, sample.SECOND), 0, sample.FIRST),
)
"""The rollback goes back to the good release in the middle; one that goes further back swings to the bad one again."""


@dataclasses.dataclass
class Tally:
    """What came of all kills."""

    kills: int = 0
    ended_before: int = 0
    slowest: float = 0.0
    problems: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} random kills of the whole group ({self.ended_before} more plays had ended before), "
            f"{len(self.problems)} wrong ends or refusals, slowest re-run {self.slowest:.1f} s"
        )


class Bench:
    """A namespace of its own, and the plays that work on it."""

    def __init__(self, kubeconfig: str, namespace: str, folder: pathlib.Path) -> None:
        self.cluster = Cluster(configure({"kubeconfig": kubeconfig}))
        self.namespace = namespace
        self._kubeconfig = kubeconfig
        self._folder = folder
        folder.mkdir()
        (folder / "deploy.yml").write_text(DEPLOY, encoding="utf-8")
        (folder / "inventory").write_text("[maestro_clusters]\nlab\n", encoding="utf-8")

    def reset(self, case: Case) -> None:
        comparing.empty(self.cluster, self.namespace)
        bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self.cluster.apply(bare, MANAGER)
        for version in case.before:
            made = running.run_here(
                running.deploying({"kubeconfig": self._kubeconfig}, self.namespace, version, autoscaled=False)
            )
            if made["failed"]:
                raise RuntimeError(f"what comes before the kill failed: {made['msg']}")

    def start(self, case: Case) -> subprocess.Popen[str]:
        """A play in a session of its own, its output in a file that `output` reads."""
        given: Values = {
            "maestro_namespace": self.namespace,
            "maestro_connection": {"kubeconfig": self._kubeconfig},
            "maestro_report_dir": str(self._folder / "reports"),
            "maestro_smoke_enabled": False,
        }
        if case.version:
            given["components"] = sample.components(self.namespace, case.version, autoscaled=False)
            given["secret_values"] = sample.secret_values(case.version)
        (self._folder / "variables.json").write_text(json.dumps(given), encoding="utf-8")
        playbook = str(self._folder / "deploy.yml") if case.version else "intelgraph.maestro.rollback"
        program = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
        options = ["-i", str(self._folder / "inventory"), "-e", f"@{self._folder / 'variables.json'}"]
        with (self._folder / "output").open("w") as output:
            return subprocess.Popen(
                [program, *options, playbook],
                env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": _collections(), "ANSIBLE_NOCOLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return (self._folder / "output").read_text(encoding="utf-8")

    def undisturbed(self, case: Case) -> float:
        """Seconds that the play takes when nobody kills it."""
        self.reset(case)
        begun = time.monotonic()
        code = self.start(case).wait(120)
        found = [f"it ended with {code}"] if code else self.problems(case)
        if found:
            raise RuntimeError(f"the undisturbed {case.name} did not end as it should: {found}\n{self.output}")
        return time.monotonic() - begun

    def kill_at(self, case: Case, moment: float, undisturbed: float, tally: Tally) -> list[str]:
        """What is wrong after the play was killed at that moment and run again."""
        self.reset(case)
        process = self.start(case)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.returncode != -signal.SIGKILL or self._was_heard(case):
            tally.ended_before += 1
            return self.problems(case)
        tally.kills += 1
        begun = time.monotonic()
        again = self.start(case).wait(240)
        seconds = time.monotonic() - begun
        tally.slowest = max(tally.slowest, seconds)
        problems = [] if again == 0 else [f"the re-run ended with {again}: {self.output[-2000:]}"]
        problems += [f"the re-run took {seconds:.0f} s"] if seconds > undisturbed + LONGEST else []
        return problems + self.problems(case)

    def _was_heard(self, case: Case) -> bool:
        """Whether a rollback had given its answer when it was killed, so that another one goes further back."""
        last = History(self.cluster, self.namespace, "maestro").read().last
        if case.version or last is None or last.state != "passed" or not last.about.get("rollback_to"):
            return False
        return not is_unacknowledged(self.cluster, self.namespace, "maestro", str(last.about.get("run")))

    def problems(self, case: Case) -> list[str]:
        versions = (case.ends_as, *case.before, case.version or case.ends_as)
        made = [
            declared.Declared(
                sample.components(self.namespace, version, autoscaled=False), sample.secret_values(version)
            )
            for version in versions
        ]
        live = comparing.live(self.cluster, self.namespace)
        return declared.problems(made[0], made[1:], live) + comparing.history_problems(self.cluster, self.namespace)


def _collections() -> str:
    return str(pathlib.Path(__file__).resolve().parents[2] / ".venv" / "collections")


def kill_at_random(kubeconfig: str, count: int, seed: int, tell: t.Callable[[str], object] = str) -> Tally:
    """Kill so many plays at moments that the seed chooses."""
    tally, chance = Tally(), random.Random(seed)
    plan = [(case, chance.random()) for case, _number in zip(CASES * count, range(count), strict=False)]
    stem = f"faults-kills-{uuid.uuid4().hex[:6]}"
    with tempfile.TemporaryDirectory(prefix="maestro-kills-") as folder:

        def work(number: int) -> None:
            bench = Bench(kubeconfig, f"{stem}-{number}", pathlib.Path(folder) / str(number))
            try:
                seconds = {case.name: bench.undisturbed(case) for case in CASES}
                for case, share in plan[number::WORKERS]:
                    moment = share * seconds[case.name]
                    problems = bench.kill_at(case, moment, seconds[case.name], tally)
                    tally.problems += [f"{case.name} killed after {moment:.2f} s: {problem}" for problem in problems]
                    tell(f"{case.name} killed after {moment:.2f} s: {'; '.join(problems) or 'mended'}")
            finally:
                bench.cluster.delete(f"/api/v1/namespaces/{bench.namespace}")

        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(work, range(WORKERS)))
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.random_kills", description=__doc__)
    count, seed = os.environ.get("MAESTRO_FAULTS_KILLS", "100"), os.environ.get("MAESTRO_FAULTS_SEED")
    parser.add_argument("--kills", type=int, default=int(count), help="how many (MAESTRO_FAULTS_KILLS, 100)")
    parser.add_argument("--seed", type=int, default=int(seed or time.time()), help="MAESTRO_FAULTS_SEED, or the time")
    parser.add_argument("--verbose", action="store_true", help="print every kill")
    chosen = parser.parse_args()
    state = pathlib.Path(os.environ.get("MAESTRO_LAB_STATE", "/var/lib/maestro-lab"))
    facts = json.loads((state / os.environ.get("MAESTRO_LAB", "maestro") / "facts.json").read_text(encoding="utf-8"))
    tally = kill_at_random(facts["kubeconfig"], chosen.kills, chosen.seed, print if chosen.verbose else str)
    for problem in tally.problems:
        print(f"FAILED {problem}")
    print(f"{tally} (seed {chosen.seed})")
    return int(bool(tally.problems))


if __name__ == "__main__":
    sys.exit(main())
