# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release believes its own history only: a forged one is named, and nothing of it is restored."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import PASSED
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.auto_rollback import AutoRollback
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import deploy as deploying
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.escalation import RollbackEscalates
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import (
    History,
    HistoryUntrusted,
    Record,
    Trust,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.record_secret import Place
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.seal import Link
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.rollback import restore
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.uninstall import remove
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.record.forging import CLUSTER_ADMIN, KEY, config_map_record, forged
from tests.unit.plugins.module_utils._release.releasing import STUCK, WISH, deploy, records, release, states
from tests.unit.plugins.samples import NAMESPACE, config_map

PLACE = Place(NAMESPACE, "maestro")
SIGNED = Trust(KEY)
ADOPTING = Trust(KEY, adopt=True)


def history(cluster: ApiDouble, trust: Trust | None = None) -> History:
    return History(cluster, NAMESPACE, "maestro", trust).read()


def with_binding(cluster: ApiDouble, number: int) -> Record:
    """Release 1 with the binding beside it, as if it were release `number`."""
    [first, *_others] = records(cluster)
    return Record(number, PASSED, (*first.manifests, CLUSTER_ADMIN), {"by": "forger"}, {"reason": ""})


def fails(cluster: ApiDouble, tmp_path: pathlib.Path, **changed: t.Any) -> ReleaseFailed:
    """The next release is never ready; what is said of it."""
    options = dataclasses.replace(WISH, **changed)
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(ReleaseFailed) as caught:
        deploying(cluster, release(a="bad"), options, auto_rollback=AutoRollback(options, tmp_path))
    return caught.value


def test_a_config_map_is_no_record(tmp_path: pathlib.Path) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.put(config_map_record(PLACE, with_binding(cluster, 2)), "forger")
    assert states(cluster) == [(1, PASSED)]
    fails(cluster, tmp_path)
    assert cluster.names("clusterrolebindings") == []
    assert [record.about.get("rollback_to") for record in records(cluster)] == [None, None, 1]


def test_a_forged_secret_is_not_restored_by_itself(tmp_path: pathlib.Path) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    link = Link(1, history(cluster)._seals[1].digest)
    cluster.put(forged(PLACE, with_binding(cluster, 2), link), "forger")
    assert states(cluster) == [(1, PASSED), (2, PASSED)], "whoever may write Secrets can make one without a key"
    message = str(fails(cluster, tmp_path))
    assert "[rollback-rbac]" in message
    assert "create ClusterRoleBinding forged (ClusterRole cluster-admin for ServiceAccount attacker)" in message
    assert cluster.names("clusterrolebindings") == []
    with pytest.raises(RollbackEscalates, match="ClusterRoleBinding forged"):
        restore(cluster, WISH, 2)
    assert cluster.names("clusterrolebindings") == []


def test_a_restore_with_more_rights_has_to_be_said() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(CLUSTER_ADMIN))
    deploy(cluster, release(a="2"))
    cluster.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/forged")
    before = cluster.versions()
    for check in (True, False):
        with pytest.raises(RollbackEscalates):
            restore(cluster, WISH, check=check)
    assert cluster.versions() == before
    assert restore(cluster, dataclasses.replace(WISH, rollback_rbac=True)).verdict == PASSED
    assert cluster.names("clusterrolebindings") == ["forged"]


def test_a_signed_record_is_restored_whole() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(CLUSTER_ADMIN), trust=SIGNED)
    deploy(cluster, release(a="2"), trust=SIGNED)
    cluster.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/forged")
    assert restore(cluster, dataclasses.replace(WISH, trust=SIGNED)).verdict == PASSED
    assert cluster.names("clusterrolebindings") == ["forged"]


def test_with_a_key_a_forged_secret_is_named_and_its_number_passed_over(tmp_path: pathlib.Path) -> None:
    cluster = ApiDouble()
    deploy(cluster, trust=SIGNED)
    cluster.put(forged(PLACE, with_binding(cluster, 2)), "forger")
    fails(cluster, tmp_path, trust=SIGNED)
    assert any("[record-untrusted] Secret maestro-system/maestro-release-2" in text for text in cluster.warnings)
    assert [(each.number, each.about.get("rollback_to")) for each in history(cluster, SIGNED).records] == [
        (1, None),
        (3, None),
        (4, 1),
    ]
    assert cluster.names("clusterrolebindings") == []


def test_a_signed_history_is_not_continued_without_the_key() -> None:
    cluster = ApiDouble()
    deploy(cluster, trust=SIGNED)
    before = cluster.versions()
    for act in (
        lambda: deploy(cluster, release(a="2")),
        lambda: restore(cluster, WISH),
        lambda: remove(cluster, WISH),
    ):
        with pytest.raises(HistoryUntrusted, match="is signed"):
            act()
    assert cluster.versions() == before
    assert [record.number for record in history(cluster).records] == [1], "it can be read"


