# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the load of the smoke test beside vegeta, hey and wrk: HTTPS, the same rates, in one run.

Of each: the processor time of sending, how late requests were sent where it tells, and its p95 beside the server's,
which counts in milliseconds. Every generator is a process of its own. wrk knows no rate, so it is given as what it
takes for each request. The second table has a server that answers after 20 ms and knows to the microsecond when it did.

Needs the Debian packages of tests/benchmarks/debian-packages.txt; vegeta is built as the lab's programs are, of sources
that go.sum pins. Prints tables; judges nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "lab")]

from maestro_lab.build import GoPrograms, build  # noqa: E402
from maestro_lab.failure import LabError  # noqa: E402
from tests.smoke_servers.certificates import Pair, self_signed  # noqa: E402
from tests.smoke_servers.server import serving  # noqa: E402

VEGETA = GoPrograms(
    "vegeta", ("github.com/tsenart/vegeta/v12",), module=pathlib.Path(__file__).parent / "go" / "vegeta"
)
PORT = 18_443
RATES = (200, 1000, 5000)
STEADY_RATES = (200, 1000)
CONNECTIONS = 50
NGINX = """
worker_processes 1; pid FOLDER/nginx.pid; error_log FOLDER/error.log;
events { worker_connections 4096; }
http {
  log_format times '$request_time'; access_log FOLDER/access.log times buffer=64k flush=1s;
  keepalive_requests 10000000; keepalive_timeout 75;
  client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
  uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
  server {
    listen 127.0.0.1:PORT ssl; ssl_certificate CERTIFICATE; ssl_certificate_key KEY;
    location / { default_type application/json; return 200 '{"service":"maestro","revision":"12","pod":"maestro-a"}'; }
  }
}
"""
OURS = """
import json, socket, ssl, sys
import tests.conftest
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke import measuring, plan, request
url = request.parse_url(sys.argv[1])
one = plan.Request("status", "GET", request.wire(url))
wanted = plan.Plan(url, (one,), float(sys.argv[3]), float(sys.argv[4]), warm_up=1.0)
context = ssl.create_default_context(cafile=sys.argv[2])
place = [(socket.AF_INET, ("127.0.0.1", url.port))]
figures = measuring.measure(wanted, {"error_ratio": 0.001, "p95": 2.0}, place, context, extensions=0).figures
print(json.dumps(figures))
"""


HEADS = ("requests/s", "core %", "us/request", "late p99", "p95 due", "p95 sent", "server p95")
Server = t.Callable[[], float]
"""Tells its p95 of the requests since it was last asked, in seconds."""


class Target(t.NamedTuple):
    """Where to send requests, whom to trust, and what the server knows."""

    url: str
    certificate: str
    p95: Server


Generator = t.Callable[[Target, int, int], "Row"]
"""Sends a rate for so many seconds to a target."""


class Row(t.NamedTuple):
    """One run: requests a second, share of a core; in seconds the p99 of lateness, and the p95 of latency counted from
    when requests were due, from when they were sent, and by the server. None where a generator does not tell it.
    """

    name: str
    rate: float
    cpu: float
    lateness: float | None = None
    due: float | None = None
    sent: float | None = None
    server: float | None = None

    def __str__(self) -> str:
        each = f"{self.cpu / self.rate * 1e6:.0f}" if self.rate else ""
        times = (self.lateness, self.due, self.sent, self.server)
        reported = ("" if time is None else f"{time * 1000:.2f}" for time in times)
        return lined(self.name, f"{self.rate:.0f}", f"{self.cpu * 100:.1f}", each, *reported)


def lined(name: str, *cells: str) -> str:
    return f"{name:<13}" + "".join(f"{cell:>12}" for cell in cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="length of each run")
    parser.add_argument("--runs", type=int, default=1, help="of which the least disturbed one is told")
    given = parser.parse_args()
    seconds, runs = given.seconds, given.runs
    missing = [name for name in ("nginx", "hey", "wrk") if not shutil.which(name)]
    if missing:
        sys.exit(f"loading: {', '.join(missing)} is missing; see tests/benchmarks/debian-packages.txt")
    try:
        vegeta = Vegeta(str(build(VEGETA) / "vegeta"))
    except LabError as error:
        sys.exit(f"loading: {error}")
    with tempfile.TemporaryDirectory(prefix="maestro-loading-") as name:
        folder = pathlib.Path(name)
        pair = self_signed(folder)
        with nginx(folder, pair) as target:
            show("nginx that answers at once", [*beside(target, vegeta, seconds, runs), wrk(target, seconds)])
        show("a server that answers after 20 ms", steady(pair, vegeta, seconds, runs))


def show(title: str, rows: t.Iterable[Row]) -> None:
    print("\n".join([f"{title} (times in ms)", lined("", *HEADS), *map(str, rows), ""]), flush=True)


