# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A former release comes back whole, as a new one, and what does not come back is said before."""

from __future__ import annotations

import dataclasses
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER, comparable
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import Refused
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.preserved import CannotRestore
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record import lease_lock
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.rollback import (
    RETRY_OF,
    NothingToRestore,
    restore,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import PLAY
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import (
    STUCK,
    WISH,
    deploy,
    records,
    release,
    states,
)
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    base64_of,
    claim,
    config_map,
    deployment,
    manifest,
    namespace,
    secret,
    service,
)
from tests.unit.rendering import only


def restored(cluster: ApiDouble, number: int = 0, check: bool = False, **options: t.Any) -> Outcome:
    cluster.writes.clear()
    return restore(cluster, dataclasses.replace(WISH, **options), number, check)


def objects(cluster: ApiDouble) -> dict[str, Manifest]:
    """What a release declares; settings of other releases, records and the lock are not compared."""
    apart = ("secrets/maestro-release-", "leases/")
    displayed = {
        path: comparable(item) for path, item in cluster.store.items() if not any(each in path for each in apart)
    }
    return {path: item for path, item in displayed.items() if not item.get("immutable")}


def test_everything_comes_back_and_what_came_later_goes() -> None:
    cluster = ApiDouble()
    role = manifest("rbac.authorization.k8s.io/v1", "Role", "maestro", rules=[{"verbs": ["get"]}])
    deploy(cluster, release(service("old"), role, a="1"))
    then = objects(cluster)
    wider = manifest("rbac.authorization.k8s.io/v1", "Role", "maestro", rules=[{"verbs": ["*"]}])
    deploy(cluster, release(service("new"), wider, a="2"))
    assert objects(cluster) != then
    outcome = restored(cluster)
    assert objects(cluster) == then
    assert outcome.message == "Release 3 of maestro (release 1 restored) is in place: 1 created, 2 changed, 1 removed."
    assert states(cluster) == [(1, "passed"), (2, "passed"), (3, "passed")]
    first, _, last = records(cluster)
    assert last.about["rollback_to"] == 1
    assert last.manifests == first.manifests


def test_secret_values_come_back_with_the_secret_that_still_holds_them() -> None:
    cluster = ApiDouble()
    deploy(cluster, with_secret("one"))
    deploy(cluster, with_secret("two"))
    restored(cluster)
    assert value_in_use(cluster) == base64_of("one")


def with_secret(value: str) -> t.Any:
    pod = {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "maestro-secrets"}}]}]}
    manifests, values = take_out_secrets([namespace(), secret(TOKEN=value)])
    return assemble({"all": [*manifests, deployment(**pod)]}, values)


def value_in_use(cluster: ApiDouble) -> str:
    live = cluster.live("deployments/maestro")
    assert live
    name = live["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["secretRef"]["name"]
    used = cluster.live(f"secrets/{name}")
    assert used
    return str(used["data"]["TOKEN"])


@pytest.mark.parametrize("remade", [False, True])
def test_a_secret_that_is_gone_is_refused_by_name_before_anything_changes(remade: bool) -> None:
    cluster = ApiDouble()
    deploy(cluster, with_secret("one"))
    path = only([path for path in cluster.store if "/secrets/" in path and "-release-" not in path])
    deploy(cluster, with_secret("two"))
    cluster.delete(path)
    if remade:
        cluster.put({**secret(path.rsplit("/", 1)[1]), "data": {"TOKEN": base64_of("other")}})
    before = cluster.versions()
    words = "was made anew with other values" if remade else "was deleted, and its values are in no record"
    with pytest.raises(CannotRestore, match=f"Secret {NAMESPACE}/{path.rsplit('/', 1)[1]} {words}"):
        restored(cluster)
    assert cluster.versions() == before


def test_check_mode_says_what_would_come_back_and_changes_nothing() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(a="1"))
    deploy(cluster, release(service("new"), a="2"))
    before = cluster.versions()
    outcome = restored(cluster, check=True)
    assert cluster.versions() == before
    assert outcome.changed
    assert outcome.message == "Release 3 of maestro (not made, check mode): 1 to change, 1 to remove."


