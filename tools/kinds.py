# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Write docs/kinds.md from the registry of kinds; with --check, say if it is stale."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from checkout import COLLECTIONS, ROOT

sys.path.insert(0, str(COLLECTIONS))
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.kinds import registry
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.kinds.state import Rule

PAGE = ROOT / "docs" / "kinds.md"
OPENING = """\
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by tools/kinds.py from plugins/module_utils/_health/kinds. Change that, then run: make docs -->
# Kinds

How `release` and `health` judge each kind. A kind is its API group and its name: Knative's Service is not the core's.
A kind of which nothing is known is judged by the conventions of Kubernetes and of kstatus; what cannot be known is said
([resource-not-judged](findings/resource-not-judged.md)).

For all of them:

- An object that is being deleted is never ready ([object-terminating](findings/object-terminating.md)), and one that
  was deleted fails the release ([object-gone](findings/object-gone.md)).
- A status of an older generation is not believed: it is waited for.
- Waiting is not failing. What is waited for fails the release when its own deadline is over, or the release's time.
- Pods with the labels of the release, whoever made them, have to be ready.
"""
FAMILIES = (
    ("Kubernetes", registry.BUILT_IN),
    ("Gateway API", registry.GATEWAY_API),
    ("Operators", registry.OPERATORS),
    ("Every other kind", {"any other": registry.EVERY_OTHER}),
)


def rows(rules: dict[str, Rule]) -> Iterator[str]:
    """One row for the kinds that one rule judges."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for kind, rule in rules.items():
        alike.setdefault((rule.ready, rule.failed, rule.waited, rule.source), []).append(kind)
    for (ready, failed, waited, source), kinds in alike.items():
        names = ", ".join(f"`{kind}`" for kind in sorted(kinds))
        yield f"| {names} | {ready} | {failed or '-'} | {waited or '-'} | [source]({source}) |"


def page() -> str:
    """Return the whole page."""
    parts = [OPENING]
    for title, rules in FAMILIES:
        head = "| kind | ready | failed | waited for | rule |\n| --- | --- | --- | --- | --- |"
        parts.append("\n".join([f"## {title}", "", head, *rows(rules)]) + "\n")
    return "\n".join(parts)


def main(check: bool, path: Path = PAGE) -> int:
    """Write the page, or say that it is stale; return the exit code."""
    text = page()
    if not check:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{path.relative_to(ROOT)} is stale: run make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
