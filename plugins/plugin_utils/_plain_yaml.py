# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that parsers of version 1.1 and of version 1.2 read alike: what one of them takes for no string is quoted."""

from __future__ import annotations

import re
import typing as t

import yaml

NUMBER_OF_1_2 = re.compile(
    r"[-+]?(0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9_]+([eE][-+]?[0-9]+)?)"
)
WORD_OF_1_1 = re.compile(r"y|n|yes|no|on|off|true|false|null|~|=|<<|[-+]?\.(inf|nan)", re.IGNORECASE)
DATE_OR_SEXAGESIMAL = re.compile(r"[-+]?[0-9]+([-:][0-9]+)+([Tt ].*)?(\.[0-9_]*)?")


def is_ambiguous(text: str) -> bool:
    """Whether some parser reads the text, without quotes, as a number, a boolean, null or a time."""
    return any(pattern.fullmatch(text) for pattern in (NUMBER_OF_1_2, WORD_OF_1_1, DATE_OR_SEXAGESIMAL))


class _Dumper(yaml.SafeDumper):
    """Sequences are indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if is_ambiguous(value) else None)


_Dumper.add_representer(str, _text)


def dump(data: t.Any) -> str:
    """The data as a YAML document."""
    return str(
        yaml.dump(_plain(data), Dumper=_Dumper, indent=2, sort_keys=False, allow_unicode=True, default_flow_style=False)
    )


def _plain(value: t.Any) -> t.Any:
    """The value in Python's own types: Ansible's say where they come from, too."""
    if isinstance(value, t.Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    kind = next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), None)
    return kind(value) if kind else value
