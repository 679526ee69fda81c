# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the rules look at: the release's objects, what bears on them, and the account's permissions."""

from __future__ import annotations

import typing as t

from .._cluster.api_resources import KINDS, Kind, collection_path
from .._cluster.batch_get import Answers, Query, Unavailable, survey
from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._health.facts import Live
from .permissions import Access, concerns, grants
from .snapshot import PostureSnapshot

Connect = t.Callable[[str], Cluster]
"""Opens the cluster in the name of a user."""
RBAC, AUTHORIZATION = "rbac.authorization.k8s.io/v1", "authorization.k8s.io/v1"
BEARING = {
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
}
"""Kinds of which every object in the namespace counts, whoever made it."""
BINDINGS = ("RoleBinding", "ClusterRoleBinding")
REVIEWS = collection_path(AUTHORIZATION, Kind("selfsubjectrulesreviews", False))
PAGES = 20


def collect(
    cluster: Cluster, connect: Connect, name: str, namespace: str, number: int, declared: t.Sequence[Live]
) -> PostureSnapshot:
    """Two rounds of parallel reads: the objects and the bindings, then the roles that these refer to."""
    answers, _reached = survey(cluster, [*_objects(cluster, declared), *_context(name, namespace)])
    live = [answers[item] for item in answers if isinstance(item, tuple) and isinstance(answers[item], dict)]
    for kind in sorted(kind for _version, kind in BEARING):
        known = {item["metadata"]["name"] for item in live if item["kind"] == kind}
        live += [item for item in _items(answers, kind) if item["metadata"]["name"] not in known]
    access = _access(cluster, connect, namespace, account_of(name, declared), answers)
    unavailable = [
        (" ".join(filter(None, item)) if isinstance(item, tuple) else str(item), answer)
        for item, answer in answers.items()
        if isinstance(answer, Unavailable) and not answer.not_found and item not in BINDINGS
    ]
    pods = tuple(_items(answers, "Pod"))
    return PostureSnapshot(name, namespace, number, tuple(declared), tuple(live), pods, access, tuple(unavailable))


def account_of(name: str, declared: t.Iterable[Live]) -> str:
    """The ServiceAccount that the release's pods run as."""
    specs = [item["spec"]["template"]["spec"] for item in declared if item["kind"] in ("Deployment", "StatefulSet")]
    return next((str(spec["serviceAccountName"]) for spec in specs if spec.get("serviceAccountName")), name)


def _objects(cluster: Cluster, declared: t.Iterable[Live]) -> t.Iterator[Query]:
    """Each declared object, by (kind, name); a kind that is not served any more has no objects."""
    for item in declared:
        metadata = item["metadata"]
        try:
            path = cluster.path(item["apiVersion"], item["kind"], metadata.get("namespace", ""), metadata["name"])
        except ClusterError:
            continue
        yield Query((item["kind"], metadata["name"]), path, keep=_kept(item["apiVersion"], item["kind"]))


def _context(name: str, namespace: str) -> t.Iterator[Query]:
    """What bears on the release without being declared by it."""
    path = collection_path("v1", KINDS["v1", "Namespace"])
    yield Query(("Namespace", namespace), f"{path}/{namespace}", keep=_kept("v1", "Namespace"))
    yield Query("Pod", collection_path("v1", KINDS["v1", "Pod"], namespace), _of_release(name), keep=_list)
    for api_version, kind in sorted(BEARING):
        yield Query(kind, collection_path(api_version, KINDS[api_version, kind], namespace), keep=_list)
    for kind in BINDINGS:
        path = collection_path(RBAC, KINDS[RBAC, kind], namespace)
        yield Query(kind, path, keep=_list, pages=PAGES if kind == "ClusterRoleBinding" else 0)


def _of_release(name: str) -> dict[str, str]:
    return {"labelSelector": f"app.kubernetes.io/instance={name}", "fieldSelector": "status.phase!=Succeeded"}


def _kept(api_version: str, kind: str) -> t.Callable[[Live], Live]:
    """An object with its kind, which lists leave out, and without the values of a Secret."""
    return lambda item: {
        **{field: value for field, value in item.items() if kind != "Secret" or field not in ("data", "stringData")},
        "apiVersion": api_version,
        "kind": kind,
    }


def _list(answer: Live) -> list[Live]:
    kind, version = str(answer["kind"]).removesuffix("List"), answer["apiVersion"]
    return [{**item, "apiVersion": version, "kind": kind} for item in answer["items"]]


def _items(answers: Answers, name: str) -> list[Live]:
    """The objects of a list, whether it came in pages or not."""
    answer = answers.get(name)
    if not isinstance(answer, list):
        return []
    return [item for each in answer for item in (each if isinstance(each, list) else [each])]


def _access(cluster: Cluster, connect: Connect, namespace: str, account: str, answers: Answers) -> Access:
    every = [item for kind in BINDINGS for item in _items(answers, kind)]
    bindings = [item for item in every if concerns(item, namespace, account)]
    unread = tuple(kind for kind in BINDINGS if isinstance(answers[kind], Unavailable))
    roles, silent = _roles(cluster, namespace, bindings)
    rules = _own_rules(connect, namespace, account)
    return Access(namespace, account, rules, grants(bindings, roles), (*unread, *silent))


def _roles(cluster: Cluster, namespace: str, bindings: t.Iterable[Live]) -> tuple[list[Live], tuple[str, ...]]:
    """The roles that bindings refer to, and the kinds of those that may not be read. A missing role grants nothing."""
    wanted = sorted({(item["roleRef"]["kind"], item["roleRef"]["name"]) for item in bindings})
    answers, _reached = survey(
        cluster,
        [
            Query(
                each, f"{collection_path(RBAC, KINDS[RBAC, each[0]], namespace)}/{each[1]}", keep=_kept(RBAC, each[0])
            )
            for each in wanted
        ],
    )
    silent = {
        kind for kind, name in wanted if isinstance(answer := answers[kind, name], Unavailable) and not answer.not_found
    }
    return [answer for answer in answers.values() if isinstance(answer, dict)], tuple(sorted(silent))


def _own_rules(connect: Connect, namespace: str, account: str) -> tuple[t.Mapping[str, t.Any], ...] | None:
    """The API server's own list, asked in the account's name; None where that is forbidden or the list has gaps."""
    body = {"apiVersion": AUTHORIZATION, "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    try:
        with connect(f"system:serviceaccount:{namespace}:{account}") as cluster:
            status = cluster.create(REVIEWS, body)["status"]
    except ClusterError:
        return None
    return None if status.get("incomplete") else tuple(status.get("resourceRules") or ())
