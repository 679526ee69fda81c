# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client over TLS: whom it trusts, as whom it comes, and what it says when that fails."""

from __future__ import annotations

import base64
import pathlib
import ssl
import tempfile
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import (
    BadConnection,
    Cluster,
    Unreachable,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Untrusted
from tests.unit.plugins.module_utils._cluster.api_server import ApiServer, Json, Reply
from tests.unit.plugins.module_utils._cluster.certificates import Authority
from tests.unit.plugins.module_utils._cluster.connecting import connect, parameters, talk
from tests.unit.rendering import only

pytestmark = pytest.mark.usefixtures("delays")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


def test_a_trusted_server_on_one_context_for_all_connections(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    create = ssl.create_default_context

    def counted(**files: t.Any) -> ssl.SSLContext:
        loaded.append(files)
        return create(**files)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    together = threading.Barrier(4)

    def get(path: str) -> Json:
        together.wait(5)
        return api.cluster.get(path)

    with talk(Reply(body={"a": 1}), tls=authority.server(), authority=authority) as api:
        assert api.cluster.parallel(get, ["/x"] * 4) == [{"a": 1}] * 4
    assert api.server.connections == 4
    assert len(loaded) == 1
    assert api.cluster.warnings == []


def test_an_unknown_authority_is_not_retried(authority: Authority, tmp_path: pathlib.Path, delays: list[float]) -> None:
    stranger = Authority(tmp_path, "other")
    with (
        talk(tls=authority.server(), authority=stranger) as api,
        pytest.raises(Untrusted, match=r"The TLS certificate of https://.* is not trusted: .*verify failed"),
    ):
        api.cluster.get("/x")
    assert delays == []


def test_a_certificate_for_another_address(authority: Authority) -> None:
    tls = authority.server("away", "10.0.0.1")
    with talk(tls=tls, authority=authority) as api, pytest.raises(Untrusted, match="IP address mismatch"):
        api.cluster.get("/x")


def test_what_speaks_no_tls_is_not_called_untrusted(authority: Authority) -> None:
    with ApiServer() as plain:
        host = plain.url.replace("http:", "https:")
        files = {"ca_cert": str(authority.pair.certificate)}
        with connect(host, **files) as cluster, pytest.raises(Unreachable) as caught:
            cluster.get("/x")
    assert not isinstance(caught.value, Untrusted)
    assert "TLS" in str(caught.value)


def test_a_check_that_was_switched_off_is_warned_of(authority: Authority) -> None:
    with talk(Reply(body={"a": 1}), tls=authority.server("away", "10.0.0.1"), validate_certs=False) as api:
        assert api.cluster.get("/x") == {"a": 1}
    assert "is not checked (validate_certs is false)" in only(api.cluster.warnings)


def test_a_client_certificate(authority: Authority) -> None:
    mine = authority.issue("client")
    files = {"client_cert": str(mine.certificate), "client_key": str(mine.key), "api_key": None}
    tls = authority.server(clients=True)
    with talk(Reply(body={"a": 1}), tls=tls, authority=authority, **files) as api:
        assert api.cluster.get("/x") == {"a": 1}
    assert "authorization" not in only(api.server.asked).headers


def test_keys_inside_a_kubeconfig_leave_no_file(
    authority: Authority, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = authority.issue("inline")
    user = {"client-certificate-data": in_base64(mine.certificate), "client-key-data": in_base64(mine.key)}
    with ApiServer(Reply(body={"a": 1}), tls=authority.server(clients=True)) as server:
        authorities = {"certificate-authority-data": in_base64(authority.pair.certificate)}
        kubeconfig = {
            "current-context": "one",
            "clusters": [{"name": "one", "cluster": {"server": server.url, **authorities}}],
            "users": [{"name": "me", "user": user}],
            "contexts": [{"name": "one", "context": {"cluster": "one", "user": "me"}}],
        }
        for _again in range(2):
            with Cluster.connect(parameters(kubeconfig=kubeconfig)) as cluster:
                assert list(tmp_path.rglob("*")) == []
                assert cluster.get("/x") == {"a": 1}
    assert list(tmp_path.rglob("*")) == []


def in_base64(path: pathlib.Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_a_server_that_wants_a_client_certificate_says_so(authority: Authority) -> None:
    with talk(tls=authority.server(clients=True), authority=authority) as api, pytest.raises(Unreachable) as caught:
        api.cluster.get("/x")
    assert not isinstance(caught.value, Untrusted)


@pytest.mark.parametrize("file", ["ca_cert", "client_cert"])
def test_a_certificate_that_is_not_there(file: str, authority: Authority, tmp_path: pathlib.Path) -> None:
    given = {"client_key": str(authority.pair.key), file: str(tmp_path / "none.crt")}
    with pytest.raises(BadConnection, match=r"The certificates for https://.* cannot be used"):
        connect("https://127.0.0.1:1", **given)


def test_clusters_whose_authority_is_older_than_the_strict_rules_are_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = ssl.create_default_context

    def strict(**files: t.Any) -> ssl.SSLContext:
        context = create(**files)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    with talk(Reply(body={"a": 1}), tls=authority.server(), authority=authority) as api:
        assert api.cluster.get("/x") == {"a": 1}
