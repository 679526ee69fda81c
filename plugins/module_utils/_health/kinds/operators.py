# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the kinds of well-known operators, as data: what they always report, and by which words. Pure."""

from __future__ import annotations

import typing as t

from . import gateway_api
from .conventions import ANY, Convention, assess
from .state import READY, Live, Rule, State, older, spec_of, status_of

REPORTS_READY = Convention(conditions=("Ready",))
COMPOSED = Convention(conditions=("Synced", "Ready"))
"""Crossplane's composites and claims, in whatever group their authors gave them, and its managed resources."""
CROSSPLANE_FIELDS = frozenset({"compositionRef", "compositeDeletePolicy", "providerConfigRef", "crossplane"})


class Operator(t.NamedTuple):
    """The kinds of one operator. `static` are those that it only reads; the others follow their convention."""

    name: str
    source: str
    kinds: t.Mapping[str, Convention] = {}
    static: tuple[str, ...] = ()


def phases(*ready: str, failed: t.Iterable[str] = (), path: tuple[str, ...] = ("phase",), **more: t.Any) -> Convention:
    return Convention(phase=path, ready_phases=frozenset(ready), failed_phases=frozenset(failed), **more)


RUNS = phases("Running", failed=("Failed",), suspended_by=(("spec", "paused"),))
ENDS = phases("Successful", failed=("Failed", "Error", "Inconclusive"))
OPERATORS: tuple[Operator, ...] = (
    Operator(
        "cert-manager",
        "https://cert-manager.io/docs/reference/api-docs/",
        {
            "Certificate.cert-manager.io": REPORTS_READY,
            "CertificateRequest.cert-manager.io": REPORTS_READY,
            "ClusterIssuer.cert-manager.io": REPORTS_READY,
            "Issuer.cert-manager.io": REPORTS_READY,
            "Challenge.acme.cert-manager.io": phases(
                "valid", failed=("invalid", "expired", "errored"), path=("state",)
            ),
            "Order.acme.cert-manager.io": phases("valid", failed=("invalid", "expired", "errored"), path=("state",)),
        },
    ),
    Operator(
        "External Secrets",
        "https://external-secrets.io/latest/api/spec/",
        {
            "ClusterExternalSecret.external-secrets.io": REPORTS_READY,
            "ClusterSecretStore.external-secrets.io": REPORTS_READY,
            "PushSecret.external-secrets.io": REPORTS_READY,
            "SecretStore.external-secrets.io": REPORTS_READY,
        },
    ),
    Operator(
        "Sealed Secrets",
        "https://github.com/bitnami-labs/sealed-secrets",
        {"SealedSecret.bitnami.com": Convention(("Synced",))},
    ),
    Operator(
        "Argo",
        "https://argo-rollouts.readthedocs.io/en/stable/features/specification/",
        {
            "AnalysisRun.argoproj.io": ENDS,
            "Application.argoproj.io": phases("Healthy", path=("health", "status")),
            "Experiment.argoproj.io": ENDS,
            "Rollout.argoproj.io": phases("Healthy", failed=("Degraded",), suspended_by=(("spec", "paused"),)),
            "Workflow.argoproj.io": phases("Succeeded", failed=("Failed", "Error")),
        },
        (
            "AnalysisTemplate.argoproj.io",
            "AppProject.argoproj.io",
            "ClusterAnalysisTemplate.argoproj.io",
            "WorkflowTemplate.argoproj.io",
        ),
    ),
    Operator(
        "Knative",
        "https://github.com/knative/specs/blob/main/specs/knative-api-specification-1.0.md#error-signalling",
        {
            **dict.fromkeys(
                (
                    f"{kind}.serving.knative.dev"
                    for kind in ("Configuration", "DomainMapping", "Revision", "Route", "Service")
                ),
                REPORTS_READY,
            ),
            "Broker.eventing.knative.dev": REPORTS_READY,
            "Trigger.eventing.knative.dev": REPORTS_READY,
        },
    ),
    Operator(
        "Istio",
        "https://istio.io/latest/docs/reference/config/networking/",
        static=(
            *(
                f"{kind}.networking.istio.io"
                for kind in ("DestinationRule", "EnvoyFilter", "Gateway", "ProxyConfig", "ServiceEntry")
            ),
            *(
                f"{kind}.networking.istio.io"
                for kind in ("Sidecar", "VirtualService", "WorkloadEntry", "WorkloadGroup")
            ),
            *(
                f"{kind}.security.istio.io"
                for kind in ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")
            ),
            "Telemetry.telemetry.istio.io",
            "WasmPlugin.extensions.istio.io",
        ),
    ),
    Operator(
        "KEDA",
        "https://keda.sh/docs/latest/reference/scaledobject-spec/",
        {"ScaledJob.keda.sh": REPORTS_READY, "ScaledObject.keda.sh": REPORTS_READY},
        ("ClusterTriggerAuthentication.keda.sh", "TriggerAuthentication.keda.sh"),
    ),
    Operator(
        "Strimzi",
        "https://strimzi.io/docs/operators/latest/configuring#type-KafkaStatus-reference",
        dict.fromkeys(
            (
                f"{kind}.kafka.strimzi.io"
                for kind in (
                    "Kafka",
                    "KafkaBridge",
                    "KafkaConnect",
                    "KafkaConnector",
                    "KafkaMirrorMaker2",
                    "KafkaTopic",
                    "KafkaUser",
                )
            ),
            REPORTS_READY,
        ),
    ),
    Operator(
        "CloudNativePG",
        "https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/",
        {
            "Backup.postgresql.cnpg.io": phases("completed", failed=("failed",)),
            "Cluster.postgresql.cnpg.io": phases(
                "Cluster in healthy state", conditions=("Ready",), counted=(("instances", "readyInstances"),)
            ),
            "Pooler.postgresql.cnpg.io": Convention(counted=(("instances", "instances"),)),
        },
        ("ScheduledBackup.postgresql.cnpg.io",),
    ),
    Operator(
        "Crossplane",
        "https://docs.crossplane.io/latest/concepts/managed-resources/#conditions",
        {
            "CompositeResourceDefinition.apiextensions.crossplane.io": Convention(("Established",)),
            "Configuration.pkg.crossplane.io": Convention(("Installed", "Healthy")),
            "Function.pkg.crossplane.io": Convention(("Installed", "Healthy")),
            "Provider.pkg.crossplane.io": Convention(("Installed", "Healthy")),
        },
        ("Composition.apiextensions.crossplane.io",),
    ),
    Operator(
        "Flux",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomization-status",
        {
            "HelmRelease.helm.toolkit.fluxcd.io": REPORTS_READY,
            "Kustomization.kustomize.toolkit.fluxcd.io": REPORTS_READY,
            **dict.fromkeys(
                (
                    f"{kind}.source.toolkit.fluxcd.io"
                    for kind in ("Bucket", "GitRepository", "HelmChart", "OCIRepository")
                ),
                REPORTS_READY,
            ),
            "Receiver.notification.toolkit.fluxcd.io": REPORTS_READY,
        },
        ("Alert.notification.toolkit.fluxcd.io", "Provider.notification.toolkit.fluxcd.io"),
    ),
    Operator(
        "Cluster API",
        "https://cluster-api.sigs.k8s.io/developer/providers/contracts/overview",
        {
            "Cluster.cluster.x-k8s.io": phases("Provisioned", failed=("Failed",), suspended_by=(("spec", "paused"),)),
            "Machine.cluster.x-k8s.io": RUNS,
            "MachineDeployment.cluster.x-k8s.io": RUNS,
            "MachinePool.cluster.x-k8s.io": RUNS,
        },
    ),
    Operator(
        "Volume snapshots",
        "https://kubernetes.io/docs/concepts/storage/volume-snapshots/",
        {"VolumeSnapshot.snapshot.storage.k8s.io": phases("True", path=("readyToUse",))},
        ("VolumeSnapshotClass.snapshot.storage.k8s.io",),
    ),
    Operator(
        "Prometheus operator",
        "https://prometheus-operator.dev/docs/api-reference/api/",
        dict.fromkeys(
            (
                f"{kind}.monitoring.coreos.com"
                for kind in ("Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler")
            ),
            Convention(("Available", "Reconciled")),
        ),
        tuple(
            f"{kind}.monitoring.coreos.com"
            for kind in (
                "AlertmanagerConfig",
                "PodMonitor",
                "Probe",
                "PrometheusRule",
                "ScrapeConfig",
                "ServiceMonitor",
            )
        ),
    ),
    Operator(
        "Traefik",
        "https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/",
        static=tuple(
            f"{kind}.traefik.io"
            for kind in (
                "IngressRoute",
                "IngressRouteTCP",
                "IngressRouteUDP",
                "Middleware",
                "MiddlewareTCP",
                "ServersTransport",
                "TLSOption",
                "TLSStore",
                "TraefikService",
            )
        ),
    ),
)


