# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a container may take to become ready by its own probes. Pure arithmetic on a container's spec.

How the kubelet probes (pkg/kubelet/prober/worker.go): a worker asks every `periodSeconds`, not before
`initialDelaySeconds` after the container's start, waits `timeoutSeconds` for each answer, and changes the result after
`failureThreshold` bad or `successThreshold` good answers in a row. While a startup probe has not passed, no other probe
is asked; when it fails `failureThreshold` times in a row, the container is killed.
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


def seconds_to_start(container: Live) -> float:
    """Seconds after its start by which the startup probe has passed or the kubelet kills; 0 without such a probe.

    The delay, a period until the worker's next turn, then as many bad answers in a row as are allowed.
    """
    probe = container.get("startupProbe")
    if not probe:
        return 0.0
    delay, period, timeout, _good, bad = _settings(probe)
    return delay + period * bad + timeout


def seconds_to_be_ready(container: Live) -> float:
    """Seconds after the startup by which a container is ready, or unready by its author's own measure.

    `delay + period + (failures + successes - 1) * period + timeout`: the worker's first turn may be a whole period
    away, `failures` bad answers in a row are what the author tolerates, `successes` good ones make it ready. This is
    longer than werf/kubedog's allowance (`delay + timeout + (failures + successes - 3) * period + period / 2 +
    timeout`, pkg/tracker/pod/probes.go), which ends with the first bad answer after it; there is no need of one here.
    """
    probe = container.get("readinessProbe")
    if not probe:
        return 0.0
    delay, period, timeout, good, bad = _settings(probe)
    return delay + period + (bad + good - 1) * period + timeout


def _settings(probe: Live) -> tuple[float, float, float, float, float]:
    """Delay, period, time-out, successes and failures; the API server does not show what is zero."""
    delay, period, timeout, good, bad = (float(probe.get(name) or default) for name, default in DEFAULTS.items())
    return delay, period, timeout, good, bad
