# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Keeps compiled Jinja templates between renders: a play compiles each once, hundreds of tests need not do it again."""

from __future__ import annotations

import typing as t

from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext

_OPTIONS = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
    "optimized",
    "autoescape",
)
"""All of an environment that goes into a template's code, beside its class; a template's own header may set them."""

_kept: dict[tuple[t.Any, ...], t.Any] = {}
_compile = AnsibleEnvironment.compile


def _kept_or_compiled(environment: t.Any, source: t.Any, *arguments: t.Any, **named: t.Any) -> t.Any:
    if not isinstance(source, str):
        return _compile(environment, source, *arguments, **named)
    context = _TemplateCompileContext.current(optional=True)
    options = (getattr(environment, name) for name in _OPTIONS)
    key = (
        type(environment),
        str(source),
        arguments,
        tuple(sorted(named.items())),
        getattr(context, "escape_backslashes", None),
        *options,
    )
    if key not in _kept:
        _kept[key] = _compile(environment, source, *arguments, **named)
    return _kept[key]


def keep() -> None:
    """Keep what is compiled from now on, in this process."""
    AnsibleEnvironment.compile = _kept_or_compiled
