# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What a lab writes down of itself, and what is made of records that are not whole."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from maestro_lab import api, record
from maestro_lab.names import Lab
from maestro_lab.status import as_text, status


def test_a_record_comes_back_as_written(lab: Lab) -> None:
    lab.state.mkdir()
    written = record.Record(str(lab.network), "abc", complete=True, seconds={"etcd": 0.5})
    record.write(lab, written)
    assert record.read(lab) == written
    assert record.opened(replace(lab, network=None)) == lab


@pytest.mark.parametrize("content", ["", "{", "[]", '{"network": "10.77.0.0/16"}', '{"other": 1}'])
def test_a_record_that_is_not_whole_is_none(lab: Lab, content: str) -> None:
    lab.state.mkdir()
    lab.record.write_text(content)
    assert record.read(lab) is None
    assert record.opened(replace(lab, network=None)).network is None


def test_facts_hold_the_core_and_what_steps_gave_and_are_private(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "programs", lambda: Path("/programs"))
    lab.state.mkdir()
    record.write_facts(lab, {"redis": {"password": "secret"}})
    facts = record.read_facts(lab)
    assert facts["redis"] == {"password": "secret"}
    assert facts["api_server"] == lab.api_server
    assert [node["zone"] for node in facts["nodes"]] == ["zone-1", "zone-2", "zone-3"]
    assert stat.S_IMODE(lab.facts.stat().st_mode) == 0o600


def test_the_status_is_a_table_of_add_ons_with_those_that_were_not_chosen(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.state.mkdir()
    record.write(lab, record.Record(str(lab.network), "abc", complete=True, addons=["dns", "databases", "kinds"]))
    monkeypatch.setattr(api, "ready_nodes", lambda _: set())
    ready = {"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}
    monkeypatch.setattr(api, "get", lambda *_: ready)
    found = {one["name"]: one for one in status(lab)["addons"]}
    assert (found["dns"]["state"], found["dns"]["pods"]) == ("ready", "2/2")
    assert found["databases"]["state"] == "not ready"
    assert found["kinds"]["state"] == "ready"
    assert found["ingress"]["state"] == "not chosen"
    rows = as_text(status(lab)).splitlines()
    assert any(row.split()[:3] == ["dns", "ready", "2/2"] for row in rows)


def test_a_lab_that_was_never_started_is_absent(lab: Lab) -> None:
    assert status(lab)["state"] == "absent"
    assert "is absent" in as_text(status(lab))


@pytest.mark.parametrize(
    ("complete", "ready", "state"),
    [(True, {"node-1", "node-2", "node-3"}, "up"), (True, {"node-1"}, "degraded"), (False, set(), "starting")],
)
def test_a_lab_is_up_only_with_all_nodes_ready(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, complete: bool, ready: set[str], state: str
) -> None:
    lab.state.mkdir()
    record.write(lab, record.Record(str(lab.network), "abc", complete=complete))
    monkeypatch.setattr(api, "ready_nodes", lambda _: ready)
    found = status(lab)
    assert found["state"] == state
    assert {host["name"]: host.get("ready") for host in found["hosts"]}["node-2"] is ("node-2" in ready)
    assert as_text(found).count("not Ready") == 3 - len(ready)
