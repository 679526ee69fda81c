# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens after a release failed: its evidence is kept, then the former release comes back by itself."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._findings.finding import FAILED, Finding
from .._redaction.live_secrets import LiveSecrets
from .._redaction.mask import Mask
from .deploy import ReleaseFailed, make_under_lock
from .failure_evidence import gather, write
from .outcome import Outcome
from .planning.escalation import RollbackEscalates
from .planning.irreversible import not_undone
from .planning.plan import CREATE
from .record.history import Record
from .record.retention import before_current
from .rollback import bringing_back, brought_back
from .session import ReleaseOptions, Session


@dataclasses.dataclass(frozen=True)
class AutoRollback:
    """Rescues a failed release of `options`.

    Evidence goes into a file in `folder`; `mask` takes secrets out of it. `enabled` says whether the last
    release that passed is restored.
    """

    options: ReleaseOptions
    folder: pathlib.Path
    mask: Mask | LiveSecrets = dataclasses.field(default_factory=lambda: Mask({}))
    enabled: bool = True

    def __call__(self, held: Session, failure: ReleaseFailed) -> ReleaseFailed:
        outcome = failure.outcome
        outcome.report = self._keep_evidence(held.cluster, outcome)
        previous = held.history.last_passed()
        if not self.enabled or outcome.verdict != FAILED:
            said = f"Nothing was undone. {_other_ways(self.options, previous, held.history.records)}"
        elif previous is None:
            said = _what_stands(held.cluster, self.options, outcome)
        else:
            said = self._restore(held, previous, outcome)
        where = f"\nEvidence: {outcome.report}" if outcome.report else ""
        headline, newline, details = outcome.message.partition("\n")
        outcome.message = f"{headline.rstrip(':.')}. {said}{newline}{details}{where}"
        return ReleaseFailed(outcome)

    def _keep_evidence(self, cluster: Cluster, outcome: Outcome) -> str:
        """The path of the file, or an empty text with a warning: what cannot be kept stops no rescue."""
        try:
            content = gather(cluster, self.options, outcome, self.mask)
            stem = f"{self.options.namespace}-{self.options.name}-release-{outcome.number}"
            return str(write(self.folder, stem, cluster.clock.stamp(), content))
        except (ClusterError, OSError) as error:
            cluster.warnings.append(f"The evidence of release {outcome.number} could not be kept: {error}")
            return ""

    def _restore(self, held: Session, previous: Record, outcome: Outcome) -> str:
        """What came of the restore, in a sentence."""
        options = bringing_back(previous, self.options, f"automatic rollback: release {outcome.number} failed")
        before = {step.key: step.live for step in outcome.plan.steps if step.live is not None}
        options = dataclasses.replace(options, before=before, rollback_rbac=False)
        try:
            again = make_under_lock(held, brought_back(held.cluster, previous), options)
        except ReleaseFailed as failure:
            outcome.restored = _as_result(previous, failure.outcome)
            return _unproven(previous, failure.outcome)
        except RollbackEscalates as error:
            return f"The rollback to release {previous.number} was not made: [{error.id}] {error}\n{error.next_step}"
        except ClusterError as error:
            return f"The rollback to release {previous.number} was not possible: {str(error).rstrip('.')}."
        left = _not_undone(previous, outcome, again)
        outcome.restored = {**_as_result(previous, again), "risks": [finding.as_dict() for finding in left]}
        waited = f" and ready after {sum(again.seconds.values()):.0f} s" if options.wait else ""
        lasting = "".join(f" Not undone: {finding.object}: {finding.message}." for finding in left)
        return f"Release {previous.number} was restored as release {again.number}{waited}.{lasting}"


def _as_result(previous: Record, outcome: Outcome) -> dict[str, t.Any]:
    """What the result says of the automatic rollback."""
    known = outcome.as_result()
    kept = {key: known[key] for key in ("number", "verdict", "msg", "findings", "plan", "counts", "seconds")}
    return {"release": previous.number, **kept}


def _not_undone(previous: Record, failed: Outcome, again: Outcome) -> list[Finding]:
    """What the failed release changed and the restored one could not bring back."""
    changed = {str(step.key) for step in failed.plan.changes}
    return [finding for finding in not_undone(previous.manifests, again.plan) if finding.object in changed]


def _unproven(previous: Record, outcome: Outcome) -> str:
    """Of a restored release that did not pass: it is there, and either bad or not known to be good."""
    if outcome.verdict == FAILED:
        return f"The rollback to release {previous.number} failed as well: {outcome.message}"
    return f"Release {previous.number} was restored as release {outcome.number}, undecided: {outcome.message}"


def _other_ways(options: ReleaseOptions, previous: Record | None, records: t.Sequence[Record]) -> str:
    if previous is None:
        return _removal(options)
    number = "" if previous is before_current(records) else f" -e maestro_rollback_to={previous.number}"
    return f"To go back to release {previous.number}: ansible-playbook intelgraph.maestro.rollback{number}."


def _what_stands(cluster: Cluster, options: ReleaseOptions, outcome: Outcome) -> str:
    made = _made(cluster, outcome)
    stands = (
        f"What it made stands ({made} objects in namespace {options.namespace})." if made else "It made nothing new."
    )
    return (
        f"There is nothing to go back to, because no release of {options.name} has passed. {stands} {_removal(options)}"
    )


def _made(cluster: Cluster, outcome: Outcome) -> int:
    """How many of the objects that were to be created there are; all of them where nobody can be asked."""
    keys = [step.key for step in outcome.plan.doing(CREATE)]
    try:
        return sum(live is not None for live in cluster.parallel(lambda key: cluster.find(*key), keys))
    except ClusterError:
        return len(keys)


def _removal(options: ReleaseOptions) -> str:
    return (
        "Correct the cause and deploy again, or take everything away: ansible-playbook intelgraph.maestro.remove "
        f"-e maestro_remove_confirm={options.name}."
    )
