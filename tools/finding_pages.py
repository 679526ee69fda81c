# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Write the heads of docs/findings/*.md (licence, title, severity) from the registry; with --check, name stale ones.

A finding without a page gets one whose sections are empty, and a page whose finding is gone is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from checkout import COLLECTIONS, ROOT

sys.path.insert(0, str(COLLECTIONS))
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import FindingType
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.registry import BY_ID

PAGES = ROOT / "docs" / "findings"
BODY = "## Meaning"
SECTIONS = "## Meaning\n\n## Evidence\n\n## What to do\n"
HEAD = """\
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Copyright: Contributors to intelgraph.maestro -->
# {id}

Severity: {severity}.

"""


def head(finding_type: FindingType) -> str:
    """What stands above the sections of a page."""
    return HEAD.format(id=finding_type.id, severity=finding_type.severity_text or finding_type.severity)


def page(finding_type: FindingType, text: str) -> str:
    """The page with its head renewed; its sections stay."""
    _old, mark, body = text.partition(BODY)
    return head(finding_type) + (mark + body if mark else SECTIONS)


def stale(folder: Path, types: Mapping[str, FindingType]) -> dict[Path, str]:
    """The pages that are not as they should be, with their right text; nothing for one whose finding is gone."""
    found = {path: "" for path in sorted(folder.glob("*.md")) if path.stem not in types}
    for name, finding_type in types.items():
        path = folder / f"{name}.md"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        right = page(finding_type, text)
        if right != text:
            found[path] = right
    return found


def main(check: bool) -> int:
    """Write or check the pages; return the exit code."""
    found = stale(PAGES, BY_ID)
    for path, text in found.items():
        name = path.relative_to(ROOT)
        if not text:
            print(f"{name}: the registry has no finding of this id. Remove the page, or declare the finding.")
        elif check:
            print(f"{name}: its head is not the registry's. Run: make docs")
        else:
            path.write_text(text, encoding="utf-8")
    return int(any(check or not text for text in found.values()))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
