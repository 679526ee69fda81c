# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules on what is known of a cluster: findings, and whether enough was known for a verdict. Pure."""

from __future__ import annotations

import typing as t

from .._findings import registry
from .._findings.evaluation import Evaluation, Rule, apply_rules, evaluation_of
from .._findings.finding import INCONCLUSIVE, PASSED, SEVERITIES, Finding
from .checks import (
    api_resources,
    capacity,
    cluster,
    endpoints,
    image,
    namespace,
    network_policies,
    permissions,
    quotas,
    references,
    storage,
)
from .view import PreflightView


def evaluate(view: PreflightView) -> Evaluation:
    """What keeps the release from this cluster, all at once.

    On the wrong cluster nothing else is worth saying. A fact that the account may not read, or that is too
    long to read, is a note; one that the API server failed to give leaves the verdict inconclusive.
    """
    stranger = [each for each in cluster.check_cluster(view) if each.severity == "error"]
    if stranger:
        return evaluation_of(stranger)
    return apply_rules(view, RULES, complete=all(unknown.tolerable for unknown in view.snapshot.unknowns()))


def _unknown(view: PreflightView) -> t.Iterator[Finding]:
    for unknown in view.snapshot.unknowns():
        yield registry.FACT_UNKNOWN.found(
            unknown.asked,
            f"It could not be had, so what depends on it was not checked: {unknown.why}",
            severity="note" if unknown.tolerable else "warning",
        )


RULES: tuple[Rule[PreflightView], ...] = (
    *cluster.CHECKS,
    *api_resources.CHECKS,
    *namespace.CHECKS,
    *references.CHECKS,
    *endpoints.CHECKS,
    *network_policies.CHECKS,
    *storage.CHECKS,
    *capacity.CHECKS,
    *quotas.CHECKS,
    *permissions.CHECKS,
    *image.CHECKS,
    _unknown,
)


def message(evaluation: Evaluation, name: str, host: str) -> str:
    """What a person reads: one line when the cluster is fit, else every reason on a line of its own."""
    counts = ", ".join(
        _count(len(evaluation.of(severity)), severity) for severity in SEVERITIES if evaluation.of(severity)
    )
    if evaluation.verdict == PASSED:
        return f"{host} is fit for release {name} ({counts or 'nothing to report'})."
    lead = "cannot be judged" if evaluation.verdict == INCONCLUSIVE else "is not fit"
    lines = [f"- {finding.sentence()}" for finding in evaluation.findings if finding.severity != "note"]
    return "\n".join([f"{host} {lead} for release {name} ({counts}); nothing was changed:", *lines])


def _count(number: int, severity: str) -> str:
    return f"{number} {severity}{'' if number == 1 else 's'}"