def test_what_is_restored_is_judged_as_any_release() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(a="1"))
    deploy(cluster, release(a="2"))
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(ReleaseFailed, match=r"Release 3 of maestro \(release 1 restored\) is not ready"):
        restored(cluster)
    assert states(cluster)[-1] == (3, "failed")


def test_claims_and_keys_stay_and_are_told() -> None:
    cluster = ApiDouble()
    tls = manifest("v1", "Secret", "maestro-tls", type="kubernetes.io/tls", data={"tls.key": base64_of("old")})
    small = manifest("v1", "PersistentVolumeClaim", "maestro-data", spec=size("10Gi"))
    external = manifest("external-secrets.io/v1", "ExternalSecret", "maestro-secrets", spec={})
    before = [namespace(), small, external]
    deploy(cluster, assemble({"all": [*before, deployment()]}, {}), wait=False)
    cluster.put(tls)
    cluster.put(manifest("v1", "PersistentVolumeClaim", "maestro-data", spec=size("20Gi")))
    grown = manifest("v1", "PersistentVolumeClaim", "maestro-data", spec=size("20Gi"))
    later = [namespace(), grown, external, claim("later")]
    deploy(cluster, assemble({"all": [*later, deployment(serviceAccountName="new")]}, {}), wait=False)
    outcome = restored(cluster, wait=False)
    assert {finding.id for finding in outcome.risks} == {"irreversible-change"}
    assert {finding.object.split("/")[-1]: finding.message.split(":")[0] for finding in outcome.risks} == {
        "maestro-data": "it was grown from 10Gi to 20Gi and stays so",
        "later": "it is of another release and stays, because it holds data or keys",
        "maestro-secrets": "its values come from their source",
    }
    live = cluster.live("persistentvolumeclaims/maestro-data")
    assert live
    assert live["spec"] == size("20Gi")
    assert cluster.live("secrets/maestro-tls")


def size(storage: str) -> Manifest:
    return {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": storage}}}


def test_a_claim_that_is_gone_is_made_anew_and_told() -> None:
    cluster = ApiDouble()
    deploy(cluster, assemble({"all": [namespace(), claim(), deployment()]}, {}))
    deploy(cluster, assemble({"all": [namespace(), claim(), deployment(serviceAccountName="new")]}, {}))
    cluster.delete(cluster.path("v1", "PersistentVolumeClaim", NAMESPACE, "maestro-data"))
    outcome = restored(cluster)
    assert "made anew and empty" in only(outcome.risks).message
    assert cluster.live("persistentvolumeclaims/maestro-data")


def test_what_somebody_set_by_hand_is_taken_back_only_when_that_is_wished() -> None:
    cluster = ApiDouble()
    for kind in ("ClusterIP", "NodePort"):
        deploy(cluster, assemble({"all": [namespace(), service(type=kind)]}, {}))
    cluster.put(service(type="LoadBalancer"), "kubectl-edit")
    with pytest.raises(Refused, match=r'\.spec\.type: conflict with "kubectl-edit"') as caught:
        restored(cluster)
    assert "maestro_takeover" in caught.value.next_step
    restored(cluster, takeover=True)
    live = cluster.live("services/maestro")
    assert live
    assert live["spec"]["type"] == "ClusterIP"


def test_a_workload_that_is_gone_comes_back_at_the_least_size_of_its_autoscaler() -> None:
    cluster = ApiDouble()
    scaled = assemble({"all": [namespace(), deployment(), autoscaler()]}, {})
    deploy(cluster, scaled)
    deploy(cluster, assemble({"all": [namespace(), config_map()]}, {}))
    assert cluster.live("deployments/maestro") is None
    restored(cluster)
    live = cluster.live("deployments/maestro")
    assert live
    assert live["spec"]["replicas"] == 3


def test_a_release_can_be_named() -> None:
    cluster = ApiDouble()
    for value in "123":
        deploy(cluster, release(a=value))
    assert restored(cluster, 1).number == 4
    assert records(cluster)[-1].about["rollback_to"] == 1


def test_restoring_what_is_there_changes_nothing() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(a="1"))
    before = cluster.versions()
    outcome = restored(cluster, 1)
    assert not outcome.changed
    assert cluster.versions() == before


