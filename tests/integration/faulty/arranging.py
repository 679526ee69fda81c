# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands or happens outside of a release while it is made: policies, webhooks, controllers that the lab lacks."""

from __future__ import annotations

import contextlib
import copy
import threading
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ClusterError
from tests.integration.faulty.changes import Manifest
from tests.integration.waiting import wait_for

Around = t.Callable[[Cluster, str], t.ContextManager[t.Any]]
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = f"{ADMISSION}/validatingadmissionpolicies", f"{ADMISSION}/validatingadmissionpolicybindings"
WEBHOOKS = f"{ADMISSION}/validatingwebhookconfigurations"
MARK = "maestro.intelgraph.ai/fault"
"""A label of the pods that a policy or a webhook of a test is about, so that it meets no others."""
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
IN_FORCE = 120
"""Seconds within which the API server and the controllers act on what they were told, also after an outage."""
REFRESH = 0.1


@contextlib.contextmanager
def policy(cluster: Cluster, namespace: str) -> t.Iterator[None]:
    """An admission policy that refuses the pods with its mark."""
    match = {"objectSelector": {"matchLabels": {MARK: "policy"}}, "resourceRules": [PODS]}
    message = "pods of this team are not welcome here"
    spec = {"matchConstraints": match, "validations": [{"expression": "false", "message": message}]}
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    with (
        _present(cluster, POLICIES, namespace, {"spec": spec}),
        _present(cluster, BINDINGS, namespace, {"spec": binding}),
    ):
        _until_refused(cluster, "policy", message)
        yield


@contextlib.contextmanager
def dead_webhook(cluster: Cluster, namespace: str) -> t.Iterator[None]:
    """A webhook of which nothing is left but its registration, for the pods with its mark."""
    service = {"name": "gone", "namespace": "default", "path": "/"}
    webhook: Manifest = {
        "name": "gone.maestro.test",
        "clientConfig": {"service": service},
        "objectSelector": {"matchLabels": {MARK: "webhook"}},
        "rules": [PODS],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    with _present(cluster, WEBHOOKS, namespace, {"webhooks": [webhook]}):
        _until_refused(cluster, "webhook", webhook["name"])
        yield


@contextlib.contextmanager
def _present(cluster: Cluster, collection: str, name: str, content: Manifest) -> t.Iterator[None]:
    cluster.delete(f"{collection}/{name}")
    cluster.create(collection, {"metadata": {"name": name}, **content})
    try:
        yield
    finally:
        cluster.delete(f"{collection}/{name}")


def _until_refused(cluster: Cluster, mark: str, words: str) -> None:
    """The API server takes a moment to act on what it was told."""
    metadata = {"generateName": "maestro-probe-", "labels": {MARK: mark}}
    body = {"metadata": metadata, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    asked = hasty(cluster)

    def said() -> str:
        return refusal(asked, "/api/v1/namespaces/default/pods", body)

    wait_for(f"the {mark} refuses a pod", said, lambda reported: words in reported, seconds=IN_FORCE)


def hasty(cluster: Cluster) -> Cluster:
    """The same connections without retries; whoever else uses the cluster keeps theirs."""
    other = copy.copy(cluster)
    other.limits = cluster.limits._replace(retry=0)
    return other


def refusal(cluster: Cluster, collection: str, body: Manifest) -> str:
    """What the API server says against an object; nothing when it would take it."""
    try:
        cluster.create(collection, body, dryRun="All")
    except ClusterError as error:
        return str(error)
    return ""


def status_of(api_version: str, kind: str, name: str, **status: t.Any) -> Around:
    """Plays the controller that the lab lacks: gives an object this status as soon as it is there."""

    @contextlib.contextmanager
    def around(cluster: Cluster, namespace: str) -> t.Iterator[None]:
        path = cluster.path(api_version, kind, namespace, name)
        with meanwhile(lambda: _give_status(cluster, path, status)):
            yield

    return around


def _give_status(cluster: Cluster, path: str, status: Manifest) -> bool:
    try:
        live = cluster.get(path)
    except ApiError as error:
        if error.not_found:
            return False
        raise
    body = {**live, "status": status}
    cluster.request("PUT", f"{path}/status", body)
    return True


@contextlib.contextmanager
def meanwhile(attempt: t.Callable[[], bool], pause: float = REFRESH) -> t.Iterator[None]:
    """Try again and again beside what happens in the block, until it comes off.

    What goes wrong there, and that it never came off, is told after the block.
    """
    over, problems = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            while not attempt():
                if over.wait(pause):
                    raise AssertionError("what was to happen meanwhile did not")
        except BaseException as error:  # told in the thread that waits for it
            problems.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)
    if problems:
        raise problems[0]
