# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `maestro_*` variables: what several roles share, declared and documented once.

`SHARED` is an argument spec; `release_context` turns the values into what the roles' templates see as `release`.
"""

from __future__ import annotations

import typing as t

from .._cluster.arguments import HISTORY_LIMIT, WAIT_TIMEOUT
from .smoke import SMOKE

SECRET_KEYS = [
    "DATABASE_URL",
    "REDIS_URL",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "JWT_SIGNING_KEY",
    "EXTERNAL_SERVICE_TOKEN",
]

SHARED: dict[str, dict[str, t.Any]] = {
    "maestro_name": {
        "type": "str",
        "default": "maestro",
        "description": ["Name of the release and of its main objects.", "A DNS label of at most 40 characters."],
    },
    "maestro_namespace": {
        "type": "str",
        "default": "maestro-system",
        "description": ["Namespace that holds the release and its history."],
    },
    "maestro_environment": {
        "type": "str",
        "default": "production",
        "choices": ["production", "staging", "lab"],
        "description": ["What the cluster is used for. C(production) makes the checks of images and secrets strict."],
    },
    "maestro_hostname": {
        "type": "str",
        "default": "maestro.intelgraph.ai",
        "description": ["Public DNS name of the service."],
    },
    "maestro_labels": {
        "type": "dict",
        "default": {},
        "description": ["Labels added to every object, for example C(team) or C(cost-center)."],
    },
    "maestro_connection": {
        "type": "dict",
        "default": {},
        "description": [
            "Connection options of the cluster, named as those of the kubernetes.core modules.",
            "Empty means the K8S_AUTH_* environment, then the default kubeconfig.",
        ],
    },
    "maestro_cluster_uid": {
        "type": "str",
        "default": "",
        "description": [
            "UID of the cluster's kube-system namespace. Any other cluster is refused.",
            "Read it with C(kubectl get namespace kube-system -o jsonpath={.metadata.uid}).",
        ],
    },
    "maestro_secret_name": {
        "type": "str",
        "default": "",
        "description": ["Secret that the workload reads.", "Empty means the release's name with C(-secrets) added."],
    },
    "maestro_required_secret_keys": {
        "type": "list",
        "elements": "str",
        "default": SECRET_KEYS,
        "description": ["Keys that the Secret must have; each is checked before anything changes."],
    },
    "maestro_registry_secret": {
        "type": "bool",
        "default": True,
        "description": [
            "Whether pods pull the image with the credential in the Secret C(<maestro_name>-registry).",
            "Switch it off when the nodes may pull by themselves.",
        ],
    },
    "maestro_identity": {
        "type": "dict",
        "default": {"provider": "none"},
        "description": ["Cloud identity of the pods, bound to their ServiceAccount."],
        "options": {
            "provider": {
                "type": "str",
                "default": "none",
                "choices": ["none", "irsa", "pod-identity", "gke", "azure"],
                "description": ["How the ServiceAccount gets its cloud identity."],
            },
            "role": {
                "type": "str",
                "default": "",
                "description": ["ARN of the IAM role (irsa), e-mail of the Google service account (gke)."],
            },
            "client_id": {"type": "str", "default": "", "description": ["Client ID of the managed identity (azure)."]},
        },
    },
    "maestro_database": {
        "type": "dict",
        "default": {"host": "", "port": 5432, "name": "maestro", "tls": True},
        "description": ["Where PostgreSQL is. Opens the egress, is checked before a release."],
        "options": {
            "host": {"type": "str", "default": "", "description": ["Name or address; empty switches checks off."]},
            "port": {"type": "int", "default": 5432, "description": ["TCP port."]},
            "name": {"type": "str", "default": "maestro", "description": ["Name of the database."]},
            "tls": {"type": "bool", "default": True, "description": ["Whether the connection is encrypted."]},
        },
    },
    "maestro_redis": {
        "type": "dict",
        "default": {"host": "", "port": 6379, "tls": True},
        "description": ["Where Redis is. Opens the egress, is checked before a release."],
        "options": {
            "host": {"type": "str", "default": "", "description": ["Name or address; empty switches checks off."]},
            "port": {"type": "int", "default": 6379, "description": ["TCP port."]},
            "tls": {"type": "bool", "default": True, "description": ["Whether the connection is encrypted."]},
        },
    },
    "maestro_wait_timeout": {
        "type": "int",
        "default": WAIT_TIMEOUT,
        "description": ["Seconds that a release may take until everything is ready."],
    },
    "maestro_image_grace": {
        "type": "int",
        "default": 0,
        "description": [
            "Seconds for which a registry may say that it does not have an image before the release fails.",
            "For a registry that is replicated: images come to it some time after they were pushed elsewhere.",
        ],
    },
    "maestro_progress": {
        "type": "bool",
        "default": True,
        "description": ["Whether a line is printed for each change while a release is waited for."],
    },
    "maestro_reason": {
        "type": "str",
        "default": "",
        "description": ["Why this release is made; kept in the history."],
    },
    "maestro_history_limit": {
        "type": "int",
        "default": HISTORY_LIMIT,
        "description": ["Number of releases that the cluster remembers."],
    },
    "maestro_history_key": {
        "type": "str",
        "default": "",
        "no_log": True,
        "description": [
            "Key that signs the records of releases, at least 32 characters, from a vault or a credential of AWX.",
            "With it only records are believed that it has signed. Give each cluster its own, and all plays the same.",
        ],
    },
    "maestro_history_adopt": {
        "type": "bool",
        "default": False,
        "description": [
            "Whether to believe the history as it is found, whoever made it, and to take it over. For one run only:",
            "after an upgrade from records in ConfigMaps, and when C(maestro_history_key) is new, another or lost.",
        ],
    },
    "maestro_history_revision": {
        "type": "int",
        "default": 0,
        "description": ["Number of the release that C(history) shows. 0 means all of them."],
    },
    "maestro_history_compare_with": {
        "type": "int",
        "default": 0,
        "description": [
            "Number of an older release. C(history) shows what C(maestro_history_revision), or the newest release,",
            "changed since it.",
        ],
    },
    "maestro_history_drift": {
        "type": "bool",
        "default": False,
        "description": ["Whether C(history) shows how the live objects differ from what the release declared."],
    },
    "maestro_takeover": {
        "type": "bool",
        "default": False,
        "description": [
            "Whether a release takes fields over that another field manager has set to other values.",
            "Otherwise it is refused, naming the manager and the fields.",
        ],
    },
    "maestro_replan": {
        "type": "bool",
        "default": False,
        "description": [
            "Whether a run plans again on top of a release that another run has made since it began.",
            "Otherwise it is refused, naming who made what.",
        ],
    },
    "maestro_prune_allowed": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": [
            "Objects that may be removed although they hold data or keys, when a release has them no more.",
            "Written as C(PersistentVolumeClaim/maestro-data) or C(Secret/maestro-tls).",
        ],
    },
    "maestro_remove_components": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": [
            "Components (roles) that a release may lack though the former one had them; what they brought is removed.",
            "Without it a play that was run in part is refused before anything changes.",
        ],
    },
    "maestro_plan_file": {
        "type": "path",
        "default": "",
        "description": [
            "File that C(plan) writes and that C(deploy) then carries out, exactly or not at all.",
            "With several clusters put C(inventory_hostname) into its name.",
        ],
    },
    "maestro_plan": {
        "type": "dict",
        "default": {},
        "description": [
            "For each host the plan that C(deploy) carries out, exactly or not at all.",
            "C(plan) leaves it as an artifact, so that a workflow of AWX hands it on.",
        ],
    },
    "maestro_diagnosis_dir": {
        "type": "path",
        "default": "",
        "description": ["Folder for the archive of C(diagnose). Empty means the folder that the play is started in."],
    },
    "maestro_auto_rollback": {
        "type": "bool",
        "default": True,
        "description": [
            "Whether a release that fails its verdict is followed by a restore of the last one that passed.",
            "The play fails all the same.",
        ],
    },
    "maestro_rollback_to": {
        "type": "int",
        "default": 0,
        "description": [
            "Number of the release that C(rollback) restores. 0 means the last one that passed before the current."
        ],
    },
    "maestro_rollback_rbac": {
        "type": "bool",
        "default": False,
        "description": [
            "Whether C(rollback) may also create or change roles, bindings and objects outside of the namespace that",
            "the live release does not hold. Without C(maestro_history_key) they are named and refused.",
        ],
    },
    "maestro_report_dir": {
        "type": "path",
        "default": "",
        "description": [
            "Folder for reports and for the evidence of a release that failed.",
            "Empty means C(maestro-reports) in the folder that the play is started in.",
        ],
    },
    "maestro_release_present": {
        "type": "bool",
        "default": True,
        "description": ["Whether the release shall exist. False takes it away; see C(maestro_remove_confirm)."],
    },
    "maestro_remove_confirm": {
        "type": "str",
        "default": "",
        "description": ["The name of the release, given to confirm that it may be taken away."],
    },
    "maestro_remove_data": {
        "type": "bool",
        "default": False,
        "description": ["Whether a removal takes volumes, secrets and the namespace with it."],
    },
    **SMOKE,
}


COMPONENT = "control-plane"
"""What Maestro's own pods are within the release: a second workload beside them is another component."""