def _external_secret(live: Live) -> State:
    """Its status says which generation was synced last: `<generation>-<hash of the metadata>`."""
    found = assess(live, REPORTS_READY)
    synced = str(status_of(live).get("syncedResourceVersion") or "").partition("-")[0]
    return found if found.missing or _is_synced_once(spec_of(live)) else State(older(synced, live))


def _is_synced_once(spec: Live) -> bool:
    """Told to read its source once and never again, in either of the two ways."""
    return spec.get("refreshPolicy") == "CreatedOnce" or not str(spec.get("refreshInterval", "1h")).strip("0hms")


def by_fields(live: Live) -> State:
    """The conventions, and Crossplane's for what has the fields of its composites, claims and managed resources."""
    return assess(live, COMPOSED if CROSSPLANE_FIELDS & spec_of(live).keys() else ANY)


def _rule(convention: Convention, source: str) -> Rule:
    return Rule(
        lambda live: assess(live, convention),
        _ready_words(convention),
        _failed_words(convention),
        _waited_words(convention),
        source,
    )


def _ready_words(convention: Convention) -> str:
    parts = [f"{' and '.join(convention.conditions)} True"] if convention.conditions else []
    parts += (
        [f"{'.'.join(convention.phase)} {' or '.join(sorted(convention.ready_phases))}"] if convention.phase else []
    )
    parts += [f"status.{reached} as many as spec.{field}" for field, reached in convention.counted]
    return f"Its generation is observed as far as it tells; {', '.join(parts)}"


