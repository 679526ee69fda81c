# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a play comes from."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.metadata import about, user_and_host
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._origin import commit_of, origin_of


@pytest.mark.parametrize("prefix", ["awx", "tower"])
def test_of_a_job_its_number_its_user_and_its_address(prefix: str) -> None:
    variables = {f"{prefix}_job_id": 12, f"{prefix}_user_name": "alice", f"{prefix}_project_revision": "abc"}
    origin = origin_of(variables, {"AWX_HOST": "https://awx.test/"})
    assert origin == {
        "job": 12,
        "user": "alice",
        "host": user_and_host(),
        "project_commit": "abc",
        "url": "https://awx.test/#/jobs/playbook/12",
    }
    reported = about({"origin": origin, "reason": "", "components": None})
    assert (reported["by"], reported["job"], reported["origin"]["job"]) == ("alice", "12", "12")


def test_outside_of_a_job_nothing_is_told() -> None:
    assert origin_of({}, {"AWX_HOST": "https://awx.test"}) == {}
    assert origin_of({}, {"JOB_ID": "7"}) == {"job": "7"}


def test_the_commit_of_an_inventory(tmp_path: pathlib.Path) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.test")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    assert commit_of(str(tmp_path / "missing")) == ""
    git("init", "-q")
    (tmp_path / "hosts.yml").write_text("all:\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    clean = commit_of(str(tmp_path))
    assert len(clean) == 40
    (tmp_path / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    assert commit_of(str(tmp_path)) == f"{clean}-dirty"
