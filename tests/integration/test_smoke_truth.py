# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads against servers that know what they did: the figures are the truth, the verdict is right, nothing is left."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import parse_url, wire
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.generator import Load
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.measurement import Measurement, measure
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.rate_limiter import Limiter, measure_limit
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.schedule import LoadPlan, Request
from tests.smoke_servers.certificates import self_signed
from tests.smoke_servers.few_files import few_files
from tests.smoke_servers.server import DRIP_PIECES, DRIP_SECONDS, Server, serving

ROOT = pathlib.Path(__file__).resolve().parents[2]
ERRORS_ONLY = {"error_ratio": 0.001}
JITTER = 0.003
"""Seconds beside the 1 % that figures may be wrong by, and beside what is known of the machine's own delays."""


def plan_for(port: int, rate: float, seconds: float, scheme: str = "http", **given: t.Any) -> LoadPlan:
    url = parse_url(f"{scheme}://localhost:{port}/")
    statuses = given.pop("statuses", frozenset({200}))
    values: dict[str, t.Any] = {"warm_up": 0.0, "timeout": 5.0, **given}
    return LoadPlan(url, (Request("status", "GET", wire(url), statuses),), rate, seconds, **values)


def loaded(
    server: Server, rate: float, seconds: float, limits: dict[str, float] | None = None, **given: t.Any
) -> Measurement:
    """Measure a server over plain HTTP."""
    extensions = given.pop("extensions", 0)
    plan = plan_for(server.port, rate, seconds, **given)
    return measure(plan, limits or ERRORS_ONLY, [address(server.port)], None, extensions)


def address(port: int) -> tuple[int, tuple[str, int]]:
    return socket.AF_INET, ("127.0.0.1", port)


def verdict_of(measured: Measurement) -> str:
    """The verdict, or what it would be if the machine had not been too busy for latencies of milliseconds."""
    unfit = {check.check for check in measured.evaluation.self_checks if not check.passed} - {"sent"}
    if unfit != {"lateness_p99"}:
        return measured.evaluation.verdict
    gates = {gate.verdict for gate in measured.evaluation.gates}
    return "failed" if "failed" in gates else "passed" if gates == {"passed"} else "inconclusive"


def delays(measured: Measurement, truth: dict[str, t.Any]) -> float:
    """Seconds that a time may be off because the machine kept the load, or the server, from doing its work."""
    return float(JITTER + measured.figures["lateness"]["max"] + truth["lag"])


def results(measured: Measurement) -> dict[str, int]:
    return {kind: count for kind, count in measured.figures["results"].items() if count}


@pytest.mark.parametrize(
    ("behaviour", "seconds", "verdict"),
    [("errors of 0.05 %", 4, "passed"), ("errors of 0.1 %", 2, "inconclusive"), ("errors of 0.2 %", 2, "failed")],
)
def test_the_number_of_errors_decides(behaviour: str, seconds: int, verdict: str) -> None:
    with serving(behaviour) as server:
        measured = loaded(server, 5000, seconds, timeout=30.0)
        truth = server.stop()
    assert results(measured) == {"ok": truth["did"]["ok"], "5xx": truth["did"]["error"]}
    assert truth["requests"] == 5000 * seconds
    assert verdict_of(measured) == verdict


def test_what_is_open_is_decided_by_more_requests() -> None:
    """A ratio below 0.2 % takes 1497 good requests at the first look and 2301 at a later one."""
    with serving("good") as server:
        measured = loaded(server, 900, 1, {"error_ratio": 0.002}, extensions=3, timeout=30.0)
        truth = server.stop()
    assert (measured.evaluation.verdict, measured.figures["extensions"]) == ("passed", 2)
    assert measured.figures["planned"] == truth["requests"] == 2700


def test_a_stall_is_seen_by_all_who_waited() -> None:
    """100 ms of standstill a second at an even rate: a tenth waits, 50 ms at the 95th percentile."""
    with serving("pauses") as server:
        measured = loaded(server, 500, 4, {"p95": 1.0})
        truth = server.stop()
    figures, times, off = measured.figures["latency"], sorted(truth["times"]), delays(measured, truth)
    assert figures["p95"] == pytest.approx(times[int(len(times) * 0.95)], rel=0.01, abs=off)
    assert figures["p95"] == pytest.approx(0.05, abs=0.01 + off)
    assert figures["max"] == pytest.approx(0.1, abs=0.01 + off)


