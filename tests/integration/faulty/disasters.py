# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a cluster in the middle of a release, at a write or a watch of it that is known beforehand. Data.

Each strikes while a proxy holds that one request back, so no moment has to be met by chance.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import typing as t

from tests.faults.points import SCENARIOS, Bench, Connection, Parameters, Scenario
from tests.faults.running import deploying
from tests.faults.sample import FIRST, SECOND
from tests.integration.faulty.arranging import BINDINGS, IN_FORCE, POLICIES, WEBHOOKS, hasty, refusal
from tests.integration.faulty.disturbing import lab
from tests.integration.waiting import wait_for

Deed = t.Callable[[Bench], object]
Manifest = dict[str, t.Any]
SERVICE, WAIT = "services/second-only", "/pods watch"
PATIENCE = 200
"""Seconds: controllers that have lost the API server come back to it at growing intervals, up to a minute and more."""
UPGRADE = next(scenario for scenario in SCENARIOS if scenario.name == "upgrade")


def with_pods(pods: int) -> Scenario:
    """The upgrade of a release that has pods and is waited for."""

    def make(version: int, connection: Connection, namespace: str) -> Parameters:
        return deploying(connection, namespace, version, pods, wait=True, wait_timeout=PATIENCE)

    first, second = functools.partial(make, FIRST), functools.partial(make, SECOND)
    return Scenario(f"{pods}-pods", (first,), second)


ONE_POD, THREE_PODS = with_pods(1), with_pods(3)


@dataclasses.dataclass(frozen=True)
class Disaster:
    """`strike` comes before the request for `place` is passed on, and `mend` undoes it; both may come twice.

    The release ends with `verdict`, saying all the `words`, and is in the history as `state`. `restores`: the former
    one comes back by itself. `more` are parameters of the module.
    """

    strike: Deed
    mend: Deed
    verdict: str = "failed"
    state: str = "failed"
    words: tuple[str, ...] = ()
    place: str = SERVICE
    scenario: Scenario = UPGRADE
    rollback_to: bool = False
    more: Parameters = dataclasses.field(default_factory=dict)


def lab_verb(*arguments: str) -> Deed:
    return lambda _bench: lab(*arguments)


def for_seconds(strike: Deed, mend: Deed, seconds: float) -> Deed:
    """Strike, and mend so many seconds later."""

    def deed(bench: Bench) -> None:
        strike(bench)
        threading.Timer(seconds, mend, (bench,)).start()

    return deed


def appears(path: str, words: str, content: t.Callable[[str], Manifest]) -> Deed:
    """Something stands in the cluster from now on, and the API server refuses Services with these words because of it.

    `content` makes it of the namespace's name; NAMESPACE in the path is that too.
    """

    def deed(bench: Bench) -> None:
        for collection, body in _placed(path, bench, content(bench.namespace)):
            bench.cluster.create(collection, body)
        _until_told(bench, lambda said: words in said)

    return deed


def disappears(path: str) -> Deed:
    """It is gone, and the API server acts on that."""

    def deed(bench: Bench) -> None:
        for collection, body in _placed(path, bench, {}):
            bench.cluster.delete(f"{collection}/{body['metadata']['name']}")
        _until_told(bench, lambda said: not said or "already exists" in said)

    return deed


def _placed(path: str, bench: Bench, content: Manifest) -> list[tuple[str, Manifest]]:
    """Each collection of the path with what comes into it: the content has one entry for each."""
    collections = path.replace("NAMESPACE", bench.namespace).split()
    name = {"metadata": {"name": bench.namespace}}
    return [(each, {**name, **content.get(each.rsplit("/", 1)[1], {})}) for each in collections]


def _until_told(bench: Bench, is_told: t.Callable[[str], bool]) -> None:
    """Ask for another Service until the API server refuses it so; an empty text means that it does not.

    It takes a moment to act on what it was told.
    """
    service = {"metadata": {"name": "second-only"}, "spec": {"ports": [{"port": 80}]}}
    asked, services = hasty(bench.cluster), f"/api/v1/namespaces/{bench.namespace}/services"
    wait_for("the API server acts on it", lambda: refusal(asked, services, service), is_told, seconds=IN_FORCE)


def _place(namespace: str) -> Manifest:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


