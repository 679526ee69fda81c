# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Write docs/variables.md from the roles' argument specs and the shared variables; with --check, say if it is stale."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from checkout import COLLECTIONS, ROOT

sys.path.insert(0, str(COLLECTIONS))
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.shared import SHARED

PAGE = ROOT / "docs" / "variables.md"
ROLES = ("namespace", "secrets", "workload", "ingress", "monitoring", "prerequisites")
OPENING = """\
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by tools/variables.py from the argument specs. Change those, then run: make docs -->
# Variables

Every variable of the roles, with its default: the deployment report's figure for production. Types are strict, but a
text is taken for what it can only mean, so that `-e maestro_takeover=true`, INI inventories and surveys work: `"true"`
for a boolean, `"3"` for a number. Null and an empty string mean "not set".

An unknown name that begins with `maestro_`, or that nearly is a role's variable, is refused with the nearest right one.
Another name that begins like a role's (`ingress_nginx_enabled`) is warned of.
"""
SHARED_TEXT = (
    "Several roles read these. They have no defaults file; the values below hold where an inventory sets none."
)
MARKUP = re.compile(r"\b([CVIBO])\(([^()]*(?:\([^()]*\)[^()]*)*)\)")

Option = Mapping[str, Any]


def plain(text: str) -> str:
    """Turn Ansible's markup into Markdown that fits into a table cell."""
    marked = MARKUP.sub(lambda found: f"**{found[2]}**" if found[1] == "B" else f"`{found[2]}`", text)
    return " ".join(marked.split()).replace("|", "\\|")


def described(option: Option) -> str:
    """Return the description as one text, with the choices at its end."""
    sentences = option["description"]
    text = " ".join([sentences] if isinstance(sentences, str) else sentences)
    choices = option.get("choices")
    return plain(text) + (f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else "")


def kind(option: Option) -> str:
    """Return the type, with that of a list's elements."""
    name = str(option.get("type", "str"))
    return f"{name} of {option['elements']}" if "elements" in option else name


def default(option: Option) -> str:
    """Return the default as JSON, or that the variable must be given."""
    if option.get("required"):
        return "required"
    if "default" not in option:
        return ""
    text = json.dumps(option["default"], ensure_ascii=False).replace("|", "\\|")
    return f"`{text}`"


def rows(options: Mapping[str, Option], prefix: str = "") -> Iterator[str]:
    """Yield a table row for each option and, below it, for each of its parts."""
    for name, option in options.items():
        yield f"| `{prefix}{name}` | {kind(option)} | {default(option)} | {described(option)} |"
        inner = f"{prefix}{name}[]." if option.get("type") == "list" else f"{prefix}{name}."
        yield from rows(option.get("options", {}), inner)


def section(title: str, text: str, options: Mapping[str, Option]) -> str:
    """Return one heading with its table."""
    table = ["| variable | type | default | meaning |", "| --- | --- | --- | --- |", *rows(options)]
    return "\n".join([f"## {title}", "", plain(text), "", *table, ""])


def specs_of(role: str) -> Option:
    """Return the `main` entry point of a role's argument specs."""
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    content: Option = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]
    return content


def page() -> str:
    """Return the whole page."""
    sections = [section("All roles", SHARED_TEXT, SHARED)]
    for role in ROLES:
        spec = specs_of(role)
        sections.append(section(f"Role {role}", f"{spec['short_description']}.", spec.get("options", {})))
    return "\n".join([OPENING, *sections])


def main(check: bool, path: Path = PAGE) -> int:
    """Write the page, or return 1 when it does not say what the specs say."""
    if not check:
        path.write_text(page(), encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == page():
        return 0
    print(f"{path.relative_to(ROOT)} is stale. Run: make docs", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
