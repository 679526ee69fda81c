# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with every kind of bad TLS: what is wrong is named with what is there and what is wanted. Needs no lab."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call
from ansible_collections.intelgraph.maestro.plugins.modules import smoke
from tests.smoke_servers.certificates import issued, self_signed
from tests.smoke_servers.server import Server, serving


def verify(server: Server, ca_path: str = "", **expect: t.Any) -> dict[str, t.Any]:
    """The result of the module for a server on this machine: one check, asked once, and no pods."""
    given: dict[str, t.Any] = {
        "url": f"https://localhost:{server.port}",
        "pods": "off",
        "defaults": False,
        "checks": [{"name": "root", "url": "/", "successes": 1}],
        "interval": 60,  # longer than the deadline: what fails is not asked again
        "expect": expect,
        **({"ca_path": ca_path} if ca_path else {}),
    }
    checked = ModuleArgumentSpecValidator(smoke.ARGUMENTS).validate(given)
    assert checked.error_messages == []
    return dict(smoke.verify(Call(checked.validated_parameters)).values)


def wrong(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """The only thing that is wrong."""
    assert result["verdict"] == "failed", result
    [finding] = [finding for finding in result["findings"] if finding["severity"] == "error"]
    return t.cast("dict[str, t.Any]", finding)


def day(ahead: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=ahead)).strftime("%Y-%m-%d")


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_a_server_that_speaks_only_an_old_version_is_named_with_it(version: str, tmp_path: pathlib.Path) -> None:
    pair = self_signed(tmp_path)
    with serving("good", *pair, version) as server:
        finding = wrong(verify(server, pair.certificate))
        assert server.stop()["requests"] == 0
    assert finding["id"] == "tls-outdated"
    offered = version.replace("_", ".")
    assert f"speaks {offered} at most; TLSv1.2 is the least: " in finding["message"]
    assert f"localhost:{server.port} (127.0.0.1:{server.port})" in finding["message"]


def test_a_server_of_tls_1_2_is_good_enough_unless_1_3_is_wanted(tmp_path: pathlib.Path) -> None:
    pair = self_signed(tmp_path)
    with serving("good", *pair, "TLSv1_2") as server:
        [check] = (good := verify(server, pair.certificate))["checks"]
        finding = wrong(verify(server, pair.certificate, tls_minimum="TLSv1.3"))
    assert (good["verdict"], check["tls"]) == ("passed", "TLSv1.2")
    assert check["certificate_days"] == pytest.approx(90, abs=0.2)
    assert finding["id"] == "tls-outdated"
    assert "agreed to TLSv1.2; TLSv1.3 is the least" in finding["message"]


UNTRUSTED: dict[str, tuple[dict[str, t.Any], bool, str, str]] = {
    "expired": ({"days": -2.0}, True, "certificate has expired", "from {begun} to {ended}"),
    "not yet valid": ({"begun": -3.0}, True, "certificate is not yet valid", "from {later} to {last}"),
    "wrong name": ({"name": "ingress.local"}, True, "mismatch", "for ingress.local, issued by itself"),
    "self-signed": ({}, False, "self-signed certificate", "for localhost, 127.0.0.1, issued by itself"),
}


@pytest.mark.parametrize("kind", UNTRUSTED)
def test_a_certificate_that_cannot_be_trusted_is_described(kind: str, tmp_path: pathlib.Path) -> None:
    given, trusted, words, displayed = UNTRUSTED[kind]
    pair = self_signed(tmp_path, **given)
    with serving("good", *pair) as server:
        finding = wrong(verify(server, pair.certificate if trusted else ""))
        assert server.stop()["requests"] == 0
    assert finding["id"] == "certificate-untrusted"
    assert words in finding["message"].lower().replace("self signed", "self-signed")
    described, counted = finding["evidence"]
    dates = {"begun": day(-365), "ended": day(-2), "later": day(3), "last": day(90)}
    for part in displayed.format(**dates).split(" to "):
        assert part in described
    assert counted == "1 of 1 attempts failed"


def test_a_chain_is_followed_and_a_missing_link_is_told(tmp_path: pathlib.Path) -> None:
    whole, root = issued(tmp_path)
    with serving("good", *whole) as server:
        assert verify(server, root)["verdict"] == "passed"
    broken, root = issued(tmp_path, whole=False)
    with serving("good", *broken) as server:
        finding = wrong(verify(server, root))
    assert finding["id"] == "certificate-untrusted"
    assert "unable to get local issuer certificate" in finding["message"]
    assert "issued by Test Issuer" in finding["evidence"][0]


def test_a_certificate_about_to_end_is_told_days_ahead(tmp_path: pathlib.Path) -> None:
    pair = self_signed(tmp_path, days=5)
    with serving("good", *pair) as server:
        finding = wrong(verify(server, pair.certificate))
        assert verify(server, pair.certificate, certificate_days=4)["verdict"] == "passed"
    assert finding["id"] == "certificate-expiring"
    assert "ends in 5.0 days; 7 is the least" in finding["message"]


def test_what_is_no_tls_at_all_is_not_called_outdated(tmp_path: pathlib.Path) -> None:
    with serving("good") as server:
        finding = wrong(verify(server))
    assert finding["id"] == "service-unreachable"
    assert "in the phase tls" in finding["message"]
