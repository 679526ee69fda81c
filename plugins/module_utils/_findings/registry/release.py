# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What concerns a release as a whole: its plan, its lock, its history, its end."""

from __future__ import annotations

from ..finding import FindingType

BAD_COMPONENTS = FindingType(
    "bad-components",
    "error",
    2010,
    next_step=(
        "Nothing was changed. Correct the objects; what roles contribute is taken by itself when components and "
        "secret_values are left out of the task."
    ),
    cause="Something other than the component tasks filled these options.",
)
COMPONENTS_MISSING = FindingType(
    "components-missing",
    "error",
    2012,
    next_step=(
        "Nothing was changed. Run the whole play, without --tags, --skip-tags and --start-at-task. If a component "
        "shall go, name it in remove_components (maestro_remove_components)."
    ),
    cause="The play was run in part, or a role was left out.",
)
MANIFEST_INVALID = FindingType(
    "manifest-invalid",
    "error",
    2014,
    next_step="Correct the object's metadata.namespace.",
    cause="An object has to say itself where it lies.",
)
DEFINITION_NOT_ESTABLISHED = FindingType(
    "definition-not-established",
    "error",
    2016,
    next_step="See the definition's conditions NamesAccepted and Established: another one may have its names.",
    cause="Another definition has its names, or the API server does not serve its version.",
)
RELEASE_IN_PROGRESS = FindingType(
    "release-in-progress",
    "error",
    2020,
    next_step="Nothing was changed. Wait until it ends, then run this again; a run that was killed is taken over.",
    cause="Another run changes the same release now.",
    severity_text="error from `release`, warning from `prerequisites`",
)
SUPERSEDED = FindingType(
    "superseded",
    "error",
    2030,
    next_step="Look at the history for what the other run made; deploy again if it is not what you want.",
    cause="The lock was not renewed in time: this run or its API server stood still for too long.",
)
NEWER_RELEASE = FindingType(
    "newer-release",
    "error",
    2035,
    next_step="Nothing was changed. Look at the history; to release on top of it run this again, and to have a run "
    "plan again by itself set maestro_replan=true.",
    cause="Two people or pipelines released at the same time.",
)
UNEXPECTED_ERROR = FindingType(
    "unexpected-error",
    "error",
    2036,
    next_step="This is a defect of the collection: report it with the evidence. The release is ended as failed; deploy "
    "again.",
    cause="The collection, or a library that it uses, met something that nobody foresaw.",
)
RELEASE_INTERRUPTED = FindingType(
    "release-interrupted",
    "note",
    2040,
    next_step="Nothing to do: this release mends it.",
    cause="An earlier run ended before its release did.",
)
PLAN_UNREADABLE = FindingType(
    "plan-unreadable",
    "error",
    2050,
    next_step="Give the file or the artifact that ansible-playbook intelgraph.maestro.plan wrote, unchanged.",
    cause="The file was changed, cut, or written by another version of the collection.",
)
PLAN_OUTDATED = FindingType(
    "plan-outdated",
    "error",
    2060,
    next_step="Nothing was changed. Plan again, and have the new plan approved.",
    cause="The cluster, the inventory or the collection changed since the plan was saved.",
)
REFUSED_BY_SERVER = FindingType(
    "refused-by-server",
    "error",
    2070,
    next_step="Correct the variables behind the object, or the cluster's policy.",
    cause="The object is invalid for this API server, or a policy of the cluster denies it.",
)
FIELD_CONFLICT = FindingType(
    "field-conflict",
    "error",
    2080,
    next_step="Set takeover (maestro_takeover) to take fields over, or leave them to their manager.",
    cause="Another field manager owns the field, or another release owns the object.",
)
FIELD_IMMUTABLE = FindingType(
    "field-immutable",
    "error",
    2090,
    next_step="Undo the change, use another maestro_name beside it, or delete the live object in a maintenance window.",
    cause="Kubernetes does not change this field of an object that exists.",
)
FIELD_TAKEOVER = FindingType(
    "field-takeover",
    "warning",
    2100,
    next_step="Make sure that the other manager does not set them again.",
    cause="takeover (maestro_takeover) is set, and another field manager owns the fields.",
)
DATA_LOST = FindingType(
    "data-lost",
    "warning",
    2110,
    next_step="Be sure that there is a copy.",
    cause="prune_allowed (maestro_prune_allowed) names the object.",
)
IRREVERSIBLE_STEP = FindingType(
    "irreversible-step",
    "warning",
    2120,
    next_step="Be sure; no rollback undoes it.",
    cause="The change has an effect that outlives it.",
)
OBJECT_REPLACED = FindingType(
    "object-replaced",
    "warning",
    2130,
    next_step="Undo the change if nothing may miss the object for a moment.",
    cause="A field changes that Kubernetes does not change in place.",
)
SELECTOR_CHANGED = FindingType(
    "selector-changed",
    "warning",
    2132,
    next_step="Nothing, unless something else selects pods by these labels. A rollback goes the same way.",
    cause="The labels by which the workload selects its pods are others in this release.",
)
SELECTOR_NOT_FOLLOWED = FindingType(
    "selector-not-followed",
    "error",
    2134,
    next_step="The pods serve as before. See to kube-controller-manager, then deploy again.",
    cause="A controller of the cluster does not keep up, or does not run.",
)
DRAIN_BLOCKED = FindingType(
    "drain-blocked",
    "warning",
    2140,
    next_step="Ask for fewer, or run more pods.",
    cause="The PodDisruptionBudget asks for as many pods as there may be at the fewest.",
)
RELEASE_MISSING = FindingType(
    "release-missing",
    "error",
    2150,
    next_step="Deploy it, or correct maestro_name and maestro_namespace.",
    cause="It was never deployed here, or its history was deleted, or the name or the namespace is wrong.",
)
RELEASE_UNKNOWN = FindingType(
    "release-unknown",
    "error",
    2160,
    next_step="List the releases with ansible-playbook intelgraph.maestro.history, and choose one of them.",
    cause="The number is wrong, or the history has dropped the release.",
)
ROLLBACK_TARGET_MISSING = FindingType(
    "rollback-target-missing",
    "error",
    2170,
    next_step=(
        "Nothing was changed. Restore one that passed by its number (maestro_rollback_to), or deploy the one that you "
        "want from its inventory."
    ),
    cause="The history keeps only the newest releases, or none before this one passed.",
)
ROLLBACK_IMPOSSIBLE = FindingType(
    "rollback-impossible",
    "error",
    2180,
    next_step="Nothing was changed. Restore another release, or deploy with the values given anew.",
    cause="Secrets that no release records were deleted or changed since.",
)
DRIFT = FindingType(
    "drift",
    "error",
    2190,
    next_step="Deploy again to bring it back, or take the change over into the inventory.",
    cause="The object was changed past the inventory.",
)
PRUNE_FAILED = FindingType(
    "prune-failed",
    "warning",
    2200,
    next_step=(
        "The release is in place without it. See to what the server says; the next deploy tries to remove it again."
    ),
    cause="The API server or a webhook refused the deletion.",
)
DELETION_STUCK = FindingType(
    "deletion-stuck",
    "error",
    2210,
    next_step=(
        "See what its finalizers wait for, and run this again. Take a finalizer out by hand only when its owner is "
        "gone."
    ),
    cause="A finalizer holds it, or its pods still end.",
    severity_text="error, or warning in a deploy, whose release is in place without the object",
)
COMPONENT_REMOVED = FindingType(
    "component-removed",
    "warning",
    2214,
    next_step=(
        "Run the whole play, without --tags, --skip-tags and --start-at-task. If the component shall go, name it in "
        "remove_components (maestro_remove_components)."
    ),
    cause="The play was run in part, or a role was left out.",
)
FIELDS_LEFT = FindingType(
    "fields-left",
    "warning",
    2216,
    next_step="Declare them, or deploy with takeover (maestro_takeover) to remove them.",
    cause="An apply removes only what its own manager has declared before.",
)
PRUNE_REFUSED = FindingType(
    "prune-refused",
    "note",
    2220,
    next_step="Delete it by hand once nothing in the cluster needs it.",
    cause="Objects that hold data or keys are deleted only when they are named.",
)
PODS_RESTART = FindingType(
    "pods-restart",
    "note",
    2230,
    next_step="The former pods serve meanwhile.",
    cause="The pod template changes.",
)
DRY_RUN_UNAVAILABLE = FindingType(
    "dry-run-unavailable",
    "note",
    2240,
    next_step="Plan again when it exists.",
    cause="What the object needs, such as its namespace or CRD, comes with this release.",
)
IRREVERSIBLE_CHANGE = FindingType(
    "irreversible-change",
    "note",
    2250,
    next_step="Undo it by hand if it has to be undone.",
    cause="A rollback restores objects, not what their change did elsewhere.",
)
RECORD_UNTRUSTED = FindingType(
    "record-untrusted",
    "warning",
    2161,
    next_step="Find out who wrote it, then delete it; or take it over with maestro_history_adopt if it is right.",
    cause="Somebody else wrote the record, or it is from before the history was kept or signed as it is now.",
    severity_text="warning; error where no record is trusted",
)
RECORD_UNREADABLE = FindingType(
    "record-unreadable",
    "warning",
    2162,
    next_step="Nothing can be restored from it. Delete it once it is of no use to find out what it was.",
    cause="The record was damaged, or something else than this collection wrote it.",
    severity_text="warning; error where the history cannot be read at all",
)
ROLLBACK_RBAC = FindingType(
    "rollback-rbac",
    "error",
    2181,
    next_step=(
        "Nothing was changed. When all of it is right, restore it with ansible-playbook intelgraph.maestro.rollback "
        "-e maestro_rollback_rbac=true; records that are signed (maestro_history_key) need no such consent."
    ),
    cause="Permissions or objects outside of the namespace changed since that release, or its record is forged.",
)
RELEASE_FAILED = FindingType(
    "release-failed",
    "error",
    2260,
    next_step="Correct the cause and deploy again; the next release replaces what this one left.",
    cause="The findings of the release name the cause.",
)
