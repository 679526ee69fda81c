# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Check that the words of tools/words.yml, which the project has given up, do not come back.

Names in code are read as tokens, so that prose which happens to use such a word is not meant; text is Markdown and the
strings and docstrings of the plugins.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import yaml
from checkout import ROOT, tracked_files

LIST = Path("tools/words.yml")
TEXT = (".md", ".yml", ".yaml", ".py", ".j2")
Line = tuple[int, str]


@dataclass(frozen=True)
class Word:
    """A word that was given up, the one to write instead, and the globs of the files where it is still right."""

    old: re.Pattern[str]
    word: str
    kind: str
    right_in: tuple[str, ...] = ()

    def concerns(self, path: Path) -> bool:
        """Whether a file is one to look at for this word."""
        if path == LIST or any(fnmatch(str(path), glob) for glob in self.right_in):
            return False
        is_plugin = path.parts[0] == "plugins" and path.suffix == ".py"
        is_page = path.suffix == ".md"
        return {"code": is_plugin, "text": is_plugin or is_page, "docs": is_page, "all": path.suffix in TEXT}[self.kind]


def words() -> list[Word]:
    """The list, each expression bound to whole words."""
    entries = yaml.safe_load((ROOT / LIST).read_text(encoding="utf-8"))
    return [
        Word(
            re.compile(rf"(?<![\w-])(?:{entry['old']})(?![\w-])"),
            entry["word"],
            entry["kind"],
            tuple(entry.get("right_in", ())),
        )
        for entry in entries
    ]


def lines_of(text: str, suffix: str, kind: str) -> list[Line]:
    """The numbered lines that a kind of word is looked for in: names, strings, or all."""
    if suffix != ".py" or kind == "all":
        return list(enumerate(text.splitlines(), 1))
    wanted = tokenize.NAME if kind == "code" else tokenize.STRING
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [
        (token.start[0] + offset, line)
        for token in tokens
        if token.type == wanted
        for offset, line in enumerate(token.string.splitlines())
    ]


def found(path: Path, text: str, known: Iterable[Word]) -> Iterator[str]:
    """Yield a line for each old word in a file."""
    concerned = [word for word in known if word.concerns(path)]
    lines = {kind: lines_of(text, path.suffix, kind) for kind in {word.kind for word in concerned}}
    for word in concerned:
        for number, line in lines[word.kind]:
            if match := word.old.search(line):
                yield f"{path}:{number}: {match.group(0)!r}: write {word.word}"


def main() -> int:
    """Print the old words; return 1 when there is one."""
    known = words()
    files = [path for path in tracked_files() if path.suffix in TEXT and (ROOT / path).is_file()]
    lines = [line for path in files for line in found(path, (ROOT / path).read_text(encoding="utf-8"), known)]
    print("\n".join(lines) or f"{len(files)} files without any of the {len(known)} old words")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
