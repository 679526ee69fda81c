# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a previous tool declared is found, told without the server's defaults, and handed over to be dropped."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import LAST_APPLIED, MANAGER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.drift import fields_left
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.leftovers import (
    handed_over,
    leaves,
    leftovers,
    meant,
    own_entries,
    told,
    without,
)

Manifest = dict[str, t.Any]
SIDECAR = 'k:{"name":"sidecar"}'
DECLARED: Manifest = {
    "f:spec": {"f:type": {}, "f:containers": {'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}}}}
}
OF_KUBECTL: Manifest = {
    "f:metadata": {"f:annotations": {".": {}, f"f:{LAST_APPLIED}": {}, "f:team": {}}, "f:finalizers": {'v:"a/b"': {}}},
    "f:spec": {
        "f:type": {},
        "f:replicas": {},
        "f:sessionAffinity": {},
        "f:containers": {
            'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}, "f:args": {}},
            SIDECAR: {".": {}, "f:name": {}, "f:image": {}},
        },
    },
}
APPLIED = {"metadata": {"annotations": {"team": "x"}}, "spec": {"containers": [{"name": "main", "args": ["-v"]}]}}


def entry(manager: str, fields: Manifest, operation: str = "Update", **more: t.Any) -> Manifest:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def live(*entries: Manifest) -> Manifest:
    annotations = {LAST_APPLIED: json.dumps(APPLIED), "team": "x"}
    containers = [{"name": "main", "image": "a", "args": ["-v"]}, {"name": "sidecar", "image": "b"}]
    return {
        "apiVersion": "v1",
        "kind": "Thing",
        "metadata": {"name": "x", "annotations": annotations, "managedFields": list(entries)},
        "spec": {"type": "A", "replicas": 7, "sessionAffinity": "None", "containers": containers},
    }


FRESH: Manifest = {
    "metadata": {},
    "spec": {"type": "A", "sessionAffinity": "None", "containers": [{"name": "main", "image": "a"}]},
}
ADOPTED = live(entry("kubectl-client-side-apply", OF_KUBECTL), entry(MANAGER, DECLARED, "Apply"))


def left(thing: Manifest, fresh: Manifest | None = FRESH) -> list[tuple[str, ...]]:
    return meant(leftovers(thing, own_entries(thing)), thing, fresh)


def test_it_is_told_without_defaults_and_without_the_copy_that_kubectl_keeps() -> None:
    assert told(left(ADOPTED)) == (
        "metadata.annotations.team",
        "spec.containers[main].args",
        "spec.containers[sidecar].image",
        "spec.containers[sidecar].name",
    )


def test_replicas_and_finalizers_are_nobodys_leftovers() -> None:
    assert not [leaf for leaf in left(ADOPTED, None) if "f:replicas" in leaf or "f:finalizers" in leaf]


def test_what_a_controller_holds_as_well_stays() -> None:
    controller = entry("kube-controller-manager", {"f:metadata": {"f:annotations": {"f:team": {}}}})
    thing = live(*ADOPTED["metadata"]["managedFields"], controller)
    assert "metadata.annotations.team" not in told(left(thing))


def test_what_a_controller_added_alone_is_not_meant() -> None:
    thing = live(entry("deployment-controller", OF_KUBECTL), entry(MANAGER, DECLARED, "Apply"))
    assert left(thing) == []


def test_only_what_goes_changes_hands() -> None:
    going = left(ADOPTED)
    after = {each["manager"]: set(leaves(each["fieldsV1"])) for each in handed_over(ADOPTED, going)}
    before = {each["manager"]: set(leaves(each["fieldsV1"])) for each in ADOPTED["metadata"]["managedFields"]}
    assert after[MANAGER] == before[MANAGER] | set(going)
    assert after["kubectl-client-side-apply"] == before["kubectl-client-side-apply"] - set(going)
    assert ("f:spec", "f:replicas") in after["kubectl-client-side-apply"]


def test_the_plan_shows_the_object_without_it() -> None:
    after = without(ADOPTED, left(ADOPTED), FRESH)
    assert after["spec"]["containers"] == [{"name": "main", "image": "a"}]
    assert "team" not in after["metadata"].get("annotations", {})
    assert after["spec"]["replicas"] == 7
    assert len(ADOPTED["spec"]["containers"]) == 2, "the input is left alone"


def test_drift_tells_what_a_tool_has_declared_for_sure() -> None:
    finding = fields_left(ADOPTED)
    assert finding
    assert (finding.id, finding.severity) == ("fields-left", "warning")
    assert finding.evidence == ("metadata.annotations.team", "spec.containers[main].args")
    by_helm = live(entry("helm", OF_KUBECTL, "Apply"), entry(MANAGER, DECLARED, "Apply"))
    assert "spec.sessionAffinity" in (fields_left(by_helm) or finding).evidence
    assert fields_left(live(entry(MANAGER, DECLARED, "Apply"))) is None
    assert fields_left(None) is None