SERVICES = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["services"],
    "scope": "*",
}


def _webhook(namespace: str) -> Manifest:
    webhook = {
        "name": "gone.maestro.test",
        "clientConfig": {"service": {"name": "gone", "namespace": "default", "path": "/"}},
        "namespaceSelector": _place(namespace),
        "rules": [SERVICES],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    return {"validatingwebhookconfigurations": {"webhooks": [webhook]}}


def _policy(namespace: str) -> Manifest:
    match = {"namespaceSelector": _place(namespace), "resourceRules": [SERVICES]}
    rule = {"expression": "object.metadata.name != 'second-only'", "message": "no second Service in this quarter"}
    return {
        "validatingadmissionpolicies": {"spec": {"matchConstraints": match, "validations": [rule]}},
        "validatingadmissionpolicybindings": {"spec": {"policyName": namespace, "validationActions": ["Deny"]}},
    }


def _quota(_namespace: str) -> Manifest:
    return {"resourcequotas": {"spec": {"hard": {"count/services": "2"}}}}


KILL, START = lab_verb("kill", "apiserver"), lab_verb("start", "apiserver")
PAUSE, RESUME = lab_verb("pause", "etcd"), lab_verb("resume", "etcd")
AWAY = ("stopped half-way: [api-unreachable] API server: ", "could not be recorded", "so nothing was undone")
AGAIN = "run this again: it finds the release unfinished and finishes it"
BACK = "Release 1 was restored as release 3"
QUOTAS = "/api/v1/namespaces/NAMESPACE/resourcequotas"
POLICY = f"{POLICIES} {BINDINGS}"

DISASTERS: dict[str, Disaster] = {
    "api-server-killed-while-it-writes": Disaster(for_seconds(KILL, START, 2), START, "passed", "passed"),
    "api-server-away-for-good-while-it-writes": Disaster(
        KILL, START, state="interrupted", words=(*AWAY, AGAIN), more={"retry_timeout": 2.0}
    ),
    "etcd-paused-while-it-writes": Disaster(for_seconds(PAUSE, RESUME, 3), RESUME, "passed", "passed"),
    "etcd-paused-for-good-while-it-writes": Disaster(
        PAUSE,
        RESUME,
        state="interrupted",
        words=(*AWAY, "no answer within the time allowed", AGAIN),
        more={"retry_timeout": 2.0, "request_timeout": 2.0},
    ),
    "api-server-away-for-good-while-it-waits": Disaster(
        KILL,
        START,
        "inconclusive",
        "interrupted",
        words=("it is not known how the release stands", "could not be recorded", AGAIN),
        place=WAIT,
        scenario=ONE_POD,
        more={"retry_timeout": 2.0, "wait_timeout": 5},
    ),
    "node-lost-while-it-writes": Disaster(
        lab_verb("kill", "node:node-2"),
        lab_verb("start", "node:node-2"),
        words=("node-2",),
        place="deployments/maestro",
        scenario=THREE_PODS,
        more={"wait_timeout": 25},
    ),
    "webhook-down": Disaster(
        appears(WEBHOOKS, 'failed calling webhook "gone.maestro.test"', _webhook),
        disappears(WEBHOOKS),
        words=("[webhook-unavailable] Service ", 'failed calling webhook "gone.maestro.test"', BACK),
        rollback_to=True,
        more={"retry_timeout": 2.0},
    ),
    "quota-appears": Disaster(
        appears(QUOTAS, "exceeded quota", _quota),
        disappears(QUOTAS),
        words=("[quota-exceeded] Service ", "exceeded quota", "count/services=2", BACK),
        rollback_to=True,
    ),
    "denied-by-policy": Disaster(
        appears(POLICY, "no second Service in this quarter", _policy),
        disappears(POLICY),
        words=("[admission-denied] Service ", "no second Service in this quarter", BACK),
        rollback_to=True,
    ),
    "token-expired": Disaster(
        lambda bench: bench.proxy.refuse(),
        bool,
        state="interrupted",
        words=("[credentials-refused] API server: ", "Get a new token", "so nothing was undone", AGAIN),
    ),
}
"""By name. Those who come back in time leave a release that passed; all others leave one that a re-run finishes.

An API server that comes back while a release is waited for is among what is harmless.
"""
