# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Lint the documentation of plugins and roles, and build it with the guides as HTML into artifacts/docs.

Writes docs/variables.md, docs/kinds.md, the plays' argument specs and the heads of docs/findings first; with --check
only says if one is stale.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import finding_pages
import kinds
import play_specs
import variables
from build import installed
from checkout import ARTIFACTS, ROOT, environment
from docutils.core import publish_string
from markdown_it import MarkdownIt

SITE = ARTIFACTS / "docs"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ max-width: 60rem; margin: 2rem auto; font-family: sans-serif }}
td, th {{ text-align: left; vertical-align: top }}
</style>
</head><body>{body}</body></html>
"""
TO_SOURCE = re.compile(r'(href="(?!https?:)[^"#]+)\.(?:md|rst)(?=["#])')


def run(home: Path, *command: str) -> None:
    """Run one command in an installed collection; its own words are the error."""
    chosen = environment(ANSIBLE_COLLECTIONS_PATH=str(home.parents[2]))
    done = subprocess.run(command, cwd=home, env=chosen, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"docs: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def reference(home: Path, pages: Path) -> None:
    """Lint and write the pages of plugins and roles, as reStructuredText."""
    run(home, "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=self", ".")
    pages.mkdir()
    output = ("--dest-dir", str(pages), "--output-format", "simplified-rst", "--fail-on-error")
    run(home, "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", *output, "intelgraph.maestro")


def publish_reference(pages: Path) -> None:
    """Turn the reference into HTML; anything doubtful in it is an error."""
    target = SITE / "reference"
    target.mkdir()
    settings = {"halt_level": 2, "output_encoding": "unicode", "embed_stylesheet": True}
    for page in pages.glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        html = publish_string(text, source_path=str(page), writer="html5", settings_overrides=settings)
        (target / f"{page.stem}.html").write_text(TO_SOURCE.sub(r"\1.html", html), encoding="utf-8")


def publish_guides() -> None:
    """Turn the Markdown guides, findings and runbooks into HTML."""
    markdown = MarkdownIt("commonmark").enable("table")
    for page in sorted((ROOT / "docs").rglob("*.md")):
        body = TO_SOURCE.sub(r"\1.html", markdown.render(page.read_text(encoding="utf-8")))
        target = (SITE / page.relative_to(ROOT / "docs")).with_suffix(".html")
        target.parent.mkdir(exist_ok=True)
        target.write_text(PAGE.format(title=page.stem, body=body), encoding="utf-8")


def main(check: bool) -> int:
    """Make the pages; return the exit code."""
    stale = variables.main(check) or kinds.main(check) or play_specs.main(check) or finding_pages.main(check)
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    with installed() as home:
        reference(home, home.parents[2] / "pages")
        publish_reference(home.parents[2] / "pages")
    publish_guides()
    print(f"{len(list(SITE.rglob('*.html')))} pages in {SITE.relative_to(ROOT)}")
    return stale


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
