# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the whole collection: roles, modules, pages and files agree with each other."""

from __future__ import annotations

import ast
import pathlib
import re
import typing as t

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests.unit.documented import documented
from tests.unit.rendering import render

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/tasks/main.yml"))
MODULES = sorted(path for path in ROOT.glob("plugins/modules/*.py") if path.name != "__init__.py")
PLAYBOOKS = sorted(path for path in ROOT.glob("playbooks/*.yml") if not path.name.endswith(".meta.yml"))
PLUGIN_FILES = sorted(path for path in ROOT.glob("plugins/**/*.py") if path.stat().st_size)


def read_yaml(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def named(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def per_role(test: t.Callable[..., None]) -> t.Callable[..., None]:
    return pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)(test)


def per_module(test: t.Callable[..., None]) -> t.Callable[..., None]:
    return pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)(test)


def options_of(role: pathlib.Path) -> dict[str, t.Any]:
    main = read_yaml(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    return t.cast("dict[str, t.Any]", main.get("options", {}))


def defaults_of(role: pathlib.Path) -> dict[str, t.Any]:
    path = role / "defaults" / "main.yml"
    values = (read_yaml(path) if path.is_file() else None) or {}
    return {name: value for name, value in values.items() if not name.startswith("__")}


def undescribed(options: t.Mapping[str, t.Any], prefix: str = "") -> t.Iterator[str]:
    for name, option in options.items():
        if "type" not in option or not option.get("description"):
            yield prefix + name
        if option.get("type") == "list" and "elements" not in option:
            yield prefix + name
        yield from undescribed(option.get("options", {}), f"{prefix}{name}.")


def documentation(module: pathlib.Path, name: str) -> t.Any:
    """A documentation string of a module as data."""
    return yaml.safe_load(text_of(module, name))


def text_of(module: pathlib.Path, name: str) -> str:
    """A documentation string of a module, read without importing it; empty when it has none."""
    for statement in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and t.cast("ast.Name", statement.targets[0]).id == name:
            return str(ast.literal_eval(statement.value))
    return ""


def test_there_are_the_six_roles() -> None:
    names = {role.name for role in ROLES}
    assert names == {"prerequisites", "namespace", "secrets", "workload", "ingress", "monitoring"}


@per_role
def test_defaults_of_a_role_are_those_that_its_specs_promise(role: pathlib.Path) -> None:
    promised = {name: option["default"] for name, option in options_of(role).items() if "default" in option}
    assert defaults_of(role) == promised


@per_role
def test_every_variable_of_a_role_is_typed_described_and_named_after_it(role: pathlib.Path) -> None:
    assert list(undescribed(options_of(role))) == []
    assert [name for name in options_of(role) if not name.startswith(f"{role.name}_")] == []


@per_role
def test_a_role_is_described_for_galaxy_and_for_readers(role: pathlib.Path) -> None:
    galaxy = read_yaml(role / "meta" / "main.yml")["galaxy_info"]
    assert galaxy["description"]
    assert galaxy["license"] == "GPL-3.0-or-later"
    assert len((role / "README.md").read_text(encoding="utf-8").splitlines()) > 10


@per_role
def test_a_role_asks_for_the_core_that_the_collection_asks_for(role: pathlib.Path) -> None:
    required = SpecifierSet(read_yaml(ROOT / "meta" / "runtime.yml")["requires_ansible"])
    asked = str(read_yaml(role / "meta" / "main.yml")["galaxy_info"]["min_ansible_version"])
    assert f">={asked}.0" == str(required)


def test_the_cores_that_are_tested_are_allowed() -> None:
    required = SpecifierSet(read_yaml(ROOT / "meta" / "runtime.yml")["requires_ansible"])
    pinned = re.findall(
        r"^ansible-core~=(\S+);", (ROOT / "requirements" / "deploy.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(pinned) == 2
    assert all(version in required for version in pinned)


@per_module
def test_a_module_says_how_it_behaves(module: pathlib.Path) -> None:
    described = documented(text_of(module, "DOCUMENTATION"))
    assert {"check_mode", "diff_mode"} <= set(described["attributes"])
    assert described["version_added"]


@per_module
def test_a_module_shows_examples_and_describes_what_it_returns(module: pathlib.Path) -> None:
    examples = documentation(module, "EXAMPLES")
    assert any(f"intelgraph.maestro.{module.stem}" in task for task in examples)
    assert all(value["description"] and value["type"] for value in documentation(module, "RETURN").values())


def test_the_action_group_has_just_the_modules_that_connect() -> None:
    connecting = {
        module.stem
        for module in MODULES
        if "intelgraph.maestro.connection"
        in documentation(module, "DOCUMENTATION").get("extends_documentation_fragment", [])
    }
    assert set(read_yaml(ROOT / "meta" / "runtime.yml")["action_groups"]["cluster"]) == connecting


@per_module
def test_a_module_of_the_group_says_so(module: pathlib.Path) -> None:
    group = read_yaml(ROOT / "meta" / "runtime.yml")["action_groups"]["cluster"]
    attribute = documented(text_of(module, "DOCUMENTATION"))["attributes"].get("action_group", {})
    assert attribute.get("membership", []) == (["intelgraph.maestro.cluster"] if module.stem in group else [])


def task_lists(path: pathlib.Path) -> t.Iterator[dict[str, t.Any]]:
    """All tasks of a playbook or a tasks file, those in blocks too."""
    pending = list(read_yaml(path) or [])
    while pending:
        entry = pending.pop()
        for section in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            pending += entry.get(section, [])
        if "hosts" not in entry:
            yield entry


KEYWORDS = re.compile(
    r"name|when|vars|register|loop|loop_control|until|retries|delay|notify|tags|block|rescue|always|become|delegate_to"
    r"|run_once|changed_when|failed_when|check_mode|diff|no_log|environment|args|module_defaults|connection"
    r"|any_errors_fatal|ignore_errors|throttle|listen|become_user|timeout"
)


@pytest.mark.parametrize("path", [*PLAYBOOKS, *sorted(ROOT.glob("roles/*/tasks/*.yml"))], ids=named)
def test_tasks_name_their_actions_in_full(path: pathlib.Path) -> None:
    actions = [key for task in task_lists(path) for key in task if not KEYWORDS.fullmatch(key)]
    assert [action for action in actions if action.count(".") < 2] == []


@pytest.mark.parametrize("play", ["deploy", "plan", "rollback"])
def test_a_play_that_is_refused_because_a_field_is_held_can_be_told_to_take_it(play: str) -> None:
    path = ROOT / "playbooks" / f"{play}.yml"
    assert 'takeover: "{{ maestro_takeover | default(false) }}"' in path.read_text(encoding="utf-8")
    assert "maestro_takeover" in read_yaml(path.with_suffix(".meta.yml"))["argument_specs"][play]["options"]


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    rules = [manifest for manifest in render("monitoring") if manifest["kind"] == "PrometheusRule"]
    alerts = {
        rule["alert"]
        for manifest in rules
        for group in manifest["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert len(alerts) >= 4
    assert alerts <= {page.stem for page in ROOT.glob("docs/alerts/*.md")}
