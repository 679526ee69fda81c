# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""PostgreSQL and Redis: by TLS and password, from the machine and from a pod, and not otherwise."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from maestro_lab.images import Image, binary, build, symlink
from maestro_lab.registry_client import Registry

from .conftest import Facts, Kubectl, pod

CLIENTS = "docker.io/lab/database-clients:1"
Client = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def psql(facts: Facts) -> Client:
    def run(sql: str, host: str = "", password: str | None = None, **options: str) -> subprocess.CompletedProcess[str]:
        database = facts["database"]
        parameters = {
            "host": host or database["host"],
            "port": database["port"],
            "dbname": database["name"],
            "user": database["user"],
            "sslmode": "verify-full",
            "sslrootcert": facts["ca_bundle"],
            "connect_timeout": 5,
            **options,
        }
        connection = " ".join(f"{name}={value}" for name, value in parameters.items())
        environment = {**os.environ, "PGPASSWORD": database["password"] if password is None else password}
        command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", connection, "--command", sql]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)

    return run


@pytest.fixture(scope="module")
def redis_cli(facts: Facts) -> Client:
    def run(*command: str, password: str | None = None, tls: bool = True) -> subprocess.CompletedProcess[str]:
        redis = facts["redis"]
        words = ["redis-cli", "-h", redis["host"], "-p", str(redis["port"])]
        if tls:
            words += ["--tls", "--cacert", facts["ca_bundle"]]
        environment = {**os.environ, "REDISCLI_AUTH": redis["password"] if password is None else password}
        return subprocess.run(
            [*words, *command], capture_output=True, text=True, env=environment, check=False, timeout=60
        )

    return run


def test_postgresql_answers_with_tls(psql: Client) -> None:
    done = psql("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
    assert done.stdout.startswith("t|TLSv1.3"), done.stderr


def test_postgresql_user_owns_its_database(psql: Client) -> None:
    done = psql(
        "create table written (value text); insert into written values ('x'); table written; drop table written"
    )
    assert "x" in done.stdout.split(), done.stderr


def test_postgresql_refuses_a_wrong_password(psql: Client) -> None:
    assert 'password authentication failed for user "maestro"' in psql("select 1", password="wrong").stderr


def test_postgresql_refuses_a_connection_without_tls(psql: Client) -> None:
    assert "no encryption" in psql("select 1", sslmode="disable").stderr


def test_redis_answers_with_tls(redis_cli: Client) -> None:
    done = redis_cli("ping")
    assert done.stdout.strip() == "PONG", done.stderr


def test_redis_refuses_to_serve_without_a_password(redis_cli: Client) -> None:
    assert "NOAUTH" in redis_cli("ping", password="").stdout


def test_redis_refuses_a_connection_without_tls(redis_cli: Client) -> None:
    done = redis_cli("ping", tls=False)
    assert "PONG" not in done.stdout
    assert done.returncode != 0


def with_libraries(program: Path) -> set[Path]:
    """The program and all shared libraries that it needs, as the dynamic loader names them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return {program, *(Path(found) for found in re.findall(r"(/\S+) \(", listed))}


@pytest.fixture(scope="module")
def clients(facts: Facts, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """A pod with the databases' own clients, made of Debian's programs and pushed to the lab's registry."""
    version = max(Path("/usr/lib/postgresql").iterdir())
    programs = {Path("/usr/bin/redis-cli"), version / "bin" / "psql"}
    files = set[Path]().union(*(with_libraries(program) for program in programs))
    entries = [binary(str(path), path.resolve()) for path in sorted(files)]
    busybox = [binary("/bin/busybox", Path("/bin/busybox")), symlink("/bin/sleep", "busybox")]
    image = Image(CLIENTS, (*entries, *busybox), (), ("sleep", "3600"))
    registry = facts["registry"]
    with Registry(registry["host"], registry["user"], registry["password"]) as opened:
        opened.push(build(image, tmp_path_factory.mktemp("images")), CLIENTS)
    kubectl("create", "configmap", "ca", f"--from-file=ca.crt={facts['ca_bundle']}")
    mount = {"volumeMounts": [{"name": "ca", "mountPath": "/ca"}], "imagePullPolicy": "Always"}
    volumes = [{"name": "ca", "configMap": {"name": "ca"}}]
    kubectl.apply(pod("clients", ["/bin/sleep", "3600"], CLIENTS, container=mount, volumes=volumes))
    kubectl.ready("clients")
    return kubectl


def test_pod_reaches_postgresql_by_name(clients: Kubectl, facts: Facts) -> None:
    database = facts["database"]
    version = max(Path("/usr/lib/postgresql").iterdir())
    url = (
        f"postgresql://{database['user']}:{database['password']}@{database['dns']}:{database['port']}/{database['name']}"
        "?sslmode=verify-full&sslrootcert=/ca/ca.crt"
    )
    assert clients("exec", "clients", "--", str(version / "bin" / "psql"), url, "-Atc", "select 6 * 7").strip() == "42"


def test_pod_reaches_redis_by_name(clients: Kubectl, facts: Facts) -> None:
    redis = facts["redis"]
    url = f"rediss://default:{redis['password']}@{redis['dns']}:{redis['port']}/0"
    said = clients("exec", "clients", "--", "/usr/bin/redis-cli", "--cacert", "/ca/ca.crt", "-u", url, "ping")
    assert "PONG" in said