@pytest.mark.parametrize("trust", [Trust(), SIGNED], ids=["no key", "key"])
def test_a_history_of_before_is_refused_until_it_is_adopted(trust: Trust) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    deploy(cluster, release(a="2"))
    olds = records(cluster)
    for number, old in enumerate(olds, 1):
        cluster.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/maestro-release-{number}")
        cluster.put(config_map_record(PLACE, old))
    before = cluster.versions()
    for act in (lambda: deploy(cluster, release(a="3"), trust=trust), lambda: restore(cluster, WISH)):
        with pytest.raises(HistoryUntrusted, match="2 records are ConfigMaps"):
            act()
    assert history(cluster, Trust(adopt=True)).records == olds, "it can be looked at"
    assert cluster.versions() == before
    outcome = deploy(cluster, release(a="2"), trust=dataclasses.replace(trust, adopt=True))
    assert (outcome.changed, outcome.number) == (False, 2)
    assert [name for name in cluster.names("configmaps") if "release" in name] == []
    assert history(cluster, trust).records == olds
    assert restore(cluster, dataclasses.replace(WISH, trust=trust)).number == 3


@pytest.mark.parametrize("moment", range(1, 5))
def test_an_adoption_that_was_killed_is_finished_by_the_next(moment: int) -> None:
    cluster = ApiDouble()
    for value in "123":
        deploy(cluster, release(a=value))
    olds = records(cluster)
    for number, old in enumerate(olds, 1):
        cluster.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/maestro-release-{number}")
        cluster.put(config_map_record(PLACE, old))
    place = {4: ("DELETE", "configmaps/maestro-release")}.get(moment, ("POST", "/secrets"))
    asked = 0
    request = cluster.request

    def counted(method: str, path: str, *arguments: t.Any, **named: t.Any) -> t.Any:
        nonlocal asked
        if method == place[0] and place[1] in path:
            asked += 1
            if asked == (1 if moment == 4 else moment):
                raise KeyboardInterrupt
        return request(method, path, *arguments, **named)

    cluster.request = counted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        deploy(cluster, release(a="3"), trust=ADOPTING)
    cluster.request = request  # type: ignore[method-assign]
    deploy(cluster, release(a="3"), trust=ADOPTING)
    assert history(cluster, SIGNED).records == olds
    assert [name for name in cluster.names("configmaps") if "release" in name] == []


@pytest.mark.parametrize("old", ["", "the former key, with 32 characters or more"])
def test_a_key_that_is_new_or_another_is_introduced_by_adoption(old: str) -> None:
    cluster = ApiDouble()
    for value in "12":
        deploy(cluster, release(a=value), trust=Trust(old))
    before = history(cluster, Trust(old)).records
    with pytest.raises(HistoryUntrusted, match=r"another key|not signed"):
        deploy(cluster, release(a="3"), trust=SIGNED)
    deploy(cluster, release(a="2"), trust=ADOPTING)
    assert history(cluster, SIGNED).records == before
    assert deploy(cluster, release(a="3"), trust=SIGNED).number == 3
    assert not history(cluster, ADOPTING).is_adopting, "the second time there is nothing to do"


def test_an_adoption_in_check_mode_writes_nothing() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    before = cluster.versions()
    deploy(cluster, release(a="2"), check=True, trust=ADOPTING)
    assert cluster.versions() == before


def test_an_unreadable_record_stops_nothing() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.put({**forged(PLACE, Record(7, PASSED, ())), "data": {"release.json.gz": "no base64"}}, "somebody")
    bare = forged(PLACE, Record(3, PASSED, ()))
    bare["metadata"].pop("annotations")
    cluster.put(bare, "somebody")
    assert deploy(cluster, release(a="2")).verdict == PASSED
    assert any("[record-unreadable] Secret maestro-system/maestro-release-3" in text for text in cluster.warnings)
    assert restore(cluster, WISH, 1).verdict == PASSED


def test_a_removal_takes_the_others_records_away_too() -> None:
    cluster = ApiDouble()
    deploy(cluster, trust=SIGNED)
    cluster.put(forged(PLACE, Record(5, PASSED, (config_map("x"),))), "forger")
    remove(cluster, dataclasses.replace(WISH, trust=SIGNED))
    assert [name for name in cluster.names("secrets") if "release" in name] == []


def test_the_key_shows_nowhere() -> None:
    assert KEY not in repr(dataclasses.replace(WISH, trust=SIGNED))
    cluster = ApiDouble()
    deploy(cluster, trust=SIGNED)
    assert KEY not in repr(cluster.store)
