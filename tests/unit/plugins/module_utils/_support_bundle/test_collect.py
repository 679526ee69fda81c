# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything is read that can be read; what cannot be is noted and stops nothing else."""

from __future__ import annotations

import base64
import re
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Answer, ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.secret_values import secret_values
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.collect import gather
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.scope import (
    Bounds,
    BundleSubject,
    Collected,
    LogName,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._support_bundle.objects import NAMESPACE, Live, Release, container, live, pod

LABELS = {"app.kubernetes.io/instance": "maestro"}


class Api(ApiDouble):
    """Serves the logs of `texts`, by pod, as an API server does: it cuts a long one at its end."""

    def __init__(self, *namespaces: str) -> None:
        super().__init__(*namespaces)
        self.texts: dict[str, str] = {}
        self.swept = False
        self.asked: list[dict[str, t.Any]] = []

    def request(self, method: str, path: str, *more: t.Any, **named: t.Any) -> Answer:
        log = re.fullmatch(r".*/pods/([^/]+)/log", path)
        if path == "/version":
            return Answer(200, {"gitVersion": "v1.37.2"})
        if not log:
            return super().request(method, path, *more, **named)
        query = dict(named["query"])
        self.asked.append(query)
        if self.swept and "previous" in query:
            return Answer(200, "unable to retrieve container logs for containerd://1")
        if log[1] not in self.texts:
            raise ApiError(400, "BadRequest", "the container is waiting to start")
        lines = self.texts[log[1]].splitlines(keepends=True)[-query["tailLines"] :]
        return Answer(200, "".join(lines)[: query["limitBytes"]])


@pytest.fixture
def api() -> Api:
    cluster = Api(NAMESPACE)
    lay(cluster, pod("maestro-1", container(), labels=LABELS))
    cluster.texts["maestro-1"] = "hello\n"
    return cluster


def lay(api: Api, item: Live) -> None:
    """Lay an object into the cluster with its status."""
    api.unready[f"{item['kind']} {item['metadata']['name']}"] = item.get("status", {})
    api.put({**item, "metadata": {name: item["metadata"][name] for name in ("name", "namespace", "labels")}})


def gathered(api: Api, *records: Release, **bounds: t.Any) -> Collected:
    return gather(api, BundleSubject("maestro", NAMESPACE, records), Bounds(**bounds))


def reasons(found: Collected) -> dict[str, str]:
    return {entry.part: entry.why for entry in found.left_out}


def forbidden(what: str) -> ApiError:
    return ApiError(403, "Forbidden", f"{what} is forbidden")


def test_objects_nodes_logs_and_the_version_are_read(api: Api) -> None:
    api.put({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "status": {"images": ["x"]}})
    before = list(api.writes)
    found = gathered(api)
    assert [each["metadata"]["name"] for each in found.of("Pod")] == ["maestro-1"]
    assert [each["metadata"]["name"] for each in found.of("Namespace")] == [NAMESPACE]
    assert [each["metadata"]["name"] for each in found.nodes] == ["node-1"]
    assert found.logs == {LogName("maestro-1", "maestro"): "hello\n"}
    assert found.version == "v1.37.2"
    assert api.writes == before, "a diagnosis writes nothing"


@pytest.mark.parametrize(
    ("path", "part"), [("/secrets", "objects/Secret"), ("/nodes", "nodes.txt"), ("/events", "objects/Event")]
)
def test_what_the_account_may_not_read_is_noted_and_the_rest_is_read(api: Api, path: str, part: str) -> None:
    api.fail("GET", path, forbidden(path))
    found = gathered(api)
    assert "forbidden" in reasons(found)[part]
    assert found.logs
    assert found.knows_secrets is (part != "objects/Secret")
    assert part.partition("/")[2] not in found.objects, "what is not known is not told as absent"


def test_without_a_namespace_there_is_an_archive_that_says_so() -> None:
    found = gathered(Api())
    assert "not found" in reasons(found)[f"objects/Namespace/{NAMESPACE}.yaml"]
    assert not found.of("Pod")


def test_kinds_that_the_cluster_does_not_serve_are_missed_only_when_the_release_has_them(api: Api) -> None:
    api.fail("GET", "/certificates", ApiError(404, "NotFound", "the server could not find it"))
    assert "objects/Certificate" not in reasons(gathered(api))
    strange = {"apiVersion": "x.test/v1", "kind": "Strange", "metadata": {"name": "a", "namespace": NAMESPACE}}
    assert "does not serve" in reasons(gathered(api, Release(manifests=(strange,))))["objects/Strange"]


def test_an_object_without_namespace_is_read_by_the_name_that_the_history_has(api: Api) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "maestro"}}
    api.put(role)
    assert len(gathered(api, Release(manifests=(role,))).of("ClusterRole")) == 1