def beside(target: Target, vegeta: Vegeta, seconds: int, runs: int) -> t.Iterator[Row]:
    """All that know a rate, one after the other, at each rate."""
    for rate in RATES:
        for generator in (ours, vegeta, hey):
            yield least_disturbed(generator(target, rate, seconds) for _run in range(runs))


def steady(pair: Pair, vegeta: Vegeta, seconds: int, runs: int) -> t.Iterator[Row]:
    """The same against a server of known latency, a new one for each run."""
    for rate in STEADY_RATES:
        for generator in (ours, vegeta, hey):
            yield least_disturbed(known(pair, generator, rate, seconds) for _run in range(runs))


def least_disturbed(rows: t.Iterable[Row]) -> Row:
    """Others on the machine can only make a run slower."""
    return min(rows, key=lambda row: row.sent or 0.0)


def known(pair: Pair, generator: Generator, rate: int, seconds: int) -> Row:
    """One run against a server that answers after 20 ms."""
    with serving("steady", *pair) as server:

        def reported() -> float:
            return p95_of(server.stop()["times"])

        return generator(Target(f"https://localhost:{server.port}/", pair.certificate, reported), rate, seconds)


@contextlib.contextmanager
def nginx(folder: pathlib.Path, pair: Pair) -> t.Iterator[Target]:
    """A running nginx, which logs how long each request took."""
    values = {"FOLDER": str(folder), "PORT": str(PORT), "CERTIFICATE": pair.certificate, "KEY": pair.key}
    text = NGINX
    for name, value in values.items():
        text = text.replace(name, value)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"])
    try:
        time.sleep(0.5)
        with (folder / "access.log").open(encoding="ascii") as log:

            def logged() -> float:
                time.sleep(1.5)  # nginx writes what it has once a second
                return p95_of([float(line) for line in log])

            yield Target(f"https://localhost:{PORT}/", pair.certificate, logged)
    finally:
        process.terminate()
        process.wait()


def p95_of(times: t.Iterable[float]) -> float:
    ranked = sorted(times)
    return ranked[int(len(ranked) * 0.95)] if ranked else 0.0


def timed(command: t.Sequence[str]) -> tuple[str, float]:
    """The output of a process, and the processor seconds it took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{command[0]}\n{done.stdout}{done.stderr}")
    return done.stdout, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


def ours(target: Target, rate: int, seconds: int) -> Row:
    command = [sys.executable, "-c", OURS, target.url, target.certificate, str(rate), str(seconds)]
    figures = json.loads(timed(command)[0])
    times = figures["lateness"]["p99"], figures["latency"]["p95"], figures["service_time"]["p95"]
    return Row("smoke", figures["sent"] / seconds, figures["generator_cpu"], *times, target.p95())


class Vegeta:
    """Vegeta, of which the results tell when each request was sent."""

    def __init__(self, program: str) -> None:
        self._program = program

    def __call__(self, target: Target, rate: int, seconds: int) -> Row:
        with tempfile.TemporaryDirectory(prefix="maestro-vegeta-") as name:
            targets, results = pathlib.Path(name, "targets"), pathlib.Path(name, "results")
            targets.write_text(f"GET {target.url}\n", encoding="ascii")
            command = [self._program, "attack", f"-targets={targets}", f"-output={results}", "-http2=false"]
            used = timed([*command, f"-root-certs={target.certificate}", f"-rate={rate}", f"-duration={seconds}s"])[1]
            rows = list(csv.reader(io.StringIO(timed([self._program, "encode", "-to=csv", str(results)])[0])))
        requests = sorted((int(sent) / 1e9, int(took) / 1e9) for sent, _code, took, *_others in rows)
        late = [sent - requests[0][0] - number / rate for number, (sent, _took) in enumerate(requests)]
        due = p95_of(over + took for over, (_sent, took) in zip(late, requests, strict=True))
        own = p95_of(took for _sent, took in requests)
        p99 = sorted(late)[int(len(late) * 0.99)]
        return Row("vegeta", len(rows) / seconds, used / seconds, p99, due, own, target.p95())


def hey(target: Target, rate: int, seconds: int) -> Row:
    command = ["hey", "-z", f"{seconds}s", "-c", str(CONNECTIONS), "-q", str(rate / CONNECTIONS), "-o", "csv"]
    output, used = timed([*command, target.url])
    times = [float(row["response-time"]) for row in csv.DictReader(io.StringIO(output))]
    return Row("hey", len(times) / seconds, used / seconds, sent=p95_of(times), server=target.p95())


def wrk(target: Target, seconds: int) -> Row:
    output, used = timed(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", target.url])
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    return Row("wrk, no rate", float(found[1]) if found else 0.0, used / seconds, server=target.p95())


if __name__ == "__main__":
    main()
