# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every type of finding is declared once, whole, with its page; and no other file names an id."""

from __future__ import annotations

import ast
import collections
import pathlib
import re
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings import registry
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import SEVERITIES, FindingType

ROOT = pathlib.Path(__file__).resolve().parents[5]
REGISTRY = ROOT / "plugins" / "module_utils" / "_findings" / "registry"
OTHERS = sorted(path for path in ROOT.glob("plugins/**/*.py") if REGISTRY not in path.parents)
MAKERS = {"Finding", "FindingType"}


def declared() -> t.Iterator[tuple[str, str]]:
    """(constant, id) of each declaration, as it is written."""
    for path in sorted(REGISTRY.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
                assert isinstance(node.targets[0], ast.Name)
                assert isinstance(node.value.args[0], ast.Constant)
                yield node.targets[0].id, str(node.value.args[0].value)


def literal_ids(source: str) -> list[str]:
    """The ids that a file writes out: of `Finding(...)`, of `id=`, of a class's `id`, or as a string of their own."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            is_maker = isinstance(node.func, ast.Name) and node.func.id in MAKERS
            given = [*(node.args[:1] if is_maker else ()), *(each.value for each in node.keywords if each.arg == "id")]
            found += [str(value.value) for value in given if isinstance(value, ast.Constant)]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found += [str(node.value.value)] if names == ["id"] else []
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "id":
            found += [str(each.value) for each in node.comparators if isinstance(each, ast.Constant)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "-" in node.value:
            found += [node.value] if node.value in registry.BY_ID else []
    return found


def test_an_id_is_declared_once_under_its_own_name() -> None:
    ids = collections.Counter(finding_id for _, finding_id in declared())
    assert [finding_id for finding_id, count in ids.items() if count > 1] == []
    assert set(ids) == set(registry.BY_ID)
    assert [name for name, finding_id in declared() if name != finding_id.upper().replace("-", "_")] == []


def test_no_two_types_have_one_rank() -> None:
    ranks = collections.Counter(finding_type.rank for finding_type in registry.BY_ID.values())
    assert [rank for rank, count in ranks.items() if count > 1] == []


@pytest.mark.parametrize("finding_type", registry.BY_ID.values(), ids=lambda finding_type: finding_type.id)
def test_a_declaration_is_whole(finding_type: FindingType) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", finding_type.id)
    assert finding_type.severity in SEVERITIES
    assert finding_type.next_step.endswith((".", "?"))
    assert finding_type.cause.endswith(".")
    assert finding_type.severity_text.startswith(finding_type.severity if finding_type.severity_text else "")
    page = (ROOT / finding_type.page).read_text(encoding="utf-8")
    assert all(f"\n## {part}\n" in page for part in ("Meaning", "Evidence", "What to do"))


def test_every_page_has_its_finding() -> None:
    assert {page.stem for page in ROOT.glob("docs/findings/*.md")} == set(registry.BY_ID)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_no_id_is_written_out_beside_the_registry(path: pathlib.Path) -> None:
    assert literal_ids(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'Finding("brand-new", "error", "o", "m")',
        'Finding(id="drift", severity="error")',
        'found(id="other")',
        'class Gone(ClusterError):\n    id = "superseded"',
        'finding.id == "drift"',
        '{"image-not-found": 1}',
        'finding.id in ("image-not-found",)',
    ],
)
def test_an_id_that_is_written_out_is_found(source: str) -> None:
    assert literal_ids(source)


def test_root_causes_rank_before_their_symptoms() -> None:
    rank = registry.rank_of
    assert rank("api-unreachable") < rank("image-not-found") < rank("progress-deadline") < rank("not-ready")
    assert rank("reference-missing") < rank("crash-loop") < rank("readiness-timeout") < rank("service-unreachable")
    assert rank("of-another-version") > max(finding_type.rank for finding_type in registry.BY_ID.values())
