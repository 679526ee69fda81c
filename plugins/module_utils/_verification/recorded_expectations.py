# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release remembers of how it proved itself, so that it is asked the same when it comes back. Pure.

A release that is restored is not the one that the inventory now describes: its version, its origins, its host name are
those of its time. Which way to take, whom to trust and what load to send are always of now.
"""

from __future__ import annotations

import typing as t

from .._smoke.http.request import parse_url, refuse_foreign
from .._smoke.options import hosts_of

Values = dict[str, t.Any]
SECRET = ("headers", "body")
"""What may hold a credential in a check: such a check is remembered by its name alone."""


def remembered(given: t.Mapping[str, t.Any], displayed: t.Callable[[t.Any], t.Any]) -> Values:
    """From the options of a smoke run: what is expected, without anything that `shown` masks or that may be secret."""
    url, expect, checks = given.get("url", ""), given.get("expect") or {}, given.get("checks") or []
    return {
        "url": url if displayed(url) == url and "@" not in url else "",
        "expect": {name: value for name, value in expect.items() if displayed(value) == value},
        "defaults": given.get("defaults", True),
        "checks": [check if _is_open(check, displayed) else {"name": check.get("name")} for check in checks],
    }


def recalled(given: t.Mapping[str, t.Any], kept: t.Mapping[str, t.Any]) -> Values:
    """The options of a smoke run of a release that remembers `kept`; nothing remembered leaves them as they are.

    A check remembered by its name is taken from `given`, where it still is there. Raises NotAllowed when the release
    was served under a name that must not be asked now.
    """
    if not kept:
        return dict(given)
    url = kept["url"] or given["url"]
    refuse_foreign([parse_url(url)], hosts_of(given))
    now = {check.get("name"): check for check in given.get("checks") or ()}
    checks = [check if len(check) > 1 else now[check["name"]] for check in kept["checks"] if _is_known(check, now)]
    return {**given, "url": url, "expect": kept["expect"], "defaults": kept["defaults"], "checks": checks}


def _is_open(check: t.Mapping[str, t.Any], displayed: t.Callable[[t.Any], t.Any]) -> bool:
    may_be_secret = any(check.get(name) for name in SECRET) or "@" in str(check.get("url"))
    return not may_be_secret and displayed(check) == check


def _is_known(check: t.Mapping[str, t.Any], now: t.Mapping[t.Any, t.Any]) -> bool:
    return len(check) > 1 or check["name"] in now
