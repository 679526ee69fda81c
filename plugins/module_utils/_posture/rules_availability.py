# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that keep the service up: autoscaling, rollouts, spread over zones, disruptions."""

from __future__ import annotations

import re
import typing as t

from .._health.facts import Live
from .._objects.label_selector import selects
from .._objects.manifest import displayed
from .view import PostureView, amount, pod_labels, pod_spec
from .violation import Violation

OURS = "intelgraph.maestro"
"""What the names of the release's field managers begin with."""
CLIENT_SIDE_APPLY = "kubectl-client-side-apply"
FEWEST_REPLICAS = 3
FEWEST_LEFT = 2
HIGHEST_PERCENT = 90
"""An autoscaler that waits for more than this has no room left for the time that new pods take."""
SLOWEST_GROWTH, FASTEST_SHRINKING = 100, 50
"""Percent of the pods in a minute; without a declared behaviour Kubernetes may drop all surplus pods in 15 s."""
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
LONGEST_REQUEST = re.compile(r"^ +timeoutSeconds: *(\d+) *$", re.MULTILINE)


def autoscaling(view: PostureView) -> t.Iterator[Violation]:
    """Bounds, metrics and behaviour of the autoscaler, and that nobody else declares replicas."""
    for workload in view.workloads():
        autoscaler = view.autoscaler_of(workload)
        if autoscaler is None:
            yield Violation(displayed(workload), "No HorizontalPodAutoscaler scales it")
            continue
        about = displayed(autoscaler)
        yield from (Violation(about, message) for message in _bounds(autoscaler["spec"]))
        yield from (Violation(about, message) for message in _targets(autoscaler["spec"]))
        yield from (Violation(about, message) for message in _behaviour(autoscaler["spec"].get("behavior") or {}))
        yield from _rivals(workload)


def _bounds(spec: Live) -> t.Iterator[str]:
    fewest, most = spec.get("minReplicas") or 1, spec["maxReplicas"]
    if fewest < FEWEST_REPLICAS:
        yield f"It may shrink to {fewest} (minReplicas), which is less than {FEWEST_REPLICAS}"
    if most <= fewest:
        yield f"It cannot grow: minReplicas and maxReplicas are {fewest} and {most}"


def _targets(spec: Live) -> t.Iterator[str]:
    sources = [metric.get("resource") or metric.get("containerResource") or {} for metric in spec.get("metrics") or ()]
    percents = {source.get("name"): (source.get("target") or {}).get("averageUtilization") for source in sources}
    for resource in ("cpu", "memory"):
        percent = percents.get(resource)
        if percent is None:
            yield f"It does not look at {resource}"
        elif percent > HIGHEST_PERCENT:
            yield f"It waits for {percent} % of {resource}, which leaves no room while new pods start"


