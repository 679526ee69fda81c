# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plugins import is installed by who follows the README, and in an execution environment."""

from __future__ import annotations

import ast
import importlib.metadata
import pathlib
import re
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = re.compile(r"^[A-Za-z0-9._-]+")
OWN = {"ansible", "ansible_collections"}
ENVIRONMENT = ROOT / "meta" / "ee-requirements.txt"


def imported() -> set[str]:
    """Top names of what plugins import from outside of Python, Ansible and the collection."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "plugins").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - OWN


def projects(lines: list[str]) -> set[str]:
    """Names of the projects that requirements name."""
    return {match[0].lower() for line in lines if (match := NAME.match(line))}


def providers(package: str) -> set[str]:
    """Names of the projects that provide a package."""
    return {name.lower() for name in importlib.metadata.packages_distributions().get(package, ())}


def test_plugins_import_only_what_ansible_or_the_environment_brings() -> None:
    brought = projects(importlib.metadata.requires("ansible-core") or [])
    named = projects(ENVIRONMENT.read_text(encoding="utf-8").splitlines())
    assert [package for package in sorted(imported()) if not providers(package) & (brought | named)] == []


@pytest.mark.parametrize("project", sorted(projects(ENVIRONMENT.read_text(encoding="utf-8").splitlines())))
def test_the_readme_installs_it_or_something_that_needs_it(project: str) -> None:
    [line] = re.findall(r"pip install (.+?)\s*#", (ROOT / "README.md").read_text(encoding="utf-8"))
    given = set(line.split())
    needed = {name for each in given for name in projects(importlib.metadata.requires(each) or [])}
    assert project in given | needed


def test_the_execution_environment_holds_the_tarball_that_is_built() -> None:
    """What `ansible-builder create` makes of it was looked at; a container is built by no test."""
    built = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    tarball = f"{built['namespace']}-{built['name']}-{built['version']}.tar.gz"
    described = yaml.safe_load((ROOT / "execution-environment.yml").read_text(encoding="utf-8"))
    assert described["additional_build_files"] == [{"src": f"artifacts/{tarball}", "dest": "."}]
    assert {"name": tarball, "type": "file"} in described["dependencies"]["galaxy"]["collections"]
    assert described["options"]["package_manager_path"] == "/usr/bin/microdnf"
