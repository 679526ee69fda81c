# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the client talks to, and as whom: parameters before the environment, never the pod that it runs in."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import types
import typing as t

import pytest
import yaml
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_MAP, AUTH_ARG_SPEC
from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as their_client

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import configuration as module
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import BadConnection, Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.configuration import (
    configure,
    headers,
    options,
)
from tests.unit.full_disk import full_disk
from tests.unit.plugins.module_utils._cluster.api_server import ApiServer
from tests.unit.plugins.module_utils._cluster.connecting import parameters
from tests.unit.rendering import only

Json = dict[str, t.Any]


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """No kubeconfig and no K8S_AUTH_* of the person who runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)


def kubeconfig(server: str = "http://one.test", **user: t.Any) -> Json:
    """A kubeconfig with two contexts; the other one leads to http://two.test."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [
            {"name": "one", "cluster": {"server": server}},
            {"name": "two", "cluster": {"server": "http://two.test"}},
        ],
        "users": [{"name": "me", "user": user or {"token": "hunter2"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in ("one", "two")],
    }


def written(path: pathlib.Path, content: Json) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def authorization(**given: t.Any) -> str:
    """The header that a server sees from a client with these options."""
    with ApiServer() as server:
        if isinstance(given.get("kubeconfig"), dict):
            given["kubeconfig"]["clusters"][0]["cluster"]["server"] = server.url
        else:
            given["host"] = server.url
        with Cluster.connect(parameters(**given)) as cluster:
            cluster.get("/x")
    return str(only(server.asked).headers.get("authorization", ""))


def test_every_option_of_kubernetes_core_is_an_option_of_ours() -> None:
    assert AUTH_ARG_SPEC.keys() <= CONNECTION.keys()


def test_a_parameter_wins_over_the_environment() -> None:
    environment = {"K8S_AUTH_HOST": "http://environment", "K8S_AUTH_API_KEY": "abc"}
    assert options({"host": "http://given"}, environment) == {"host": "http://given", "api_key": "abc"}


def test_an_empty_parameter_is_as_good_as_none() -> None:
    assert options({"host": "", "context": None}, {"K8S_AUTH_HOST": "http://e"}) == {"host": "http://e"}


def test_a_false_parameter_is_set() -> None:
    assert options({"validate_certs": False}, {"K8S_AUTH_VERIFY_SSL": "yes"}) == {"validate_certs": False}


@pytest.mark.parametrize(
    ("name", "text", "option", "value"),
    [
        ("VALIDATE_CERTS", "no", "validate_certs", False),
        ("VERIFY_SSL", "True", "validate_certs", True),
        ("SSL_CA_CERT", "/ca", "ca_cert", "/ca"),
        ("CA_CERT", "/ca", "ca_cert", "/ca"),
        ("CERT_FILE", "/c", "client_cert", "/c"),
        ("KEY_FILE", "/k", "client_key", "/k"),
        ("KUBECONFIG", "/kc", "kubeconfig", "/kc"),
        ("IMPERSONATE_GROUPS", "a,b", "impersonate_groups", ["a", "b"]),
    ],
)
def test_the_environment_under_all_its_names(name: str, text: str, option: str, value: t.Any) -> None:
    assert options({}, {f"K8S_AUTH_{name}": text}) == {option: value}


TLS_WORDS = (
    "y",
    "t",
    "enabled",
    "on",
    "yes",
    "true",
    "1",
    "off",
    "n",
    "f",
    " no",
    "",
    "no",
    "No",
    "FALSE",
    "false",
    "0",
)
BOTH = [
    *({"environment": {f"K8S_AUTH_{name}": word}} for name in ("VERIFY_SSL", "VALIDATE_CERTS") for word in TLS_WORDS),
    {"environment": {"K8S_AUTH_VALIDATE_CERTS": "yes", "K8S_AUTH_VERIFY_SSL": "no"}},
    {"environment": {"K8S_AUTH_VALIDATE_CERTS": "", "K8S_AUTH_VERIFY_SSL": "no"}},
    {"environment": {"K8S_AUTH_VALIDATE_CERTS": "no", "K8S_AUTH_VERIFY_SSL": "yes"}},
    {"environment": {"K8S_AUTH_VERIFY_SSL": "no"}, "params": {"validate_certs": True}},
    {"environment": {"K8S_AUTH_VERIFY_SSL": "yes"}, "params": {"validate_certs": False}},
    {"environment": {f"K8S_AUTH_{name.upper()}": "one" for name in ("host", "api_key", "username", "password")}},
    {"environment": {f"K8S_AUTH_{name.upper()}": "one" for name in ("kubeconfig", "context", "proxy", "no_proxy")}},
    {"environment": {f"K8S_AUTH_{name}": "/one" for name in ("CA_CERT", "CLIENT_CERT", "CLIENT_KEY")}},
    {"environment": {f"K8S_AUTH_{name}": "/one" for name in ("SSL_CA_CERT", "CERT_FILE", "KEY_FILE")}},
    {"environment": {"K8S_AUTH_CA_CERT": "/one", "K8S_AUTH_SSL_CA_CERT": "/two"}},
    {"environment": {"K8S_AUTH_CA_CERT": "", "K8S_AUTH_SSL_CA_CERT": "/two"}},
    {"environment": {"K8S_AUTH_HOST": "https://one"}, "params": {"host": "https://two", "api_key": None}},
    {"environment": {"K8S_AUTH_HOST": ""}},
    {"environment": {"K8S_AUTH_PERSIST_CONFIG": "y"}},
    {"environment": {"K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH": "u:p"}},
    {"environment": {"K8S_AUTH_PROXY_HEADERS_BASIC_AUTH": "u:p", "K8S_AUTH_PROXY_HEADERS_USER_AGENT": "maestro"}},
    {
        "environment": {"K8S_AUTH_PROXY_HEADERS_BASIC_AUTH": "u:p"},
        "params": {"proxy_headers": {"basic_auth": None, "proxy_basic_auth": "q:r", "user_agent": None}},
    },
    {"environment": {"K8S_AUTH_PROXY_HEADERS": "basic_auth=u:p"}},
    {"environment": {"K8S_AUTH_IMPERSONATE_USER": "u", "K8S_AUTH_IMPERSONATE_GROUPS": "a,,b"}},
    {"environment": {"K8S_AUTH_IMPERSONATE_GROUPS": "a"}, "params": {"impersonate_groups": ["b"]}},
    {"environment": {"K8S_AUTH_IMPERSONATE_GROUPS": "a"}, "params": {"impersonate_groups": []}},
]


@pytest.mark.parametrize("given", BOTH, ids=str)
def test_the_options_are_those_that_kubernetes_core_reads(given: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their own parser runs beside ours; what it leaves empty sets nothing."""
    for name in [name for name in os.environ if name.startswith("K8S_AUTH_")]:
        monkeypatch.delenv(name)
    for name, text in given["environment"].items():
        monkeypatch.setenv(name, text)
    params = {**dict.fromkeys(AUTH_ARG_SPEC), **given.get("params", {})}
    module_double = types.SimpleNamespace(params=params)
    theirs = {AUTH_ARG_MAP[name]: value for name, value in their_client._create_auth_spec(module_double).items()}
    their_headers = {name: value for name, value in their_client._create_headers(module_double).items() if value}

    ours = options(params)
    our_headers: dict[str, list[str]] = {}
    for name, value in headers(ours):
        our_headers.setdefault(name, []).append(value)

    assert {name: value for name, value in ours.items() if not name.startswith("impersonate_")} == {
        name: value for name, value in theirs.items() if value not in ("", {}, None)
    }
    assert our_headers == {name: [value] if isinstance(value, str) else value for name, value in their_headers.items()}


@pytest.mark.parametrize("word", TLS_WORDS)
def test_tls_is_verified_unless_the_environment_clearly_says_no(word: str) -> None:
    verified = configure({"host": "h", "api_key": "k", **options({}, {"K8S_AUTH_VERIFY_SSL": word})}).verify_ssl
    assert verified is (word.lower() not in ("no", "false", "0"))


def test_the_headers_of_a_proxy_come_from_the_environment() -> None:
    chosen = options({"host": "h", "api_key": "k"}, {"K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH": "u:p"})
    assert configure(chosen).proxy_headers == {"proxy-authorization": "Basic dTpw"}


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", "http://e")
    assert options({})["host"] == "http://e"


def test_impersonation_headers() -> None:
    assert headers({"impersonate_user": "u", "impersonate_groups": ["a", "b"]}) == [
        ("Impersonate-User", "u"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    ]
    assert headers({}) == []


@pytest.mark.parametrize(
    "credentials",
    [{"api_key": "abc"}, {"username": "u", "password": "p"}, {"client_cert": "/c", "client_key": "/k"}],
)
def test_host_and_credentials_need_no_kubeconfig(credentials: Json) -> None:
    assert configure({"host": "http://given/", **credentials}).host == "http://given"


def test_options_have_their_names_in_the_client() -> None:
    chosen = {"host": "h", "api_key": "abc", "ca_cert": "/ca", "validate_certs": False, "proxy": "http://p"}
    configuration = configure({**chosen, "client_cert": "/c", "client_key": "/k", "no_proxy": "local"})
    assert (configuration.ssl_ca_cert, configuration.verify_ssl) == ("/ca", False)
    assert (configuration.cert_file, configuration.key_file) == ("/c", "/k")
    assert (configuration.proxy, configuration.no_proxy) == ("http://p", "local")


def test_proxy_credentials_become_headers() -> None:
    chosen = {"host": "h", "api_key": "abc", "proxy_headers": {"proxy_basic_auth": "u:p", "user_agent": None}}
    assert configure(chosen).proxy_headers == {"proxy-authorization": "Basic dTpw"}


def test_a_kubeconfig_and_its_contexts(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path / "config", kubeconfig())
    assert configure({"kubeconfig": path}).host == "http://one.test"
    assert configure({"kubeconfig": path, "context": "two"}).host == "http://two.test"
    assert configure({"kubeconfig": kubeconfig(), "context": "two"}).host == "http://two.test"


def test_a_parameter_wins_over_the_kubeconfig() -> None:
    assert configure({"kubeconfig": kubeconfig(), "host": "http://given"}).host == "http://given"


def test_the_default_kubeconfig(tmp_path: pathlib.Path) -> None:
    written(tmp_path / "home" / ".kube" / "config", kubeconfig())
    assert configure({}).host == "http://one.test"


def test_the_environments_kubeconfig_may_be_several(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = written(tmp_path / "there", kubeconfig())
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{there}")
    assert configure({}).host == "http://one.test"


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(BadConnection, match=f"There is no kubeconfig at {tmp_path}/none"):
        configure({"kubeconfig": f"{tmp_path}/none"})
    with pytest.raises(BadConnection, match=r"There is no kubeconfig at .*/home/\.kube/config"):
        configure({})


@pytest.mark.parametrize("content", [{}, {**kubeconfig(), "contexts": []}, {**kubeconfig(), "current-context": "x"}])
def test_a_kubeconfig_that_cannot_be_used_is_named(content: Json, tmp_path: pathlib.Path) -> None:
    path = written(tmp_path / "config", content)
    with pytest.raises(BadConnection, match=f"The kubeconfig {path} cannot be used: "):
        configure({"kubeconfig": path})


def test_the_kubeconfig_of_the_environment_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", written(tmp_path / "config", {}))
    with pytest.raises(BadConnection, match=f"The kubeconfig {tmp_path}/config cannot be used: "):
        configure({})


@pytest.mark.parametrize(
    "content",
    [
        {**kubeconfig(), "contexts": []},
        {**kubeconfig(), "clusters": "hunter2"},
        kubeconfig(**{"client-key-data": "hunter2", "client-certificate-data": "hunter2"}),
        {**kubeconfig(), "users": [{"user": {"token": "hunter2"}}]},
    ],
)
def test_a_kubeconfig_given_as_a_dictionary_is_never_printed(content: Json) -> None:
    content["clusters"] = (
        content["clusters"] if isinstance(content["clusters"], str) else kubeconfig("https://x")["clusters"]
    )
    with pytest.raises(BadConnection) as caught:
        configure({"kubeconfig": content})
    assert "The kubeconfig given as a dictionary cannot be used" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_pod_that_it_runs_in_is_no_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(BadConnection, match="There is no kubeconfig"):
        configure({})
    with pytest.raises(BadConnection, match="The in-cluster service account cannot be used"):
        configure({}, in_cluster=True)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KUBERNETES_IMPORT_ERROR", ImportError("No module named kubernetes"))
    with pytest.raises(BadConnection, match="The Python package kubernetes is needed"):
        configure({})


def test_the_token_of_a_kubeconfig_is_sent() -> None:
    assert authorization(kubeconfig=kubeconfig()) == "Bearer hunter2"


def test_user_and_password_of_a_kubeconfig_are_sent() -> None:
    assert authorization(kubeconfig=kubeconfig(username="u", password="p")) == "Basic dTpw"


def test_a_token_given_beside_a_kubeconfig_wins() -> None:
    assert authorization(kubeconfig=kubeconfig(), api_key="mine") == "Bearer mine"


def test_a_user_given_beside_a_kubeconfig_wins() -> None:
    assert authorization(kubeconfig=kubeconfig(), username="u", password="p") == "Basic dTpw"


def plugin(script: str) -> Json:
    """A user whose credentials come from a program, as those of EKS, GKE and AKS do."""
    command = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    return kubeconfig(exec={**command, "command": sys.executable, "args": ["-c", script]})


def test_a_program_gives_the_token() -> None:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "from-program"},
    }
    assert authorization(kubeconfig=plugin(f"print({json.dumps(json.dumps(credential))})")) == "Bearer from-program"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.exit('log in first')", "log in first"),
        ("print('{}')", "malformed response"),
        ("print('no JSON')", "failed to decode"),
    ],
)
def test_a_program_that_gives_no_credentials_is_told_with_its_words(
    script: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(BadConnection, match="gave no credentials") as caught:
        configure({"kubeconfig": plugin(script)})
    assert words in str(caught.value)
    assert caplog.records == [], "what is told is not logged as well"


def test_a_program_that_is_not_installed_is_named() -> None:
    missing = kubeconfig(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-program"})
    with pytest.raises(BadConnection, match="no-such-program"):
        configure({"kubeconfig": missing})


def test_a_full_disk_is_named_as_what_it_is(tmp_path: pathlib.Path) -> None:
    inside = kubeconfig("https://one.test", **{"client-certificate-data": "b25lIG9mIGl0cyBvd24="})
    with full_disk(), pytest.raises(module.NoRoom, match="given as a dictionary cannot be kept for a moment"):
        configure({"kubeconfig": inside}, folder=str(tmp_path))
    assert "TMPDIR" in module.NoRoom().next_step


def test_without_a_folder_for_temporary_files_nobody_sees_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**dummy: str) -> t.NoReturn:
        raise FileNotFoundError("No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(module.tempfile, "TemporaryDirectory", none)
    with pytest.raises(module.NoRoom, match="No usable temporary directory found"):
        Cluster.connect(parameters(host="http://one.test", api_key="token"))