@pytest.fixture
def killed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> ApiDouble:
    """A rollback from release 3 to 2 that died when it had recorded release 4, before it gave the lock back."""
    cluster = ApiDouble()
    for value in "123":
        deploy(cluster, release(a=value))
    monkeypatch.setattr(lease_lock, "TERMS", lease_lock.Terms(0.3, 0.1, 0.02))
    with monkeypatch.context() as killing:
        killing.setattr(lease_lock.Lock, "release", lambda lock: lock._ending.set())
        restored(cluster)
    return cluster


def restorals(cluster: ApiDouble) -> list[tuple[int, int]]:
    return [(record.number, record.about.get("rollback_to", 0)) for record in records(cluster)]


@pytest.mark.parametrize("named", [False, True])
def test_a_rollback_that_died_after_it_had_passed_is_confirmed_and_the_next_goes_further_back(
    killed_at_the_end: ApiDouble, named: bool
) -> None:
    cluster = killed_at_the_end
    displayed = restored(cluster, check=True)
    assert (displayed.changed, displayed.rollback_to) == (False, 4)
    outcome = restored(cluster, displayed.rollback_to if named else 0)
    assert outcome.message == "Release 4 of maestro is in place; nothing to change."
    assert restorals(cluster) == [(1, 0), (2, 0), (3, 0), (4, 2)]
    assert restored(cluster).rollback_to == 1
    assert restorals(cluster)[-1] == (5, 1)


def test_what_somebody_changed_after_a_rollback_died_is_restored_and_no_more(killed_at_the_end: ApiDouble) -> None:
    cluster = killed_at_the_end
    cluster.apply(service(type="NodePort"), MANAGER, force=True)
    restored(cluster)
    assert restorals(cluster)[-1] == (5, 4)
    assert restored(cluster).rollback_to == 1


def test_nothing_to_go_back_to_is_said() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    with pytest.raises(NothingToRestore, match=r"No other release of maestro that passed .*known: 1 passed"):
        restored(cluster)
    with pytest.raises(NothingToRestore, match=r"does not know release 7\. Those that passed: 1"):
        restored(cluster, 7)


def test_what_is_said_when_nothing_comes_before_can_be_done() -> None:
    """After going back to the first release the second is behind nobody, and still can be restored by its number."""
    cluster = ApiDouble()
    deploy(cluster)
    deploy(cluster, release(a="2"))
    restored(cluster)
    with pytest.raises(NothingToRestore, match=r"By its number can be restored: 1, 2$") as refused:
        restored(cluster)
    assert "maestro_rollback_to" in refused.value.next_step
    assert restored(cluster, 2).verdict == "passed"


def test_a_release_that_did_not_pass_is_not_restored() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(ReleaseFailed):
        deploy(cluster, release(a="2"))
    with pytest.raises(NothingToRestore, match=r"Release 2 of maestro did not pass .*deadline exceeded.*: 1"):
        restored(cluster, 2)


def test_a_rollback_whose_result_nobody_heard_is_confirmed_before_another_goes_further_back() -> None:
    cluster = ApiDouble()
    for value in "123":
        deploy(cluster, release(a=value))
    restored(cluster, acknowledges=True)
    assert not restored(cluster).changed
    assert "Release 4 of maestro brought release 2 back already" in only(cluster.warnings)
    assert restorals(cluster)[-1] == (4, 2)
    assert restored(cluster).rollback_to == 1


def test_a_rollback_that_somebody_else_made_meanwhile_is_confirmed() -> None:
    cluster = ApiDouble()
    for value in "123":
        deploy(cluster, release(a=value))
    begun = time.monotonic() - 60
    restored(cluster, about={"by": "ann@tower", "reason": "", PLAY: "host boot pid 7 1"})
    mine = {"by": "me@here", "reason": "", PLAY: "host boot pid 8 1"}
    assert not restored(cluster, about=mine, play_begun=begun).changed
    assert "a rollback of ann@tower" in only(cluster.warnings)
    assert restorals(cluster)[-1] == (4, 2)


def test_a_rollback_that_was_interrupted_is_tried_again_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    for value in "123":
        deploy(cluster, release(a=value))
    cluster.fail("PATCH", "secrets/maestro-release-4", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        restored(cluster)
    cluster.mend()
    assert restored(cluster).rollback_to == 2
    assert [record.state for record in records(cluster)[3:]] == ["interrupted", "passed"]
    assert records(cluster)[-1].about[RETRY_OF] == 4
