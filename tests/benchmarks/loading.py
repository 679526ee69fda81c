# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the load of the smoke test beside hey and wrk: HTTPS to one nginx, the same rates, in one run.

Of each: the processor time of the whole process, how late requests were sent where it tells, and its p95 beside the
server's own. Every generator is a process of its own. wrk knows no rate, so it is given as what it takes for each
request. Needs the Debian packages of tests/benchmarks/debian-packages.txt. Prints a table; judges nothing.
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
sys.path[:0] = [str(ROOT)]

from tests.smoke_servers.certificates import self_signed  # noqa: E402

PORT = 18_443
URL = f"https://localhost:{PORT}/"
RATES = (200, 1000, 5000)
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


class Row(t.NamedTuple):
    """One run: name, requests a second, share of a core, p99 of lateness, own p95 and the server's (seconds)."""

    name: str
    rate: float
    cpu: float
    lateness: float | None
    p95: float | None
    server: float

    def __str__(self) -> str:
        late, own = ("" if value is None else f"{value * 1000:.2f}" for value in (self.lateness, self.p95))
        each = self.cpu / self.rate * 1e6 if self.rate else 0.0
        figures = f"{self.rate:>8.0f} {self.cpu * 100:>7.1f} {each:>9.0f} {late:>13} {own:>8}"
        return f"{self.name:<12} {figures} {self.server * 1000:>10.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="length of each run")
    seconds = parser.parse_args().seconds
    missing = [name for name in ("nginx", "hey", "wrk") if not shutil.which(name)]
    if missing:
        sys.exit(f"loading: {', '.join(missing)} is missing; see tests/benchmarks/debian-packages.txt")
    with tempfile.TemporaryDirectory(prefix="maestro-loading-") as name, nginx(pathlib.Path(name)) as server:
        rows = [row for rate in RATES for row in (ours(server, rate, seconds), hey(server, rate, seconds))]
        rows.append(wrk(server, seconds))
    heads = f"{'requests/s':>8} {'core %':>7} {'us/request':>9} {'late p99 ms':>13} {'p95 ms':>8} {'server p95':>10}"
    print("\n".join([f"{'':<12} {heads}", *map(str, rows)]))


@contextlib.contextmanager
def nginx(folder: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """A running nginx, whose folder has the certificate and the log of request times."""
    pair = self_signed(folder)
    values = {"FOLDER": str(folder), "PORT": str(PORT), "CERTIFICATE": pair.certificate, "KEY": pair.key}
    text = NGINX
    for name, value in values.items():
        text = text.replace(name, value)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"])
    try:
        time.sleep(0.5)
        yield folder
    finally:
        process.terminate()
        process.wait()


def timed(server: pathlib.Path, command: t.Sequence[str]) -> tuple[str, float, float]:
    """The output of a process, the processor seconds it took, and the server's p95 of its requests."""
    log = server / "access.log"
    before = log.stat().st_size
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{command[0]}\n{done.stdout}{done.stderr}")
    time.sleep(1.5)
    with log.open(encoding="ascii") as lines:
        lines.seek(before)
        times = sorted(float(line) for line in lines)
    p95 = times[int(len(times) * 0.95)] if times else 0.0
    return done.stdout, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, p95


def ours(server: pathlib.Path, rate: int, seconds: int) -> Row:
    command = [sys.executable, "-c", OURS, URL, str(server / "localhost.crt"), str(rate), str(seconds)]
    output, _used, p95 = timed(server, command)
    figures = json.loads(output)
    lateness, latency = figures["lateness"]["p99"], figures["latency"]["p95"]
    return Row("smoke", figures["sent"] / seconds, figures["generator_cpu"], lateness, latency, p95)


def hey(server: pathlib.Path, rate: int, seconds: int) -> Row:
    command = ["hey", "-z", f"{seconds}s", "-c", str(CONNECTIONS), "-q", str(rate / CONNECTIONS), "-o", "csv", URL]
    output, used, p95 = timed(server, command)
    times = sorted(float(row["response-time"]) for row in csv.DictReader(io.StringIO(output)))
    own = times[int(len(times) * 0.95)] if times else None
    return Row("hey", len(times) / seconds, used / seconds, None, own, p95)


def wrk(server: pathlib.Path, seconds: int) -> Row:
    output, used, p95 = timed(server, ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", URL])
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    return Row("wrk, no rate", float(found[1]) if found else 0.0, used / seconds, None, None, p95)


if __name__ == "__main__":
    main()
