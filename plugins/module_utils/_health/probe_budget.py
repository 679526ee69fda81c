# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a container may take to become ready by its own probes. Pure arithmetic on a container's spec.

How the kubelet probes (pkg/kubelet/prober/worker.go): a worker asks every `periodSeconds`, not before
`initialDelaySeconds` after the container's start, waits `timeoutSeconds` for each answer, and changes the result after
`failureThreshold` bad or `successThreshold` good answers in a row. An answer that takes longer than a period holds the
next turn up. While a startup probe has not passed, no other probe is asked; when it fails `failureThreshold` times in a
row, the container is killed. Each bad answer is told in an event, the first 25 of a pod at once
(client-go, tools/events, burst of the spam filter).
"""

from __future__ import annotations

import typing as t

Live = t.Mapping[str, t.Any]
DEFAULTS = {
    "initialDelaySeconds": 0,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "successThreshold": 1,
    "failureThreshold": 3,
}
"""What the API server fills in."""
NODE_GRACE = 50.0
"""Seconds of a kubelet's silence after which its node is not ready (node-monitor-grace-period in Kubernetes 1.32)."""
MOST_TOLD = 10
"""Bad answers of which the kubelet surely tells, whatever else it has to tell of the pod."""


def seconds_to_start(container: Live) -> float:
    """Seconds after its start by which the startup probe has passed or the kubelet kills; 0 without such a probe.

    The delay, a period until the worker's next turn, then as many bad answers in a row as are allowed.
    """
    probe = container.get("startupProbe")
    if not probe:
        return 0.0
    delay, turn, timeout, _good, bad = _settings(probe)
    return delay + turn * bad + timeout


def seconds_to_be_ready(container: Live) -> float:
    """Seconds after the startup by which a container is ready, or unready by its author's own measure.

    `delay + turn + (failures + successes - 1) * turn + timeout`: the worker's first turn may be a whole turn away,
    `failures` bad answers in a row are what the author tolerates, `successes` good ones make it ready. This is longer
    than werf/kubedog's allowance (`delay + timeout + (failures + successes - 3) * period + period / 2 + timeout`,
    pkg/tracker/pod/probes.go), which ends with the first bad answer after it; there is no need of one here.
    """
    probe = container.get("readinessProbe")
    if not probe:
        return 0.0
    delay, turn, timeout, good, bad = _settings(probe)
    return delay + turn + (bad + good - 1) * turn + timeout


def answers_to_expect(probe: Live) -> int:
    """How many bad answers a kubelet that does its work has told of when the budget of a probe is used up.

    One less than the author tolerates, since the last event may be on its way.
    """
    bad = _settings(probe)[-1]
    return int(min(max(bad - 1, 1), MOST_TOLD))


def _settings(probe: Live) -> tuple[float, float, float, float, float]:
    """Delay, time from turn to turn, time-out, successes and failures; the API server does not show what is zero."""
    delay, period, timeout, good, bad = (float(probe.get(name) or default) for name, default in DEFAULTS.items())
    return delay, max(period, timeout), timeout, good, bad