def _failed_words(convention: Convention) -> str:
    ended = (
        f"; {'.'.join(convention.phase)} {' or '.join(sorted(convention.failed_phases))}"
        if convention.failed_phases
        else ""
    )
    return f"Stalled or Failed True{ended}"


def _waited_words(convention: Convention) -> str:
    return "It has not reported these yet" if convention.conditions or convention.phase else "As above"


READ_ONLY = "As soon as the API server has it: its controller reads it and reports nothing that decides"
RULES: dict[str, Rule] = {
    **{kind: _rule(convention, each.source) for each in OPERATORS for kind, convention in each.kinds.items()},
    **{
        kind: Rule(lambda _live: READY, READ_ONLY, source=each.source, static=True)
        for each in OPERATORS
        for kind in each.static
    },
    "BackendTrafficPolicy.gateway.envoyproxy.io": gateway_api.POLICY,
    "RateLimitPolicy.gateway.nginx.org": gateway_api.POLICY,
    "ExternalSecret.external-secrets.io": Rule(
        _external_secret,
        "Ready True, and synced in its newest generation, unless it is synced only once",
        "Its source refuses what it asks for, or its store is not ready for 90 s",
        "It has not synced its newest generation",
        "https://external-secrets.io/latest/api/externalsecret/",
    ),
}