def test_a_stall_cannot_hide_behind_a_single_connection() -> None:
    """With one connection only one request waits at the server; those that were due meanwhile count all the same."""
    with serving("pauses") as server:
        measured = loaded(server, 300, 3, {"p95": 1.0}, connections=1)
        off = delays(measured, server.stop())
    assert measured.figures["latency"]["p95"] == pytest.approx(0.05, abs=0.012 + off)
    assert measured.figures["service_time"]["p95"] < 0.017 + off


def test_resets_are_counted() -> None:
    with serving("resets") as server:
        measured = loaded(server, 1000, 2)
        truth = server.stop()
    assert measured.evaluation.verdict == "failed"
    assert results(measured) == {"ok": truth["did"]["ok"], "reset": truth["did"]["reset"]}


def test_slow_bodies_are_waited_for() -> None:
    with serving("drips") as server:
        measured = loaded(server, 200, 2, {"p95": 0.1})
        truth = server.stop()
    assert results(measured) == {"ok": 400}
    assert truth["did"]["dripped"] == 40
    slow = DRIP_PIECES * DRIP_SECONDS
    assert measured.figures["latency"]["p99"] == pytest.approx(slow, rel=0.01, abs=JITTER + delays(measured, truth))
    assert verdict_of(measured) == "failed"


def test_who_never_answers_counts_with_the_whole_timeout() -> None:
    with serving("silence") as server:
        measured = loaded(server, 500, 2, {"error_ratio": 0.001, "p99": 0.2}, timeout=0.5)
        truth = server.stop()
    assert results(measured) == {"ok": truth["did"]["ok"], "timeout": truth["did"]["silent"]}
    assert measured.figures["latency"]["max"] == pytest.approx(0.5, rel=0.01, abs=delays(measured, truth))
    assert verdict_of(measured) == "failed"


def test_connections_closed_at_random_lose_no_request() -> None:
    """Unless the server closes at the very moment at which the next one reaches it: that is a reset, and told. One that
    meets such a connection twice is told as cut. Of those due while the machine stood still each may be one.
    """
    with serving("forgetful") as server:
        measured = loaded(server, 1000, 2)
        truth = server.stop()
    assert measured.figures["results"]["ok"] == truth["did"]["ok"] == truth["requests"]
    reported = measured.figures["results"]["reset"] + measured.figures["results"]["cut"]
    assert measured.figures["results"]["ok"] + reported == 2000
    assert reported <= 20 + 1000 * delays(measured, truth)
    assert reported < truth["did"]["closed"] / 2
    assert truth["connections"] == measured.figures["connections"]["opened"] > 100


def test_every_form_of_an_answer_is_told_from_what_is_none() -> None:
    """Chunked and empty bodies, HTTP/1.0, 100-continue, huge headers, garbage, and bodies that end too soon."""
    with serving("varied") as server:
        measured = loaded(server, 500, 2, statuses=frozenset({200, 204}))
        truth = server.stop()["did"]
    assert results(measured) == {
        "ok": truth["ok"] + truth["old"],
        "malformed": truth["garbage"],
        "cut": truth["short"],
    }
    assert truth["garbage"] == truth["short"] == 10


def test_a_wrong_certificate_is_told_from_everything_else(tmp_path: pathlib.Path) -> None:
    wrong = self_signed(tmp_path, "somebody-else.test")
    context = ssl.create_default_context(cafile=wrong.certificate)
    with serving("good", *wrong) as server:
        plan = plan_for(server.port, 50, 2, "https")
        measured = measure(plan, ERRORS_ONLY, [address(server.port)], context)
    assert set(results(measured)) == {"tls"}
    assert "mismatch" in measured.figures["said"]["tls"].lower()
    assert measured.figures["stopped"]


def test_no_server_is_a_failed_connection() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        measured = measure(
            plan_for(nobody.getsockname()[1], 100, 5), ERRORS_ONLY, [address(nobody.getsockname()[1])], None
        )
    assert set(results(measured)) == {"connect"}
    assert "refused" in measured.figures["said"]["connect"].lower()
    assert measured.evaluation.verdict == "failed"


