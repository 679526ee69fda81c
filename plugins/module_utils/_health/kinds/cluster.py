# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of the cluster itself: namespaces, storage, definitions, API services, webhooks, tokens. Pure."""

from __future__ import annotations

import typing as t

from .state import READY, Live, Rule, State, condition, is_true, status_of, words_of

INJECTED = (
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
)
"""Annotations by which cert-manager's injector is told to fill in the CA bundle."""
TOKEN = "kubernetes.io/service-account-token"


def _namespace(live: Live) -> State:
    phase = status_of(live).get("phase", "")
    return READY if phase == "Active" else State(f"it is {phase or 'not active yet'}")


def _claim(live: Live) -> State:
    """Whether a claim may be pending depends on who uses it: see `rules.pending`."""
    return State(failed="its volume is lost") if status_of(live).get("phase") == "Lost" else READY


def _volume(live: Live) -> State:
    phase = status_of(live).get("phase", "")
    if phase == "Failed":
        return State(failed=str(status_of(live).get("message") or "it could not be reclaimed"))
    return READY if phase in ("Available", "Bound", "Released") else State(f"it is {phase or 'not available yet'}")


def _definition(live: Live) -> State:
    """Until it is established, objects of its kind are refused."""
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return State(failed=f"its names are not accepted: {words_of(names, 'another definition has them')}")
    established = condition(live, "Established")
    if established.get("status") == "True":
        return READY
    said = words_of(established, "its condition Established is not reported yet")
    is_final = established.get("status") == "False" and established.get("reason") not in (
        "",
        None,
        "Installing",
        "NotAccepted",
    )
    return State(failed=said) if is_final else State(f"it is not established yet: {said}")


def _api_service(live: Live) -> State:
    found = condition(live, "Available")
    return (
        READY
        if found.get("status") == "True"
        else State(words_of(found, "its condition Available is not reported yet"))
    )


def _webhooks(live: Live) -> State:
    """An injector fills in the CA bundle; until then every call of the webhook fails."""
    annotations = live["metadata"].get("annotations") or {}
    if not any(name in annotations for name in INJECTED):
        return READY
    bare = [
        str(webhook.get("name", ""))
        for webhook in live.get("webhooks") or ()
        if not (webhook.get("clientConfig") or {}).get("caBundle")
    ]
    return State(f"no CA bundle was injected yet for {', '.join(bare)}") if bare else READY


def is_token(manifest: Live) -> bool:
    """Whether it is a Secret into which the control plane writes a ServiceAccount's token."""
    return manifest["kind"] == "Secret" and manifest.get("type") == TOKEN


def _secret(live: Live) -> State:
    if is_token(live) and not (live.get("data") or {}).get("token"):
        return State("its token has not been made yet")
    return READY


def _signing_request(live: Live) -> State:
    for kind in ("Denied", "Failed"):
        if is_true(live, kind):
            return State(failed=words_of(condition(live, kind), f"it was {kind.lower()}"))
    if status_of(live).get("certificate"):
        return READY
    return State("it is approved and not signed yet" if is_true(live, "Approved") else "it is not approved yet")


def _as_declared(_live: Live) -> State:
    return READY


API = "https://kubernetes.io/docs/"
STATIC = Rule(
    _as_declared,
    "As soon as the API server has it",
    source=f"{API}concepts/overview/working-with-objects/",
    static=True,
)
STATIC_KINDS: t.Final = (
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "ControllerRevision",
    "CSIDriver",
    "EndpointSlice",
    "Endpoints",
    "FlowSchema",
    "IngressClass",
    "Lease",
    "LimitRange",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "NetworkPolicy",
    "PodTemplate",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "ServiceAccount",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "VolumeAttributesClass",
)
WEBHOOKS = Rule(
    _webhooks,
    "As soon as the API server has it; where cert-manager is to inject its CA bundle (annotation), once that is there",
    waited="No CA bundle was injected yet",
    source="https://cert-manager.io/docs/concepts/ca-injector/",
)
RULES: dict[str, Rule] = {
    "APIService": Rule(
        _api_service,
        "Its condition Available is True",
        waited="The service behind it does not answer yet",
        source=f"{API}concepts/extend-kubernetes/api-extension/apiserver-aggregation/",
    ),
    "CertificateSigningRequest": Rule(
        _signing_request,
        "Its certificate is there",
        "It was denied, or signing it failed",
        "It is not approved or not signed yet",
        f"{API}reference/access-authn-authz/certificate-signing-requests/",
    ),
    "CustomResourceDefinition": Rule(
        _definition,
        "Its condition Established is True, its names are accepted",
        "NamesAccepted is False: another definition has its names",
        "It is being established",
        f"{API}tasks/extend-kubernetes/custom-resources/custom-resource-definitions/",
    ),
    "MutatingWebhookConfiguration": WEBHOOKS,
    "Namespace": Rule(
        _namespace,
        "Its phase is Active",
        "It is being deleted",
        "It is being made",
        f"{API}concepts/overview/working-with-objects/namespaces/",
        static=True,
    ),
    "PersistentVolume": Rule(
        _volume,
        "Its phase is Available, Bound or Released",
        "Its phase is Failed",
        "Its phase is Pending",
        f"{API}concepts/storage/persistent-volumes/#phase",
    ),
    "PersistentVolumeClaim": Rule(
        _claim,
        "Its phase is Bound, or it waits for its first pod (WaitForFirstConsumer) and no pod uses it",
        "Its volume is lost, or cannot be made (provisioner's words)",
        "Its volume is being made",
        f"{API}concepts/storage/persistent-volumes/",
    ),
    "Secret": Rule(
        _secret,
        "As soon as the API server has it; one of type kubernetes.io/service-account-token once its token is there",
        waited="Its token is not made yet (its ServiceAccount must be there)",
        source=f"{API}concepts/configuration/secret/",
        static=True,
    ),
    "ValidatingWebhookConfiguration": WEBHOOKS,
    **dict.fromkeys(STATIC_KINDS, STATIC),
}
