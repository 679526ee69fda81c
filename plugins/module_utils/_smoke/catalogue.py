# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a smoke run may find: each kind declared once, with its page docs/findings/<id>.md. Pure.

The shape is that of every finding of the collection, so that one report can hold them all.
"""

from __future__ import annotations

import dataclasses
import typing as t

SEVERITIES = ("error", "warning", "note")
PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"


@dataclasses.dataclass(frozen=True)
class Finding:
    """A kind of finding, or with `object` and `message` one that was made. `object` is a check, a gate or a URL."""

    id: str
    severity: str
    object: str = ""
    message: str = ""
    evidence: tuple[str, ...] = ()
    next_step: str = ""
    container: str = ""
    since: str = ""
    cause: str = ""

    def of(self, about: str, message: str, *evidence: str) -> Finding:
        """One finding of this kind."""
        return dataclasses.replace(self, object=about, message=message, evidence=evidence)

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        return {**dataclasses.asdict(self), "evidence": list(self.evidence)}

    def sentence(self) -> str:
        """One line for a person: id, object, what, next step."""
        return f"[{self.id}] {self.object}: {self.message.rstrip('.')}. {self.next_step}".rstrip()


SERVICE_UNREACHABLE = Finding(
    "service-unreachable",
    "error",
    next_step="Look at DNS, the load balancer and the ingress controller, in the order of the phase that is named.",
)
ADDRESS_UNREACHABLE = Finding(
    "address-unreachable",
    "error",
    next_step="Take the address out of DNS, or repair what listens there; maestro_smoke_resolve names the one to test.",
)
CERTIFICATE_UNTRUSTED = Finding(
    "certificate-untrusted",
    "error",
    next_step="Look at the Certificate and its Secret: issuer, names, dates; name a private CA in ca_path.",
)
CERTIFICATE_EXPIRING = Finding(
    "certificate-expiring",
    "error",
    next_step="See why it is not renewed: kubectl describe certificate,certificaterequest,order,challenge.",
)
TLS_OUTDATED = Finding(
    "tls-outdated", "error", next_step="Raise the lowest TLS version in the settings of the ingress controller."
)
RESPONSE_UNEXPECTED = Finding(
    "response-unexpected", "error", next_step="Compare with the answer of one pod (kubectl port-forward) and its log."
)
RESPONSE_SLOW = Finding(
    "response-slow", "error", next_step="Look at the phase that took longest, then at the pods' CPU and dependencies."
)
REDIRECT_MISSING = Finding(
    "redirect-missing", "error", next_step="Have the ingress redirect plain HTTP; see the ingress role's README."
)
HSTS_MISSING = Finding(
    "hsts-missing",
    "error",
    next_step="Set ingress_hsts_enabled; with NGINX also allow HSTS in the controller's settings.",
)
CORS_WRONG = Finding("cors-wrong", "error", next_step="Compare ingress_cors_origins with the origin that is named.")
ENDPOINT_EXPOSED = Finding(
    "endpoint-exposed", "error", next_step="Take the path off the ingress; Prometheus scrapes the pods from within."
)
ENDPOINT_UNPROVEN = Finding(
    "endpoint-unproven",
    "warning",
    next_step="Have the ingress refuse the path with 403 or 404, and ask again.",
)
REVISION_STALE = Finding(
    "revision-stale",
    "error",
    next_step="See why the pod was not replaced (kubectl describe pod), and whether another Service sends it requests.",
)
PODS_NOT_SEEN = Finding(
    "pods-not-seen",
    "warning",
    next_step="See whether the pod is among the Service's endpoints; give the run more time when there are many pods.",
)
PODS_TESTED_DIRECTLY = Finding(
    "pods-tested-directly",
    "note",
    next_step="Nothing has to be done: an ingress that keeps its connections answers from few pods.",
)
INGRESS_NOT_TESTED = Finding(
    "ingress-not-tested",
    "note",
    next_step="Ask the public URL too, from where it can be reached (without port_forward).",
)
PORT_FORWARD_INTERRUPTED = Finding(
    "port-forward-interrupted",
    "warning",
    next_step="See whether the API server and the pods' nodes are well, and run it again.",
)
ERROR_RATIO_HIGH = Finding(
    "error-ratio-high", "error", next_step="Look at the pods' logs of these seconds; roll back when the release is new."
)
LATENCY_HIGH = Finding(
    "latency-high", "error", next_step="Look at CPU throttling, the dependencies' latency and the number of pods."
)
THROUGHPUT_LOW = Finding(
    "throughput-low", "error", next_step="Compare the pods' limits and number with the rate that was asked."
)
SAMPLE_TOO_SMALL = Finding(
    "sample-too-small", "warning", next_step="Run it longer, or at a higher rate; see the number of requests needed."
)
GENERATOR_OVERLOADED = Finding(
    "generator-overloaded",
    "warning",
    next_step="Run it again where there is a free processor core, or at a lower rate; these figures prove nothing.",
)
LOAD_RATE_LIMITED = Finding(
    "load-rate-limited",
    "warning",
    next_step="Stay below the limit, or exempt this address (ingress_rate_limit_exempt_cidrs).",
)
LOAD_STOPPED = Finding(
    "load-stopped", "error", next_step="The service was failing under the load: mend it before the next one."
)
RATE_LIMIT_MISSING = Finding(
    "rate-limit-missing", "error", next_step="See whether the ingress controller knows the annotation or middleware."
)
RATE_LIMIT_MISPLACED = Finding(
    "rate-limit-misplaced",
    "error",
    next_step="Compare the limit, its burst and the number of the controller's replicas with what is expected.",
)
AVAILABILITY_UNPROVEN = Finding(
    "availability-unproven",
    "note",
    next_step="Ask the Prometheus of the cluster (prometheus_url), or its dashboard.",
)
AVAILABILITY_LOW = Finding(
    "availability-low", "warning", next_step="Look at the error budget's burn on the dashboard before the next change."
)


def verdict(findings: t.Iterable[Finding], undecided: bool = False) -> str:
    """`failed` by any error, else `inconclusive` when something was left open, else `passed`."""
    if any(finding.severity == "error" for finding in findings):
        return FAILED
    return INCONCLUSIVE if undecided else PASSED


def in_order(findings: t.Iterable[Finding]) -> list[Finding]:
    """Errors first; the same order for the same findings."""
    return sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.id, finding.object))
