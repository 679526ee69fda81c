# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacker: who may change what the image does. Its pods write what acts on a terminal into log and last words."""

from __future__ import annotations

import json
import pathlib
import tarfile

import pytest

from tests.attacks import hostile
from tests.integration.conftest import Player, of_namespace
from tests.integration.leaking import files_below
from tests.integration.playing import play
from tests.integration.releasing import manifest

CRASHES = f"{hostile.says(hostile.HOSTILE)} | tee {hostile.LAST_WORDS}; sleep 1; exit 3"
NEVER_READY = f"{hostile.says(hostile.HOSTILE)}; sleep 600"
PROBE = {"readinessProbe": {"exec": {"command": ["sh", "-c", f"{hostile.says(hostile.HOSTILE)}; exit 1"]}}}


@pytest.mark.parametrize(
    ("script", "container", "timeout"),
    [pytest.param(CRASHES, {}, 150, id="crashes"), pytest.param(NEVER_READY, PROBE, 30, id="unready")],
)
def test_a_pod_neither_clears_the_screen_nor_forges_a_recap(
    script: str,
    container: dict[str, object],
    timeout: int,
    namespace: str,
    release: Player,
    reports: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    objects = [manifest("v1", "Namespace", namespace, ""), hostile.workload(namespace, script, container)]
    bundle = tmp_path / "bundle"
    done = release(attack_objects=objects, attack_wait_timeout=timeout)
    others = [
        play("intelgraph.maestro.diagnose", maestro_diagnosis_dir=str(bundle), **of_namespace(namespace)),
        play("intelgraph.maestro.history", **of_namespace(namespace)),
    ]
    assert done.rc == 2, done.output
    assert done.release["verdict"] == "failed"
    shown = r"\x1b[2J\x1b[3J\x1b[H"
    assert shown in json.dumps(done.release["findings"]).replace("\\\\", "\\"), "the pod's words are evidence"

    left = {
        "output": done.output,
        **{f"output {number}": other.output for number, other in enumerate(others)},
        **{f"report {name}": content for name, content in files_below(reports).items()},
        **parts_of(bundle),
    }
    assert hostile.unsafe(left) == {}
    for run in (done, *others):
        lines = run.output.splitlines()
        assert sum(line.startswith("PLAY RECAP") for line in lines) == 1, run.output
        assert not any(line.startswith(("lab : ok=99", "ok: [lab]\n")) for line in lines), run.output
    assert any("report.html" in place for place in left)
    assert any("logs/" in place for place in left)


def parts_of(folder: pathlib.Path) -> dict[str, bytes]:
    """The parts of the support bundle in the folder."""
    (path,) = folder.iterdir()
    with tarfile.open(path) as archive:
        streams = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name: stream.read() for name, stream in streams.items() if stream}