def test_a_load_that_does_harm_stops_itself() -> None:
    with serving("errors always") as server:
        measured = loaded(server, 200, 30)
        truth = server.stop()
    assert measured.figures["stopped"]
    assert truth["requests"] < 100
    assert {"load-stopped", "error-ratio-high"} <= {finding.id for finding in measured.evaluation.findings}


def test_over_tls_nothing_is_lost_and_connections_are_kept(tmp_path: pathlib.Path) -> None:
    pair = self_signed(tmp_path)
    context = ssl.create_default_context(cafile=pair.certificate)
    with serving("good", *pair) as server:
        plan = plan_for(server.port, 400, 2, "https", warm_up=0.5)
        measured = measure(plan, ERRORS_ONLY, [address(server.port)], context, extensions=0)
        truth = server.stop()
    assert results(measured) == {"ok": 800}
    assert truth["requests"] == 1000
    assert measured.figures["pods"] == {"pod-1": 1000}
    assert measured.figures["connections"]["opened"] < 200 + 400 * delays(measured, truth)
    assert measured.figures["throughput"] == pytest.approx(400, abs=8 + 200 * delays(measured, truth))


def test_a_mix_comes_as_its_weights_say_with_its_bodies() -> None:
    with serving("good") as server:
        plan = plan_for(server.port, 400, 1)
        [status] = plan.requests
        made = Request("job", "POST", wire(parse_url("/jobs", str(plan.url)), "POST", {}, '{"a": 1}'), weight=3)
        mixed = dataclasses.replace(plan, requests=(status, made))
        measured = measure(mixed, ERRORS_ONLY, [address(server.port)], None, extensions=0)
        truth = server.stop()
    assert truth["asked"] == {"GET /": 100, 'POST /jobs {"a": 1}': 300}
    assert results(measured) == {"ok": 400}
    assert measured.figures["plan"]["requests"] == {"status": 1, "job": 3}


def test_who_accepts_and_never_shakes_hands_is_no_tls() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        plan = plan_for(silent.getsockname()[1], 50, 0.4, "https", timeout=2)
        measured = measure(plan, ERRORS_ONLY, [address(plan.url.port)], ssl.create_default_context())
    assert results(measured) == {"timeout": 20}
    assert measured.figures["said"]["timeout"] == "no TLS connection within 2 s"
    assert verdict_of(measured) == "failed"


def test_more_requests_than_connections_wait_their_turn() -> None:
    """0.3 s each on 10 connections are 33 a second: of 50 a second more and more wait, and the figures say so."""
    with serving("slow") as server:
        measured = loaded(server, 50, 2, {"p95": 0.5}, connections=10, timeout=5.0)
        truth = server.stop()
    figures = measured.figures
    assert results(measured) == {"ok": 100}
    assert (truth["requests"], figures["connections"]["most"]) == (100, 10)
    assert figures["service_time"]["max"] == pytest.approx(0.3, abs=0.1 + delays(measured, truth))
    assert figures["latency"]["max"] > 1.0
    assert verdict_of(measured) == "failed"


def test_requests_that_get_no_socket_are_told() -> None:
    """With too few open files allowed, part of the load is never sent: no word on the service."""
    with serving("slow") as server:
        with few_files():
            measured = loaded(server, 200, 1.5)
        truth = server.stop()
    assert measured.figures["results"]["ok"] == truth["requests"] == measured.figures["sent"]
    assert measured.figures["results"]["unable"] > 100
    assert measured.figures["said"]["unable"] == "Too many open files"
    assert "generator-overloaded" in {finding.id for finding in measured.evaluation.findings}


def test_the_limit_of_a_rate_is_told_from_errors() -> None:
    with serving("limited") as server:
        measured = loaded(server, 400, 2)
        truth = server.stop()
    assert results(measured) == {"ok": truth["did"]["ok"], "429": truth["did"]["limited"]}
    assert truth["did"]["ok"] == pytest.approx(600, abs=12 + 200 * delays(measured, truth))
    assert measured.evaluation.verdict == "inconclusive"


def test_the_limiter_bites_when_its_bucket_is_empty() -> None:
    """200 in the bucket, 200 a second into it, 400 a second out of it: one second."""
    limiter = Limiter(limit=200, burst=200)
    with serving("limited") as server:
        smoke_result = measure_limit(limiter, plan_for(server.port, 400, 1), [address(server.port)], None)
        truth = server.stop()
    assert smoke_result.first == pytest.approx(1.0, rel=0.02, abs=JITTER + truth["lag"])
    assert {finding.id for finding in smoke_result.findings} <= {"generator-overloaded"}
    assert smoke_result.results == {"ok": truth["did"]["ok"], "429": truth["did"]["limited"]}


