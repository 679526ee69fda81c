# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deserves a second look before a plan is carried out. Pure: a plan goes in, findings come out.

None of it is an error: what cannot be done at all is refused by the planner.
"""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._findings.registry import by_severity
from ..._objects.manifest import Key, Manifest, is_secret, key_of
from ..objects.content_hash import is_named_by_content
from ..objects.ownership import are_replicas_of_autoscaler
from .plan import (
    ADOPT,
    CHANGE,
    HOLDS_DATA,
    KEEP,
    NEXT_LOOK,
    PRUNE,
    PRUNED_WHEN_NAMED,
    REPLACE,
    Plan,
    Step,
    being_deleted,
    holds_data,
)

RUNS_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
TEMPLATE = "spec.template"
SELECTOR = "spec.selector"
SIZE = "spec.resources.requests.storage"


def risks(plan: Plan) -> list[Finding]:
    """Everything worth knowing of a plan, warnings first."""
    found = [finding for step in plan.steps for evaluate in RULES for finding in evaluate(step)]
    return by_severity([*found, *_unpredicted(plan), *_undisruptable(plan)])


def _replaced(step: Step) -> t.Iterator[Finding]:
    if step.keeps_pods:
        message = (
            "its selector changes, which the API server does not allow. It is deleted without its pods, which keep "
            "serving, and created anew; the new one adopts them and replaces them one after another"
        )
        yield registry.SELECTOR_CHANGED.found(step.key, message, _lines(step, SELECTOR))
    elif step.action == REPLACE:
        message = f"it is {step.note}. For a moment there is none"
        yield registry.OBJECT_REPLACED.found(step.key, message, _lines(step))


def _restarted(step: Step) -> t.Iterator[Finding]:
    if step.key.kind not in RUNS_PODS or not (step.action in (CHANGE, ADOPT) or step.keeps_pods):
        return
    reasons = _lines(step, TEMPLATE)
    if reasons:
        count = f"{len(reasons)} field{'' if len(reasons) == 1 else 's'}"
        message = f"its pods are replaced one after another, because {count} of their template change"
        message += "s" if len(reasons) == 1 else ""
        yield registry.PODS_RESTART.found(step.key, message, reasons)


def _taken(step: Step) -> t.Iterator[Finding]:
    if step.taken and not are_replicas_of_autoscaler(step.taken):
        message = "the release takes fields over from another field manager, whose values are lost"
        yield registry.FIELD_TAKEOVER.found(step.key, message, step.taken)


def _left(step: Step) -> t.Iterator[Finding]:
    if not step.left:
        return
    count = f"{len(step.left)} field{'' if len(step.left) == 1 else 's'}"
    if step.dropped:
        message = f"{count} that only a previous tool declared go, because takeover is set"
        yield registry.FIELDS_LEFT.found(step.key, message, step.left, next_step="Declare what has to stay.")
    else:
        message = f"{count} that only a previous tool declared stay, though the release does not have them"
        yield registry.FIELDS_LEFT.found(step.key, message, step.left)


def _irreversible(step: Step) -> t.Iterator[Finding]:
    what = _lasting(step) if step.action in (CHANGE, ADOPT, REPLACE) else ""
    if what:
        yield registry.IRREVERSIBLE_STEP.found(step.key, what, _lines(step))


def _lasting(step: Step) -> str:
    """What of the step a rollback would not bring back, or an empty string."""
    fields = [change["field"] for change in step.fields()]
    if step.key.kind == "PersistentVolumeClaim" and SIZE in fields:
        return "the volume grows, and no volume shrinks again"
    if step.key.kind == "StorageClass" and any(not field.startswith("metadata.") for field in fields):
        return "volumes that exist keep what the class was, new ones get what it becomes"
    if step.key.kind == "ExternalSecret" and any(field.startswith("spec.") for field in fields):
        return "a rollback brings the reference back, and not a value that changed at its source"
    is_forgotten = is_secret(step.declared) and not is_named_by_content(step.declared)
    if is_forgotten and any(field.startswith("data.") for field in fields):
        return "its former values are in no record, so a rollback keeps the new ones"
    return ""


def _data(step: Step) -> t.Iterator[Finding]:
    if step.action == PRUNE and step.live is not None and holds_data(step.live):
        message = "it is deleted with all that it holds, because prune_allowed names it"
        yield registry.DATA_LOST.found(step.key, message)
    elif step.action == KEEP and step.note == HOLDS_DATA and step.key.kind != "Namespace":
        message = "this release has it no more, but its deletion would lose data or keys, so it stays"
        yield registry.PRUNE_REFUSED.found(step.key, message, next_step=_way_to_delete(step.key))


def _held(step: Step) -> t.Iterator[Finding]:
    why = being_deleted(step.live) if step.live and step.manifest is None else ""
    if why:
        yield registry.DELETION_STUCK.found(step.key, why, severity="warning", next_step=NEXT_LOOK)


def _way_to_delete(key: Key) -> str:
    if key.kind in PRUNED_WHEN_NAMED:
        return f"Name {key.kind}/{key.name} in prune_allowed (maestro_prune_allowed) to delete it."
    return "No release deletes it; delete it by hand once nothing in the cluster needs it."


def _unpredicted(plan: Plan) -> t.Iterator[Finding]:
    """One finding for each reason."""
    reasons: dict[str, list[str]] = {}
    for step in plan.steps:
        if not step.asked:
            reasons.setdefault(step.note, []).append(str(step.key))
    for reason, objects in reasons.items():
        count = f"{len(objects)} object{'' if len(objects) == 1 else 's'}"
        message = f"{reason}, so defaults, quotas and policies are not in this plan"
        yield registry.DRY_RUN_UNAVAILABLE.found(count, message, objects)


def _undisruptable(plan: Plan) -> t.Iterator[Finding]:
    """A PodDisruptionBudget that asks for as many pods as there may be lets no node be drained."""
    declared = [step.manifest for step in plan.steps if step.manifest]
    fewest = _fewest_pods(declared)
    for budget in declared:
        if budget["kind"] == "PodDisruptionBudget":
            key = key_of(budget)
            why = _keeps_all(budget.get("spec") or {}, fewest.get(key._replace(api_version="", kind="")))
            if why:
                message = f"{why}: no node of theirs can be drained"
                yield registry.DRAIN_BLOCKED.found(key, message)


def _keeps_all(spec: Manifest, pods: int | None) -> str:
    """Why a budget of `pods` pods at the fewest (None when nobody knows) lets none of them go; empty if it does."""
    wanted = spec.get("minAvailable")
    if spec.get("maxUnavailable") in (0, "0", "0%"):
        return "it lets no pod be away"
    if wanted == "100%":
        return "it keeps all pods"
    if isinstance(wanted, int) and pods is not None and wanted >= pods:
        return f"it keeps {wanted} pods, and there may be no more than {pods}"
    return ""


def _fewest_pods(manifests: t.Iterable[Manifest]) -> dict[Key, int]:
    """The number of pods below which nothing scales, by the name that the workload shares with its budget."""
    fewest: dict[Key, int] = {}
    for manifest in manifests:
        key, spec = key_of(manifest)._replace(api_version="", kind=""), manifest.get("spec") or {}
        if manifest["kind"] == "HorizontalPodAutoscaler":
            fewest[key] = int(spec.get("minReplicas", 1))
        elif manifest["kind"] in RUNS_PODS and "replicas" in spec:
            fewest.setdefault(key, int(spec["replicas"]))
    return fewest


def _lines(step: Step, below: str = "") -> tuple[str, ...]:
    return tuple(
        f"{change['field']}: {_brief(change['before'])} -> {_brief(change['after'])}"
        for change in step.fields()
        if change["field"].startswith(below)
    )


def _brief(value: t.Any) -> str:
    text = "(none)" if value is None else str(value).replace("\n", "\\n")
    return text if len(text) <= 100 else f"{text[:97]}..."


RULES: tuple[t.Callable[[Step], t.Iterator[Finding]], ...] = (
    _replaced,
    _restarted,
    _taken,
    _left,
    _irreversible,
    _data,
    _held,
)
