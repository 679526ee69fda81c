# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test from outside finds: reachability, TLS, answers, load."""

from __future__ import annotations

from ..finding import FindingType

SMOKE_NOT_ALLOWED = FindingType(
    "smoke-not-allowed",
    "error",
    4010,
    next_step="Nothing was sent.",
    cause="The host is not in the list of hosts that may be tested, or the limits of the run are exceeded.",
    severity_text="error; a warning where a release is smoke tested, whose verdict is then inconclusive",
)
PORT_FORWARD_INTERRUPTED = FindingType(
    "port-forward-interrupted",
    "warning",
    4020,
    next_step="See whether the API server and the pods' nodes are well, and run it again.",
    cause="The API server or a kubelet closed the connection.",
)
GENERATOR_OVERLOADED = FindingType(
    "generator-overloaded",
    "warning",
    4025,
    next_step="Run it again where there is a free processor core, or at a lower rate; these figures prove nothing.",
    cause="This host had no free processor time and sent requests late.",
)
SERVICE_UNREACHABLE = FindingType(
    "service-unreachable",
    "error",
    4030,
    next_step="Look at DNS, the load balancer and the ingress controller, in the order of the phase that is named.",
    cause="DNS, the load balancer, the ingress controller or the network in between does not answer.",
)
CERTIFICATE_UNTRUSTED = FindingType(
    "certificate-untrusted",
    "error",
    4040,
    next_step="Look at the Certificate and its Secret: issuer, names, dates; name a private CA in ca_path.",
    cause="The certificate is expired, for another name, or of a CA that is not trusted here.",
)
REVISION_STALE = FindingType(
    "revision-stale",
    "error",
    4050,
    next_step="See why the pod was not replaced (kubectl describe pod), and whether another Service sends it requests.",
    cause="A pod of an earlier revision still serves, or another Service selects other pods.",
)
RESPONSE_UNEXPECTED = FindingType(
    "response-unexpected",
    "error",
    4060,
    next_step="Compare with the answer of one pod (kubectl port-forward) and its log.",
    cause="The service, or something before it, answers other than the check expects.",
)
LOAD_STOPPED = FindingType(
    "load-stopped",
    "error",
    4070,
    next_step="The service was failing under the load: mend it before the next one.",
    cause="Too many requests failed, so the load was stopped to spare the service.",
)
ERROR_RATIO_HIGH = FindingType(
    "error-ratio-high",
    "error",
    4080,
    next_step="Look at the pods' logs of these seconds; roll back when the release is new.",
    cause="Pods fail, restart or are overloaded under this load.",
)
THROUGHPUT_LOW = FindingType(
    "throughput-low",
    "error",
    4090,
    next_step="Compare the pods' limits and number with the rate that was asked.",
    cause="The pods cannot serve the rate, or something before them limits it.",
)
LATENCY_HIGH = FindingType(
    "latency-high",
    "error",
    4100,
    next_step="Look at CPU throttling, the dependencies' latency and the number of pods.",
    cause="Pods are throttled or too few, or a dependency is slow.",
)
RESPONSE_SLOW = FindingType(
    "response-slow",
    "error",
    4110,
    next_step="Look at the phase that took longest, then at the pods' CPU and dependencies.",
    cause="The service or a dependency is overloaded, throttled or far away.",
    severity_text="error; a warning where a check could not be made in the time",
)
ENDPOINT_EXPOSED = FindingType(
    "endpoint-exposed",
    "error",
    4120,
    next_step="Take the path off the ingress; Prometheus scrapes the pods from within.",
    cause="The ingress passes the path on to the pods.",
)
REDIRECT_MISSING = FindingType(
    "redirect-missing",
    "error",
    4130,
    next_step="Have the ingress redirect plain HTTP; see the ingress role's README.",
    cause="The ingress serves plain HTTP instead of sending clients to HTTPS.",
)
HSTS_MISSING = FindingType(
    "hsts-missing",
    "error",
    4140,
    next_step="Set ingress_hsts_enabled; with NGINX also allow HSTS in the controller's settings.",
    cause="HSTS is switched off in the ingress or in its controller.",
)
CORS_WRONG = FindingType(
    "cors-wrong",
    "error",
    4150,
    next_step="Compare ingress_cors_origins with the origin that is named.",
    cause="The ingress or the application allows other origins than those expected.",
)
TLS_OUTDATED = FindingType(
    "tls-outdated",
    "error",
    4160,
    next_step="Raise the lowest TLS version in the settings of the ingress controller.",
    cause="The ingress controller still allows an old TLS version.",
)
CERTIFICATE_EXPIRING = FindingType(
    "certificate-expiring",
    "error",
    4170,
    next_step="See why it is not renewed: kubectl describe certificate,certificaterequest,order,challenge.",
    cause="The renewal is overdue or fails.",
)
RATE_LIMIT_MISSING = FindingType(
    "rate-limit-missing",
    "error",
    4180,
    next_step="See whether the ingress controller knows the annotation or middleware.",
    cause="The ingress controller does not apply the rate limit that was declared.",
)
RATE_LIMIT_MISPLACED = FindingType(
    "rate-limit-misplaced",
    "error",
    4190,
    next_step="Compare the limit, its burst and the number of the controller's replicas with what is expected.",
    cause="The limit, its burst or the number of the controller's replicas differs from what is expected.",
    severity_text=(
        "error; a warning beside [generator-overloaded](generator-overloaded.md), where requests were sent late"
    ),
)
ADDRESS_UNREACHABLE = FindingType(
    "address-unreachable",
    "error",
    4200,
    next_step="Take the address out of DNS, or repair what listens there; maestro_smoke_resolve names the one to test.",
    cause="DNS names an address at which nothing answers, or this host has no route to it.",
    severity_text="error; a note where this machine has no route there, or where the inventory names another address",
)
PODS_NOT_SEEN = FindingType(
    "pods-not-seen",
    "warning",
    4210,
    next_step="See whether the pod is among the Service's endpoints; give the run more time when there are many pods.",
    cause="The pod is not among the Service's endpoints, or the load balancer did not choose it in this time.",
)
ENDPOINT_UNPROVEN = FindingType(
    "endpoint-unproven",
    "warning",
    4220,
    next_step="Have the ingress refuse the path with 403 or 404, and ask again.",
    cause="The answer neither serves the path nor refuses it.",
    severity_text="warning; the verdict is inconclusive",
)
LOAD_RATE_LIMITED = FindingType(
    "load-rate-limited",
    "warning",
    4230,
    next_step="Stay below the limit, or exempt this address (ingress_rate_limit_exempt_cidrs).",
    cause="The ingress limits the rate of this address.",
)
SAMPLE_TOO_SMALL = FindingType(
    "sample-too-small",
    "warning",
    4250,
    next_step="Run it longer, or at a higher rate; see the number of requests needed.",
    cause="The run was too short or its rate too low.",
)
AVAILABILITY_LOW = FindingType(
    "availability-low",
    "warning",
    4260,
    next_step="Look at the error budget's burn on the dashboard before the next change.",
    cause="Requests failed in the days before.",
)
PODS_TESTED_DIRECTLY = FindingType(
    "pods-tested-directly",
    "note",
    4270,
    next_step="Nothing has to be done: an ingress that keeps its connections answers from few pods.",
    cause="The ingress keeps its connections, so the public URL answers from few pods.",
)
INGRESS_NOT_TESTED = FindingType(
    "ingress-not-tested",
    "note",
    4280,
    next_step="Ask the public URL too, from where it can be reached (without port_forward).",
    cause="The run used the API server's port-forward, which does not pass the ingress.",
)
AVAILABILITY_UNPROVEN = FindingType(
    "availability-unproven",
    "note",
    4290,
    next_step="Ask the Prometheus of the cluster (prometheus_url), or its dashboard.",
    cause="Prometheus was not asked, or has no value for the time.",
)
