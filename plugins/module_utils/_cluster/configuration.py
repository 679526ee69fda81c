# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From connection options to a configuration of the Kubernetes client: whom to talk to, and as whom."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import tempfile
import typing as t

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import (
    AUTH_ARG_MAP,
    AUTH_ARG_SPEC,
    AUTH_PROXY_HEADERS_SPEC,
)

from .errors import BadConnection

try:
    import kubernetes.client
    import kubernetes.config

    KUBERNETES_IMPORT_ERROR: ImportError | None = None
except ImportError as error:
    KUBERNETES_IMPORT_ERROR = error

CLIENT_NAME = {option: name for name, option in AUTH_ARG_MAP.items()}
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FALSE_WORDS = ("0", "false", "no")
"""What switches a boolean of the environment off in kubernetes.core. Every other word, a typo too, verifies TLS."""
HEADERS = {"impersonate_user": "Impersonate-User", "impersonate_groups": "Impersonate-Group"}


def options(params: t.Mapping[str, t.Any], environment: t.Mapping[str, str] | None = None) -> dict[str, t.Any]:
    """The connection options that are set: module parameters first, then `K8S_AUTH_*` (so AWX's credential works).

    The environment is read as kubernetes.core reads it. An empty parameter counts as not given: there it is taken as
    the value, and no connection comes of it.
    """
    known = os.environ if environment is None else environment
    chosen = {}
    for name, spec in AUTH_ARG_SPEC.items():
        value = params.get(name)
        if value in (None, ""):
            value = _from_environment(name, spec, known)
        if value not in (None, "", {}):
            chosen[name] = value
    return chosen


def _from_environment(name: str, spec: t.Mapping[str, t.Any], environment: t.Mapping[str, str]) -> t.Any:
    if name == "proxy_headers":
        headers = {key: environment.get(f"K8S_AUTH_PROXY_HEADERS_{key.upper()}") for key in AUTH_PROXY_HEADERS_SPEC}
        return {key: text for key, text in headers.items() if text is not None}
    by_option = environment.get(f"K8S_AUTH_{name.upper()}")
    text = by_option or environment.get(f"K8S_AUTH_{CLIENT_NAME.get(name, name).upper()}")
    if text is None:
        return None
    if spec.get("type") == "bool":
        return text.lower() not in FALSE_WORDS
    if spec.get("type") == "list":
        return [part for part in text.split(",") if part]
    return text


def configure(chosen: t.Mapping[str, t.Any], in_cluster: bool = False, folder: str | None = None) -> t.Any:
    """A `kubernetes.client.Configuration` for these options; keys inside a kubeconfig are written into `folder`.

    The pod's own service account is used only when `in_cluster` asks for it: a job in a pod must not end up
    on the cluster that it happens to run in because a kubeconfig was forgotten.
    """
    if KUBERNETES_IMPORT_ERROR is not None:
        raise BadConnection(f"The Python package kubernetes is needed on the controller: {KUBERNETES_IMPORT_ERROR}")
    configuration = kubernetes.client.Configuration()
    source = "in-cluster service account" if in_cluster else f"kubeconfig {_displayed(chosen.get('kubeconfig'))}"
    try:
        with _logged_errors() as logged:
            _load(configuration, chosen, in_cluster, folder)
    except BadConnection:
        raise
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom(f"The keys of the {source} cannot be kept for a moment: {error}") from error
        raise BadConnection(f"The {source} cannot be used: {error}") from error
    except Exception as error:
        raise BadConnection(f"The {source} cannot be used: {error}") from error
    _override(configuration, chosen)
    if logged and not (configuration.api_key or configuration.cert_file or configuration.username):
        raise BadConnection(f"The program that the {source} names gave no credentials: {'; '.join(logged)}")
    return configuration


@contextlib.contextmanager
def private_folder() -> t.Iterator[str]:
    """A folder for the keys inside a kubeconfig, gone afterwards. Raises BadConnection where none can be made."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="maestro-")
    except OSError as error:
        raise NoRoom(f"The keys of the connection cannot be kept for a moment: {error}") from error
    with folder as path:
        yield path


class NoRoom(BadConnection):
    """There is no folder for temporary files, or no room in it."""

    own_next_step = "Make room for temporary files on this host, or set TMPDIR to a folder that has some."


@contextlib.contextmanager
def _logged_errors() -> t.Iterator[list[str]]:
    """Errors that the Kubernetes client logs instead of raising them: those of a kubeconfig's credential program."""
    logged: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, [handler]
    try:
        yield logged
    finally:
        root.handlers = handlers


def headers(chosen: t.Mapping[str, t.Any]) -> list[tuple[str, str]]:
    """The impersonation headers, one pair for each value."""
    pairs = []
    for name, header in HEADERS.items():
        value = chosen.get(name) or []
        pairs += [(header, item) for item in ([value] if isinstance(value, str) else value)]
    return pairs


def _load(configuration: t.Any, chosen: t.Mapping[str, t.Any], in_cluster: bool, folder: str | None) -> None:
    if in_cluster:
        kubernetes.config.load_incluster_config(client_configuration=configuration)
        return
    if _is_complete(chosen):
        return
    kubeconfig = chosen.get("kubeconfig")
    common = {"context": chosen.get("context"), "client_configuration": configuration, "temp_file_path": folder}
    if isinstance(kubeconfig, dict):
        kubernetes.config.load_kube_config_from_dict(config_dict=kubeconfig, **common)
        return
    path = os.path.expanduser(_path(kubeconfig))
    if not any(os.path.exists(part) for part in path.split(os.pathsep)):
        raise BadConnection(f"There is no kubeconfig at {path}, and no host with api_key or client_cert was given.")
    kubernetes.config.load_kube_config(config_file=path, persist_config=False, **common)


def _is_complete(chosen: t.Mapping[str, t.Any]) -> bool:
    credentials = (("api_key",), ("username", "password"), ("client_cert", "client_key"))
    return bool(chosen.get("host")) and any(all(chosen.get(name) for name in names) for names in credentials)


def _override(configuration: t.Any, chosen: t.Mapping[str, t.Any]) -> None:
    if chosen.get("api_key") or chosen.get("username"):
        configuration.api_key = {}
        configuration.refresh_api_key_hook = None
    for name, value in chosen.items():
        if name in ("kubeconfig", "context", "persist_config", *HEADERS):
            continue
        if name == "api_key":
            configuration.api_key = {"authorization": f"Bearer {value}"}
        elif name == "host":
            configuration.host = value.rstrip("/")
        elif name == "proxy_headers":
            configuration.proxy_headers = _proxy_headers(value)
        else:
            setattr(configuration, CLIENT_NAME[name], value)


def _proxy_headers(value: t.Mapping[str, t.Any]) -> t.Any:
    import urllib3.util

    return urllib3.util.make_headers(**{key: item for key, item in value.items() if item is not None})


def _path(kubeconfig: t.Any) -> str:
    """One file, or several with colons between them."""
    return str(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config")


def _displayed(kubeconfig: t.Any) -> str:
    """A kubeconfig given as a dictionary holds credentials and is never printed."""
    return "given as a dictionary" if isinstance(kubeconfig, dict) else _path(kubeconfig)