def test_the_end_of_a_long_log_is_kept_although_the_server_would_cut_it(api: Api) -> None:
    lines = [f"line {number} {'x' * 60}\n" for number in range(4000)]
    api.texts["maestro-1"] = "".join(lines)
    found = gathered(api, log_bytes=4096)
    kept = found.logs[LogName("maestro-1", "maestro")]
    assert kept.endswith(lines[-1])
    assert len(kept.encode()) <= 4096
    assert "longer than the bound of 4096 bytes" in reasons(found)["logs/maestro-1/maestro.log"]
    assert max(query["limitBytes"] for query in api.asked) <= 4 * 4096


def test_a_container_that_was_just_removed_has_its_log_in_the_newest_one(api: Api) -> None:
    api.swept = True
    lay(api, pod("maestro-2", container(state="waiting", restarts=1, ended=1), labels=LABELS))
    api.texts["maestro-2"] = "panic\n"
    assert gathered(api).logs[LogName("maestro-2", "maestro", previous=True)] == "panic\n"


def test_a_log_that_cannot_be_read_is_noted(api: Api) -> None:
    lay(api, pod("maestro-2", container(), labels=LABELS))
    found = gathered(api)
    assert found.logs == {LogName("maestro-1", "maestro"): "hello\n"}
    assert "the container is waiting to start" in reasons(found)["logs/maestro-2/maestro.log"]


def test_when_the_time_is_over_the_rest_is_noted_and_not_asked_for(api: Api) -> None:
    found = gathered(api, seconds=-1)
    assert reasons(found)["nodes.txt"] == "the time allowed was over"
    assert not found.logs


def test_credentials_that_are_refused_are_no_diagnosis(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, **_query: t.Any) -> Live:
        raise ApiError(401, "Unauthorized", path)

    monkeypatch.setattr(api, "get", refuse)
    with pytest.raises(ApiError, match="does not accept the credentials"):
        gathered(api)


def test_values_are_those_of_all_secrets_but_certificates_and_helm_records() -> None:
    def secret(name: str, kind: str, **values: str) -> Live:
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        return live("Secret", name, data=data, type=kind)

    certificate = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
    tls = secret("tls", "kubernetes.io/tls", crt=certificate, key="-----BEGIN PRIVATE KEY-----")
    found = secret_values([secret("a", "Opaque", k="v", empty=""), tls, secret("h", "helm.sh/release.v1", release="x")])
    assert found == {"a/k": "v", "tls/key": "-----BEGIN PRIVATE KEY-----"}


def test_a_value_that_is_rotated_while_the_logs_are_read_is_known_as_well_as_the_former(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(value: str) -> Live:
        encoded = base64.b64encode(value.encode()).decode()
        return live("Secret", "of-somebody", type="Opaque", data={"KEY": encoded})

    lay(api, held("former-value"))
    request = api.request

    def rotating(method: str, path: str, *more: t.Any, **named: t.Any) -> Answer:
        if path.endswith("/log"):
            lay(api, held("newer-value"))
        return request(method, path, *more, **named)

    monkeypatch.setattr(api, "request", rotating)
    found = gather(api, BundleSubject("maestro", NAMESPACE), Bounds())
    assert {"former-value", "newer-value"} <= set(found.values.values())