def defaults() -> dict[str, t.Any]:
    """The default of every shared variable."""
    return {name: option["default"] for name, option in SHARED.items()}


def release_context(values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a template sees as `release`, from the shared variables (defaults filled in)."""
    name = values["maestro_name"]
    selector = {
        "app.kubernetes.io/name": "maestro",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/component": COMPONENT,
    }
    fixed = {
        **selector,
        "app.kubernetes.io/part-of": "intelgraph",
        "app.kubernetes.io/managed-by": "intelgraph.maestro",
    }
    return {
        "name": name,
        "namespace": values["maestro_namespace"],
        "environment": values["maestro_environment"],
        "hostname": values["maestro_hostname"],
        "labels": {**values["maestro_labels"], **fixed},
        "selector": selector,
        "secret_name": values["maestro_secret_name"] or f"{name}-secrets",
        "required_secret_keys": list(values["maestro_required_secret_keys"]),
        "registry_secret": f"{name}-registry" if values["maestro_registry_secret"] else "",
        "identity": _filled("maestro_identity", values),
        "database": _filled("maestro_database", values),
        "redis": _filled("maestro_redis", values),
    }


def _filled(name: str, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    inner = {key: option["default"] for key, option in SHARED[name]["options"].items()}
    return {**inner, **values[name]}