def _behaviour(behaviour: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    up, down = behaviour.get("scaleUp") or {}, behaviour.get("scaleDown") or {}
    if up.get("selectPolicy") == "Disabled" or (up.get("policies") and _per_minute(up) < SLOWEST_GROWTH):
        yield "It grows by less than a doubling in a minute (behavior.scaleUp)"
    if down.get("selectPolicy") == "Disabled":
        yield "It never shrinks (behavior.scaleDown)"
    elif not down.get("policies") or _per_minute(down) > FASTEST_SHRINKING:
        yield f"It may drop more than {FASTEST_SHRINKING} % of the pods in a minute (behavior.scaleDown)"


def _per_minute(rules: t.Mapping[str, t.Any]) -> float:
    """Percent of the pods that these rules allow in a minute; a number of pods counts as a third of the fewest."""
    rates = [
        policy["value"] * (100 / FEWEST_REPLICAS if policy["type"] == "Pods" else 1) * 60 / policy["periodSeconds"]
        for policy in rules["policies"]
    ]
    return float(min(rates) if rules.get("selectPolicy") == "Min" else max(rates))


def _rivals(workload: Live) -> t.Iterator[Violation]:
    """Whoever declares replicas sets them back at each apply. A command that scales once (an Update) does not."""
    for entry in workload["metadata"].get("managedFields") or ():
        declares = entry.get("operation") == "Apply" or entry.get("manager") == CLIENT_SIDE_APPLY
        owns = "f:replicas" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        if declares and owns and not str(entry.get("manager")).startswith(OURS):
            message = f"The field manager {entry['manager']} declares spec.replicas, which belong to the autoscaler"
            yield Violation(
                displayed(workload), message, evidence=(f"applied at {entry.get('time', 'an unknown time')}",)
            )


def rollout(view: PostureView) -> t.Iterator[Violation]:
    """What a rolling update and the end of a pod do to requests."""
    for workload in view.workloads():
        about, spec = displayed(workload), pod_spec(workload)
        if workload["kind"] == "Deployment":
            yield from (Violation(about, message) for message in _strategy(workload["spec"]))
        longest = _longest_request(view)
        yield from (Violation(about, message, name) for name, message in _ending(spec, longest))
        for container in spec["containers"]:
            if not container.get("readinessProbe"):
                yield Violation(about, "Nothing says when it is ready: it has no readinessProbe", container["name"])


def _strategy(spec: Live) -> t.Iterator[str]:
    strategy = spec.get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        yield f"Its strategy is {strategy['type']}: all pods end before new ones start"
        return
    rolling = strategy.get("rollingUpdate") or {}
    total = int(spec.get("replicas") or FEWEST_REPLICAS)
    if amount(rolling.get("maxUnavailable", "25%"), total, round_up=False):
        yield f"A rollout may take ready pods away (maxUnavailable {rolling.get('maxUnavailable', '25%')})"
    if not amount(rolling.get("maxSurge", "25%"), total, round_up=True):
        yield "A rollout may add no pod (maxSurge 0)"


def _ending(spec: Live, longest: int) -> t.Iterator[tuple[str, str]]:
    """For each container that takes requests: (container, what is wrong). `longest` request and graces in seconds."""
    grace = spec.get("terminationGracePeriodSeconds", 30)
    for container in spec["containers"]:
        if not container.get("ports"):
            continue
        hook = (container.get("lifecycle") or {}).get("preStop") or {}
        pause = (hook.get("sleep") or {}).get("seconds", 0)
        if not hook:
            yield container["name"], "It is told to end while requests are still sent to it (no preStop)"
        elif grace <= pause + longest:
            needed = f"the preStop pause of {pause} s and the longest request of {longest} s"
            yield container["name"], f"It is killed after {grace} s, which do not hold {needed}"


def _longest_request(view: PostureView) -> int:
    """Seconds that the application's own settings allow a request; 0 when they do not say."""
    texts = [text for item in view.of("ConfigMap") for text in (item.get("data") or {}).values()]
    return max((int(found) for text in texts for found in LONGEST_REQUEST.findall(text)), default=0)


def spread(view: PostureView) -> t.Iterator[Violation]:
    """Where pods may be, and that they can always be somewhere."""
    for workload in view.workloads():
        spec, labels = pod_spec(workload), pod_labels(workload)
        anti = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
        preferred = [
            each["podAffinityTerm"] for each in anti.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        ]
        required = anti.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        if not _covers(spec.get("topologySpreadConstraints") or (), ZONE, labels):
            yield Violation(
                displayed(workload), f"Nothing spreads its pods over zones (topologySpreadConstraints on {ZONE})"
            )
        if not _covers(preferred, HOST, labels):
            yield Violation(displayed(workload), f"Its pods do not prefer different nodes (podAntiAffinity on {HOST})")
        if _covers(required, HOST, labels):
            yield Violation(
                displayed(workload),
                "Its pods refuse to share a node (required podAntiAffinity): with a pod on each node no rollout ends",
            )


def _covers(terms: t.Iterable[Live], key: str, labels: t.Mapping[str, str]) -> bool:
    return any(term.get("topologyKey") == key and selects(term.get("labelSelector"), labels) for term in terms)


def disruption(view: PostureView) -> t.Iterator[Violation]:
    """What the budgets make of a drain."""
    for workload in view.workloads():
        labels = pod_labels(workload)
        budgets = [item for item in view.of("PodDisruptionBudget") if selects(item["spec"].get("selector"), labels)]
        if not budgets:
            yield Violation(displayed(workload), "No PodDisruptionBudget covers its pods: a drain may take all of them")
        if len(budgets) > 1:
            names = ", ".join(sorted(item["metadata"]["name"] for item in budgets))
            yield Violation(
                displayed(workload), f"Several budgets cover its pods ({names}), so every eviction is refused"
            )
        for item in budgets:
            yield from (Violation(displayed(item), text) for text in _budget(item["spec"], view.fewest_pods(workload)))


def _budget(spec: Live, total: int) -> t.Iterator[str]:
    if "maxUnavailable" in spec:
        allowed = amount(spec["maxUnavailable"], total, round_up=True)
    else:
        allowed = total - amount(spec.get("minAvailable", 1), total, round_up=True)
    if allowed < 1:
        yield f"With {total} pods it lets none go, so every drain waits for ever"
    elif total - allowed < min(FEWEST_LEFT, total - 1):
        yield f"With {total} pods it lets {allowed} go at once, which leaves {total - allowed}"
    if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
        yield "Pods that are not ready block a drain (unhealthyPodEvictionPolicy is not AlwaysAllow)"
