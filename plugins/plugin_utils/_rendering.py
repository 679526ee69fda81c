# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a role's templates folder to the manifests of its component; the text is rendered by the caller's templar."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import (
    Manifest,
    key_of,
    malformed,
    not_json,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.surrogates import without_pairs

Loader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
QUOTING = re.compile(r"\b(tag|alias|anchor)\b.*")
"""What the parser says after these words is the template's own text."""


class BadTemplate(Exception):
    """A template that does not render to Kubernetes objects; `str()` names the file and the place."""


def render(folder: pathlib.Path, to_text: t.Callable[[pathlib.Path], str]) -> list[Manifest]:
    """All objects of `folder`'s templates in the order of the file names; `to_text` renders one file.

    Raises BadTemplate. Two objects with the same identity are a mistake.
    """
    manifests = [item for path in sorted(folder.glob("*.yaml.j2")) for item in parse(path.name, to_text(path))]
    keys = [key_of(manifest) for manifest in manifests]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise BadTemplate(f"{folder}: rendered more than once: {', '.join(twice)}")
    return manifests


def parse(name: str, text: str) -> list[Manifest]:
    """The objects of one rendered template; empty documents are left out. The text itself is never quoted."""
    try:
        whole = without_pairs(text)
        documents = [document for document in yaml.load_all(whole, Loader=Loader) if document is not None]
        json.dumps(documents, default=str, skipkeys=True)  # finds a reference to itself
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problem = QUOTING.sub(r"\1", error.problem or "")
        raise BadTemplate(f"{name} renders to invalid YAML at line {line} of its output: {problem}") from None
    except yaml.reader.ReaderError as error:
        character = f"the character {error.character:#x} at position {error.position} of its output"
        raise BadTemplate(f"{name} renders {character}, which YAML does not allow") from None
    except ValueError:
        raise BadTemplate(f"{name} renders an impossible date, number or reference; quote it") from None
    wrong = list(not_json(documents))
    if wrong:
        raise BadTemplate(f"{name} renders {'; '.join(wrong)}")
    for index, document in enumerate(documents, 1):
        if malformed(document):
            raise BadTemplate(f"{name}: document {index} {malformed(document)}")
    return documents
