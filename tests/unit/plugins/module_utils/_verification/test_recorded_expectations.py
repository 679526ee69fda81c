# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that comes back is asked what it was asked in its time, on the way and with the trust of now."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import Mask
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import NotAllowed
from ansible_collections.intelgraph.maestro.plugins.module_utils._verification.recorded_expectations import (
    recalled,
    remembered,
)

URL = "https://maestro.example.com"
OLD: dict[str, t.Any] = {
    "url": URL,
    "expect": {"allowed_origin": "https://old.example.com"},
    "checks": [{"name": "version", "url": "/api/v1/status", "json": {"version": "1"}}],
    "resolve": {"maestro.example.com": "192.0.2.1"},
}
NEW: dict[str, t.Any] = {
    "url": URL,
    "expect": {"allowed_origin": "https://new.example.com"},
    "checks": [
        {"name": "version", "url": "/api/v1/status", "json": {"version": "2"}},
        {"name": "account", "url": "/api/v1/account", "headers": {"Authorization": "Bearer of-now"}},
    ],
    "resolve": {"maestro.example.com": "192.0.2.2"},
    "load": {"rate": 10},
}


def kept(given: dict[str, t.Any]) -> dict[str, t.Any]:
    return remembered(given, Mask({"TOKEN": "a-long-secret-word"}).displayed)


def test_the_former_release_is_asked_for_what_it_was_expected_to_be() -> None:
    asked = recalled(NEW, kept(OLD))
    assert (asked["checks"], asked["expect"]) == (OLD["checks"], OLD["expect"])
    assert (asked["resolve"], asked["load"]) == (NEW["resolve"], NEW["load"])


def test_a_release_that_remembers_nothing_is_asked_what_is_wanted_now() -> None:
    assert recalled(NEW, {}) == NEW


def test_a_release_recalls_itself() -> None:
    assert recalled(NEW, kept(NEW)) == {**NEW, "defaults": True}


@pytest.mark.parametrize(
    "secret",
    [
        {"headers": {"Authorization": "Bearer of-then"}},
        {"body": "password=of-then"},
        {"contains": "a-long-secret-word"},
        {"url": "https://me:of-then@maestro.example.com/"},
    ],
)
def test_what_may_be_secret_is_not_remembered_but_taken_from_now(secret: dict[str, t.Any]) -> None:
    given = {**OLD, "checks": [{"name": "account", "url": "/", **secret}, {"name": "gone", "url": "/", **secret}]}
    reported = kept(given)
    assert reported["checks"] == [{"name": "account"}, {"name": "gone"}]
    assert recalled(NEW, reported)["checks"] == [NEW["checks"][1]]


def test_a_url_with_credentials_is_not_remembered() -> None:
    assert kept({"url": "https://me:pass@maestro.example.com"})["url"] == ""
    assert recalled(NEW, kept({"url": "https://me:pass@maestro.example.com"}))["url"] == URL


def test_a_host_that_must_not_be_asked_now_is_not_asked_because_a_record_says_so() -> None:
    reported = kept({**OLD, "url": "https://elsewhere.example.com"})
    with pytest.raises(NotAllowed, match=r"elsewhere\.example\.com is not among the hosts"):
        recalled(NEW, reported)
    assert recalled({**NEW, "allowed_hosts": ["*.example.com"]}, reported)["url"] == "https://elsewhere.example.com"