def test_a_limiter_that_lets_all_through_is_missing() -> None:
    with serving("good") as server:
        smoke_result = measure_limit(
            Limiter(limit=200, burst=100), plan_for(server.port, 400, 1), [address(server.port)], None
        )
    assert (smoke_result.first, [finding.id for finding in smoke_result.findings]) == (None, ["rate-limit-missing"])


def test_nothing_is_left_behind() -> None:
    """After the first run, which loads code, further ones take no file and next to no memory."""
    with serving("varied") as server:
        loaded(server, 500, 0.5)
        before = remains()
        for _run in range(4):
            loaded(server, 1000, 0.5)
        after = remains()
    assert after[0] == before[0]
    assert after[1] - before[1] < 4096


def remains() -> tuple[int, int]:
    """Open files, and KiB of memory, of this process."""
    gc.collect()
    status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    memory = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    return len(os.listdir("/proc/self/fd")), memory


def test_an_error_of_our_own_closes_all_connections() -> None:
    with serving("good") as server:
        before = len(os.listdir("/proc/self/fd"))

        def broken(_kind: int, due: float) -> bool:
            if due > 0.2:
                raise KeyboardInterrupt
            return False

        with (
            pytest.raises(KeyboardInterrupt),
            Load(plan_for(server.port, 200, 5), [address(server.port)], None, enough=broken) as load,
        ):
            load.run(1000)
        assert len(os.listdir("/proc/self/fd")) == before
        assert gc.isenabled()


PROGRAM = """
import json, os, signal, sys
import tests.conftest
from tests.integration.test_smoke_truth import ERRORS_ONLY, address, measure, plan_for
signal.signal(signal.SIGINT, signal.default_int_handler)
if len(sys.argv) > 4:
    open(sys.argv[4], "w").write(str(os.getpid()))
port, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
limits = {**ERRORS_ONLY, "p95": 2.0}
print("ready", flush=True)
measured = measure(plan_for(port, rate, seconds, warm_up=0.5), limits, [address(port)], None, extensions=0)
print(json.dumps([measured.evaluation.verdict, [finding.id for finding in measured.evaluation.findings]]))
"""


def outside(server: Server, rate: float, seconds: float, *group: str) -> subprocess.Popen[str]:
    """A load in a process of its own, which joins a control group by this file once it is ready."""
    command = [sys.executable, "-c", PROGRAM, *map(str, (server.port, rate, seconds, *group))]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@contextlib.contextmanager
def throttled(percent: int) -> t.Iterator[str]:
    """A control group that gets so much of a core; what is written into the yielded file joins it."""
    old = pathlib.Path("/sys/fs/cgroup/cpu")
    group = (old if old.is_dir() else old.parent) / f"maestro-test-{os.getpid()}"
    group.mkdir()
    try:
        if old.is_dir():
            (group / "cpu.cfs_quota_us").write_text(str(percent * 1000), encoding="ascii")
        else:
            (group / "cpu.max").write_text(f"{percent * 1000} 100000", encoding="ascii")
        yield str(group / "cgroup.procs")
    finally:
        group.rmdir()


def test_without_processor_time_it_says_so_and_blames_nobody() -> None:
    """A twenty-fifth of a core, of which 3000 requests a second need twice as much."""
    with throttled(4) as group, serving("good") as server:
        load = outside(server, 3000, 1.0, group)
        try:
            output, _nothing = load.communicate(timeout=300)
        finally:
            load.kill()
            load.wait()
    verdict, findings = json.loads(output.splitlines()[-1])
    assert verdict == "inconclusive"
    assert "generator-overloaded" in findings


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_load_is_over_at_once(number: signal.Signals) -> None:
    with serving("good") as server:
        load = outside(server, 200, 60)
        assert load.stdout
        assert load.stdout.readline() == "ready\n"
        time.sleep(3)
        load.send_signal(number)
        load.wait(timeout=60)
        time.sleep(0.3)
        load.stdout.close()
        assert server.silenced_for() + server.stop()["lag"] >= 0.29
        assert server.stop()["requests"] > 20
