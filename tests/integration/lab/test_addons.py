# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Add-ons are chosen by name, at a lab's start or while it runs, with what they require, and leave nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.integration.lab.conftest import Command
from tests.integration.lab.snapshot import traces
from tests.integration.lab.test_lifecycle import until_nothing_is_left

CERTIFICATE = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Certificate",
    "metadata": {"name": "asked"},
    "spec": {
        "secretName": "asked-tls",
        "dnsNames": ["asked.maestro-lab.internal"],
        "issuerRef": {"kind": "ClusterIssuer", "name": "lab-acme"},
    },
}
ISSUED = ("kubectl", "wait", "certificate/asked", "--for=condition=Ready", "--timeout=180s")


def states(lab: Command) -> dict[str, str]:
    return {addon["name"]: addon["state"] for addon in lab.status()["addons"]}


def test_an_add_on_is_added_to_a_lab_that_runs_and_goes_with_it(
    make_lab: Callable[[str], Command], tmp_path: Path
) -> None:
    lab = make_lab("test-addons")
    idents = {lab.lab.ident}
    before = traces(idents)
    lab("up", "--core", "--with", "dns,issuer")
    assert states(lab) | {"registry": "ready", "dns": "ready", "issuer": "ready"} == states(lab)
    assert states(lab)["acme"] == states(lab)["metrics"] == "not chosen"
    said = lab("up", "--with", "acme")
    assert "has balancer, ingress, acme too" in said
    assert states(lab)["acme"] == "ready"
    manifest = tmp_path / "certificate.json"
    manifest.write_text(json.dumps(CERTIFICATE))
    lab("kubectl", "apply", "--filename", str(manifest))
    lab(*ISSUED)
    assert "up already" in lab("up", "--with", "acme")
    lab("down")
    until_nothing_is_left(before, idents)


def test_an_unknown_add_on_is_refused_before_anything_is_done(make_lab: Callable[[str], Command]) -> None:
    lab = make_lab("test-unknown")
    assert "There is no add-on 'polices'" in lab("up", "--with", "polices", fails=True)
    assert lab.status()["state"] == "absent"
