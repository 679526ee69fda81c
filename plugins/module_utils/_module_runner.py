# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module runs: as a process of its own, or in the controller's (see plugin_utils/_in_process.py).

A module declares its arguments and a body; the body takes a `Call` and returns an `Ending`, and knows nothing of
processes. An error of the cluster that the body lets through becomes one clear failure, never a traceback.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from ansible.module_utils.basic import AnsibleModule

from ._cluster.errors import ClusterError
from ._health.progress import Tell, silent
from ._text import printable

Arguments = dict[str, dict[str, t.Any]]
CREDENTIAL = re.compile(
    r"(?:proxy-)?authorization|cookie|.*(?:token|key|secret|passw(?:or)?d|credential).*", re.IGNORECASE
)
"""Names of headers whose values nobody else may see."""
URLS = ("url", "prometheus_url")
"""Names of parameters that hold a URL."""
SHORTEST = 8
"""Characters of the shortest text that is taken out of a result wherever it stands."""


class Call(t.NamedTuple):
    """Validated parameters, and whether only to look (`check`) and to tell the differences (`diff`).

    `tell` shows a line while the body runs, where somebody can see it.
    """

    params: dict[str, t.Any]
    check: bool = False
    diff: bool = False
    tell: Tell = silent


@dataclasses.dataclass
class Ending:
    """The keys of a module's result, its warnings, and whether it failed.

    `lines` are a text for the screen, which a module in the controller's process shows when it has ended.
    """

    values: dict[str, t.Any]
    warnings: list[str] = dataclasses.field(default_factory=list)
    failed: bool = False
    lines: list[str] = dataclasses.field(default_factory=list)


Body = t.Callable[[Call], Ending]


def _as_it_is(value: t.Any) -> t.Any:
    return value


def perform(body: Body, call: Call, redact: t.Callable[[t.Any], t.Any] = _as_it_is) -> Ending:
    """Run the body; an error of the cluster ends as a failure with `msg` and `error_id`.

    `redact` takes secrets out of plain values. Nothing of what it ends with can act on a terminal, or pass for a line
    of Ansible's own.
    """
    try:
        ending = body(call)
    except ClusterError as error:
        message = f"{str(error).rstrip('.')}. {error.next_step}"
        ending = Ending({"msg": message, "error_id": error.id}, failed=True)
    values, warnings, lines = redact(ending.values), redact(ending.warnings), redact(ending.lines)
    return _displayable(dataclasses.replace(ending, values=values, warnings=warnings, lines=lines))


def _displayable(ending: Ending) -> Ending:
    values = printable.printable_values(ending.values)
    if isinstance(values.get("msg"), str):
        values["msg"] = printable.message(values["msg"])
    warnings = [printable.one_line(warning) for warning in ending.warnings]
    lines = [printable.one_line(line) for line in ending.lines]
    return dataclasses.replace(ending, values=values, warnings=warnings, lines=lines)


def confidential(params: t.Any) -> set[str]:
    """The credentials in headers and URLs of requests among parameters, however deep, and a smoke test's own token.

    They are secrets inside options that as a whole are none, so that Ansible's `no_log` does not know them.
    """
    if isinstance(params, (list, tuple)):
        return {text for inner in params for text in confidential(inner)}
    if not isinstance(params, t.Mapping):
        return set()
    found = {text for name, inner in params.items() if name != "components" for text in confidential(inner)}
    headers = params.get("headers")
    given = headers if isinstance(headers, t.Mapping) else {}
    values = [str(value) for name, value in given.items() if CREDENTIAL.fullmatch(str(name))]
    values.append(str(params.get("prometheus_token") or ""))
    values += [part for name in URLS for part in _credentials(str(params.get(name) or ""))]
    return found | {text for value in values for text in (value, *value.split()) if len(text) >= SHORTEST}


def _credentials(url: str) -> list[str]:
    """What a URL holds before its host: user and password together, and the password as it is sent."""
    secret = (url.partition("://")[2] or url).partition("/")[0].rpartition("@")[0]
    return [secret, urllib.parse.unquote(secret.partition(":")[2])] if secret else []


def as_module(module: AnsibleModule, body: Body) -> None:
    """Run the body in a process of its own and end that process with the result."""
    module.no_log_values |= confidential(module.params)
    ending = perform(body, Call(module.params, module.check_mode, module._diff))
    for warning in ending.warnings:
        module.warn(warning)
    if ending.failed:
        module.fail_json(**ending.values)
    module.exit_json(**ending.values)
