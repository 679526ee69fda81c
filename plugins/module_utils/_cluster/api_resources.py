# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each kind lives in the API, so that a request needs no discovery walk."""

from __future__ import annotations

import typing as t

Manifest = dict[str, t.Any]


class Kind(t.NamedTuple):
    """The REST name of a kind and whether its objects lie in a namespace."""

    plural: str
    namespaced: bool = True


KINDS: dict[tuple[str, str], Kind] = {
    ("v1", "ConfigMap"): Kind("configmaps"),
    ("v1", "Event"): Kind("events"),
    ("v1", "Endpoints"): Kind("endpoints"),
    ("v1", "LimitRange"): Kind("limitranges"),
    ("v1", "Namespace"): Kind("namespaces", False),
    ("v1", "Node"): Kind("nodes", False),
    ("v1", "PersistentVolume"): Kind("persistentvolumes", False),
    ("v1", "PersistentVolumeClaim"): Kind("persistentvolumeclaims"),
    ("v1", "Pod"): Kind("pods"),
    ("v1", "ResourceQuota"): Kind("resourcequotas"),
    ("v1", "Secret"): Kind("secrets"),
    ("v1", "Service"): Kind("services"),
    ("v1", "ServiceAccount"): Kind("serviceaccounts"),
    ("apps/v1", "ControllerRevision"): Kind("controllerrevisions"),
    ("apps/v1", "Deployment"): Kind("deployments"),
    ("apps/v1", "ReplicaSet"): Kind("replicasets"),
    ("apps/v1", "StatefulSet"): Kind("statefulsets"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"): Kind("horizontalpodautoscalers"),
    ("batch/v1", "CronJob"): Kind("cronjobs"),
    ("batch/v1", "Job"): Kind("jobs"),
    ("coordination.k8s.io/v1", "Lease"): Kind("leases"),
    ("discovery.k8s.io/v1", "EndpointSlice"): Kind("endpointslices"),
    ("networking.k8s.io/v1", "Ingress"): Kind("ingresses"),
    ("networking.k8s.io/v1", "IngressClass"): Kind("ingressclasses", False),
    ("networking.k8s.io/v1", "NetworkPolicy"): Kind("networkpolicies"),
    ("policy/v1", "PodDisruptionBudget"): Kind("poddisruptionbudgets"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): Kind("clusterroles", False),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): Kind("clusterrolebindings", False),
    ("rbac.authorization.k8s.io/v1", "Role"): Kind("roles"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): Kind("rolebindings"),
    ("scheduling.k8s.io/v1", "PriorityClass"): Kind("priorityclasses", False),
    ("storage.k8s.io/v1", "StorageClass"): Kind("storageclasses", False),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): Kind("customresourcedefinitions", False),
    ("apiregistration.k8s.io/v1", "APIService"): Kind("apiservices", False),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): Kind("selfsubjectaccessreviews", False),
    ("authentication.k8s.io/v1", "SelfSubjectReview"): Kind("selfsubjectreviews", False),
    ("cert-manager.io/v1", "Certificate"): Kind("certificates"),
    ("cert-manager.io/v1", "ClusterIssuer"): Kind("clusterissuers", False),
    ("cert-manager.io/v1", "Issuer"): Kind("issuers"),
    ("external-secrets.io/v1", "ClusterSecretStore"): Kind("clustersecretstores", False),
    ("external-secrets.io/v1", "ExternalSecret"): Kind("externalsecrets"),
    ("external-secrets.io/v1", "SecretStore"): Kind("secretstores"),
    ("gateway.networking.k8s.io/v1", "Gateway"): Kind("gateways"),
    ("gateway.networking.k8s.io/v1", "GatewayClass"): Kind("gatewayclasses", False),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): Kind("httproutes"),
    ("gateway.networking.k8s.io/v1", "BackendTLSPolicy"): Kind("backendtlspolicies"),
    ("gateway.nginx.org/v1alpha1", "RateLimitPolicy"): Kind("ratelimitpolicies"),
    ("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"): Kind("backendtrafficpolicies"),
    ("monitoring.coreos.com/v1", "PrometheusRule"): Kind("prometheusrules"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): Kind("servicemonitors"),
    ("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig"): Kind("alertmanagerconfigs"),
    ("traefik.io/v1alpha1", "IngressRoute"): Kind("ingressroutes"),
    ("traefik.io/v1alpha1", "Middleware"): Kind("middlewares"),
    ("traefik.io/v1alpha1", "TLSOption"): Kind("tlsoptions"),
}


def base_path(api_version: str) -> str:
    """`/api/v1` for the core group, `/apis/<group>/<version>` for the others."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def collection_path(api_version: str, kind: Kind, namespace: str = "") -> str:
    """The path of all objects of a kind, in one namespace or in the whole cluster."""
    scope = f"/namespaces/{namespace}" if namespace and kind.namespaced else ""
    return f"{base_path(api_version)}{scope}/{kind.plural}"


def object_path(api_version: str, kind: Kind, namespace: str, name: str) -> str:
    """The path of one object; `namespace` is ignored for a kind that lies in none."""
    return f"{collection_path(api_version, kind, namespace)}/{name}"
