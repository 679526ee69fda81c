# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The smaller scripts: packages, links, the page of variables, and what `make deploy` shows."""

from __future__ import annotations

import pathlib
import subprocess

import debian_packages
import deploy
import links
import pytest
import variables


def test_a_list_of_packages_may_have_comments(tmp_path: pathlib.Path) -> None:
    listed = tmp_path / "packages.txt"
    listed.write_text("# all of them\nrunc\n\nnftables  # kube-proxy\n", encoding="utf-8")
    assert debian_packages.named_in(listed) == ["runc", "nftables"]


def test_only_what_is_missing_is_installed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = tmp_path / "dpkg-query"
    query.write_text("#!/bin/sh\necho runc ii\necho nftables rc\nexit 1\n", encoding="utf-8")
    query.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert debian_packages.missing_of(["runc", "nftables", "ipset"]) == ["nftables", "ipset"]


def test_no_daemon_starts_while_packages_are_installed(tmp_path: pathlib.Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with debian_packages.no_daemons(policy):
        assert subprocess.run([policy], check=False).returncode == 101
    assert not policy.exists()


def test_the_host_s_own_policy_for_daemons_stays(tmp_path: pathlib.Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("the host's own", encoding="utf-8")
    with debian_packages.no_daemons(policy):
        pass
    assert policy.read_text(encoding="utf-8") == "the host's own"


def test_what_a_package_enables_for_the_next_boot_is_undone(tmp_path: pathlib.Path) -> None:
    units = tmp_path / "multi-user.target.wants"
    units.mkdir()
    (units / "ssh.service").symlink_to("/lib/systemd/system/ssh.service")
    with debian_packages.no_daemons(tmp_path / "policy-rc.d", tmp_path):
        (units / "redis-server.service").symlink_to("/lib/systemd/system/redis-server.service")
    assert [path.name for path in units.iterdir()] == ["ssh.service"]


def test_a_simulated_purge_names_what_would_go_with_it() -> None:
    simulated = "Reading...\nPurg runc [1.1]\nRemv docker.io [20.10]\nPurg libx:amd64 [1]\nInst other\n"
    assert debian_packages.would_go(simulated) == {"runc", "docker.io", "libx"}


def test_disk_use_names_the_command_that_frees_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    table = deploy.DiskUse({"make clean": tmp_path, "make lab-down": tmp_path / "none"}).table().splitlines()
    assert table[1].split() == [str(tmp_path), "0.0", "GiB", "make", "clean"]
    assert table[2].split() == [str(tmp_path / "none"), "0.0", "GiB", "make", "lab-down"]


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("there.md", []),
        ("there.md#a-heading", []),
        ("https://example.com/x", []),
        ("gone.md", ["page.md: gone.md: there is no such file"]),
        ("there.md#lost", ["page.md: there.md#lost: there.md has no such heading"]),
    ],
)
def test_links_lead_somewhere(
    link: str, says: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "ROOT", tmp_path)
    (tmp_path / "there.md").write_text("# A heading\n", encoding="utf-8")
    (tmp_path / "page.md").write_text(f"See [it]({link}).\n\n```\n[no](link.md)\n```\n", encoding="utf-8")
    assert list(links.broken_links(pathlib.Path("page.md"))) == says


def test_a_nested_option_gets_a_row_of_its_own() -> None:
    inner = {"port": {"type": "int", "default": 5432, "description": "TCP port."}}
    option = {"type": "dict", "default": {}, "description": ["Where C(it) is."], "options": inner}
    assert list(variables.rows({"maestro_database": option})) == [
        "| `maestro_database` | dict | `{}` | Where `it` is. |",
        "| `maestro_database.port` | int | `5432` | TCP port. |",
    ]


def test_the_curl_line_needs_no_name_server() -> None:
    facts = {"ingress": {"address": "10.1.0.22", "https_port": 443}, "ca_bundle": "/ca.crt"}
    line = deploy.curl_line(facts, "maestro.test")
    assert line[-1] == "https://maestro.test/api/v1/status"
    assert line[line.index("--resolve") + 1] == "maestro.test:443:10.1.0.22"
    assert line[line.index("--cacert") + 1] == "/ca.crt"


def test_the_phases_of_a_deploy_add_up() -> None:
    phases = deploy.Phases(started=0)
    phases.seconds = {"environment": 1.5, "lab": 2.0}
    assert phases.table().splitlines()[-1].split() == ["in", "all", "3.5", "s"]
