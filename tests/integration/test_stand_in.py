# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in control plane against the lab's own PostgreSQL and Redis: what its readiness says of each mistake."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from maestro_lab.build import GoPrograms, build
from tests.integration.waiting import wait_for

VERSION = "2.0.0-prod"
OTHER_SECRETS = dict.fromkeys(
    ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "JWT_SIGNING_KEY", "EXTERNAL_SERVICE_TOKEN"), "unused"
)
ON_FREE_PORTS = "server: {port: 0, metricsPort: 0, drainSeconds: 0}\n"


@pytest.fixture(scope="module")
def program() -> pathlib.Path:
    return build(GoPrograms("controlplane", ("./controlplane",), {"main.version": VERSION})) / "controlplane"


def environment(lab: dict[str, t.Any], database: str, redis: str) -> dict[str, str]:
    """What a pod would be given, with these passwords."""
    db, cache = lab["database"], lab["redis"]
    return {
        **OTHER_SECRETS,
        "DATABASE_URL": f"postgresql://{db['user']}:{database}@{db['host']}:{db['port']}/{db['name']}?sslmode=verify-full",
        "REDIS_URL": f"rediss://:{redis}@{cache['host']}:{cache['port']}/0",
        "NODE_EXTRA_CA_CERTS": lab["ca_bundle"],
    }


def assert_readiness(
    program: pathlib.Path, folder: pathlib.Path, environment: dict[str, str], code: int, reasons: dict[str, str]
) -> None:
    """A fresh process tells this status code and these reasons by dependency.

    A database has a second to answer. Where the machine keeps it from that, the process says so until it asks again.
    """
    settings = folder / "config.yaml"
    settings.write_text(ON_FREE_PORTS)
    given = {**environment, "MAESTRO_CONFIG": str(settings)}
    with subprocess.Popen([program], env=given, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = json.loads(process.stdout.readline())["address"].rpartition(":")[2]
            url = f"http://127.0.0.1:{port}/readyz"
            wait_for("the readiness is right", lambda: readiness(url), lambda reported: reported == (code, reasons))
        finally:
            process.terminate()
        assert process.wait(60) == 0


def readiness(url: str) -> tuple[int, dict[str, str]]:
    code, body = get(url)
    return code, {reason["dependency"]: reason["reason"] for reason in body["reasons"]}


def get(url: str) -> tuple[int, t.Any]:
    try:
        with urlopen(url, timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as answer:
        return answer.code, json.load(answer)


def test_it_is_ready_with_both(program: pathlib.Path, tmp_path: pathlib.Path, lab: dict[str, t.Any]) -> None:
    given = environment(lab, lab["database"]["password"], lab["redis"]["password"])
    assert_readiness(program, tmp_path, given, 200, {})


def test_wrong_passwords_are_told(program: pathlib.Path, tmp_path: pathlib.Path, lab: dict[str, t.Any]) -> None:
    refused = "refuses the credentials"
    given = environment(lab, "wrong", "wrong")
    assert_readiness(program, tmp_path, given, 503, {"postgresql": refused, "redis": refused})


def test_an_unknown_authority_is_told(program: pathlib.Path, tmp_path: pathlib.Path, lab: dict[str, t.Any]) -> None:
    untrusted = "its certificate is not trusted"
    given = environment(lab, lab["database"]["password"], lab["redis"]["password"])
    del given["NODE_EXTRA_CA_CERTS"]
    assert_readiness(program, tmp_path, given, 503, {"postgresql": untrusted, "redis": untrusted})
