# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""PostgreSQL and Redis off the cluster's nodes, as managed databases would be: reached by TLS and password only.

Both run on the lab's host `db`, whose /var/lib is its own; from the machine that is `lab.host("db").directory / "lib"`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..addon import Addon
from ..command import run
from ..component import Component, ensure, entering
from ..domain import DATABASE_NAME
from ..failure import LabError
from ..names import Lab, cache_directory
from ..pki import SERVICES_CA, Leaf, issue, pair
from ..step import Facts, Step
from ..waiting import until

HOST = "db"
NAME = USER = "maestro"
POSTGRESQL_PORT = 5432
REDIS_PORT = 6379
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--")
READY_LIMIT = 20.0  # seconds
ACCESS = """\
local   all  postgres             peer
hostssl all  all       0.0.0.0/0  scram-sha-256
"""
POSTGRESQL_SETTINGS = {
    "hba_file": "/var/lib/postgresql/access.conf",
    "unix_socket_directories": "/var/lib/postgresql",
    "ssl": "on",
    "ssl_cert_file": "/var/lib/postgresql/server.crt",
    "ssl_key_file": "/var/lib/postgresql/server.key",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
REDIS_SETTINGS = {
    "port": "0",
    "tls-port": str(REDIS_PORT),
    "tls-cert-file": "/var/lib/redis/server.crt",
    "tls-key-file": "/var/lib/redis/server.key",
    "tls-ca-cert-file": "/var/lib/redis/ca.crt",
    "tls-auth-clients": "no",
    "dir": "/var/lib/redis",
    "save": '""',
    "appendonly": "no",
    "maxmemory": "64mb",
}


@dataclass(frozen=True)
class Home:
    """A database's folder, /var/lib/NAME of its host, owned by the user of that name."""

    path: Path
    user: str

    @classmethod
    def of(cls, lab: Lab, user: str, name: str) -> Home:
        home = cls(lab.host(HOST).directory / "lib" / name, user)
        home.path.mkdir(parents=True, exist_ok=True)
        home.own(home.path)
        return home

    def own(self, path: Path) -> None:
        account = _account(self.user)
        os.chown(path, account.pw_uid, account.pw_gid)

    def write(self, name: str, content: str | bytes) -> None:
        """A file that only the user may read; it is never readable by others, not even for a moment."""
        path = self.path / name
        path.touch(mode=0o600)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.own(path)

    def secret(self, name: str) -> str:
        """A random value that is made once and kept; letters that need no quoting in a URL."""
        path = self.path / name
        if not path.exists():
            self.write(name, secrets.token_urlsafe(24))
        return path.read_text()

    def certify(self, lab: Lab) -> None:
        addresses = (DATABASE_NAME, str(lab.host(HOST).address))
        files = issue(lab, Leaf(self.path.name, SERVICES_CA, DATABASE_NAME, addresses=addresses))
        self.write("server.crt", files.certificate.read_bytes())
        self.write("server.key", files.key.read_bytes())
        self.write("ca.crt", pair(lab, SERVICES_CA).certificate.read_bytes())


def _account(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise LabError(f"User {user} does not exist: apt-get install postgresql redis-server") from None


def postgresql_programs() -> Path:
    """Debian's directory of PostgreSQL's server programs, of the newest version installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if not found:
        raise LabError("PostgreSQL's server is not installed: apt-get install postgresql")
    return found[-1].parent


def _up_postgresql(lab: Lab) -> Facts:
    home = Home.of(lab, "postgres", "postgresql")
    home.certify(lab)
    home.write("access.conf", ACCESS)
    if not (home.path / "data").exists():
        _unpack_cluster(home)
    address = lab.host(HOST).address
    settings = {"listen_addresses": str(address), "port": str(POSTGRESQL_PORT)} | POSTGRESQL_SETTINGS
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    ensure(
        lab,
        Component(
            name="postgresql",
            argv=(str(postgresql_programs() / "postgres"), "-D", "/var/lib/postgresql/data", *options),
            host=HOST,
            user=home.user,
            ready=f"tcp://{address}:{POSTGRESQL_PORT}",
            stop_signal="SIGINT",
            leftovers=(
                "/var/lib/postgresql/data/postmaster.pid",
                f"/var/lib/postgresql/.s.PGSQL.{POSTGRESQL_PORT}.lock",
            ),
        ),
    )
    password = home.secret("password")
    _set_password(lab, password)
    facts = {"host": str(address), "dns": DATABASE_NAME, "port": POSTGRESQL_PORT, "name": NAME, "user": USER}
    return {"database": {**facts, "password": password, "tls": True}}


def _set_password(lab: Lab, password: str) -> None:
    """Give the role its password, as soon as the server takes commands from the host's own administrator."""
    sql = f"ALTER ROLE {USER} PASSWORD '{password}';"
    psql = ("psql", "--quiet", "--no-psqlrc", "--host=/var/lib/postgresql", "--set=ON_ERROR_STOP=1")
    command = [*entering(lab, HOST), *AS_POSTGRES, *psql]
    said: list[str] = []

    def accepted() -> bool:
        done = subprocess.run(command, input=sql, capture_output=True, text=True, cwd="/", check=False)
        said.append(done.stderr.strip())
        return done.returncode == 0

    until(accepted, lambda: f"PostgreSQL takes no commands after {READY_LIMIT:.0f} s: {said[-1]}", READY_LIMIT)


def prepare() -> Path:
    """A new database cluster as an archive in the cache, made unless it is there."""
    template = cache_directory() / "postgresql" / f"{postgresql_programs().parent.name}.tar"
    if not template.is_file():
        _make_template(template)
    return template


def _unpack_cluster(home: Home) -> None:
    """Lay down a new database cluster from the cache; it is the same for every lab, and has no password."""
    with tempfile.TemporaryDirectory(dir=home.path) as scratch:
        run("tar", "--extract", "--same-owner", "--file", str(prepare()), "--directory", scratch)
        (Path(scratch) / "data").rename(home.path / "data")


def _make_template(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    programs = postgresql_programs()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        account = _account("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        data = f"{folder}/data"
        _as_postgres([str(programs / "initdb"), "--no-sync", "--auth=peer", "--locale=C.UTF-8", "-D", data])
        for sql in (f"CREATE ROLE {USER} LOGIN;", f"CREATE DATABASE {NAME} OWNER {USER};"):
            _as_postgres([str(programs / "postgres"), "--single", "-D", data, "postgres"], stdin=f"{sql}\n")
        partial = target.with_suffix(f".{os.getpid()}")
        run("tar", "--create", "--file", str(partial), "--directory", folder, "data")
        partial.replace(target)


def _as_postgres(command: Sequence[str], stdin: str = "") -> None:
    words = [*AS_POSTGRES, *command]
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode or "ERROR:" in done.stderr:
        raise LabError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")


def _up_redis(lab: Lab) -> Facts:
    home = Home.of(lab, "redis", "redis")
    home.certify(lab)
    password = home.secret("password")
    address = lab.host(HOST).address
    settings = {"bind": str(address), "requirepass": password} | REDIS_SETTINGS
    home.write("redis.conf", "".join(f"{name} {value}\n" for name, value in settings.items()))
    server = shutil.which("redis-server")
    if server is None:
        raise LabError("Redis is not installed: apt-get install redis-server")
    ensure(
        lab,
        Component(
            name="redis",
            argv=(server, "/var/lib/redis/redis.conf"),
            host=HOST,
            user=home.user,
            ready=f"tcp://{address}:{REDIS_PORT}",
        ),
    )
    facts = {"host": str(address), "dns": DATABASE_NAME, "port": REDIS_PORT}
    return {"redis": {**facts, "password": password, "tls": True}}


ADDON = Addon(
    name="databases",
    title="PostgreSQL and Redis answer",
    debian=("postgresql", "redis-server"),
    steps=(
        Step("postgresql", "PostgreSQL answers", _up_postgresql, depends=("certificates", "network")),
        Step("redis", "Redis answers", _up_redis, depends=("certificates", "network")),
    ),
    components=("postgresql", "redis"),
    prepare=prepare,
)
