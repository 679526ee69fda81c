# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of a release: the same values for success and failure, for check mode and the real thing."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible.module_utils.common.yaml import yaml_dump

from .._findings.finding import PASSED, Finding
from .._findings.registry import by_severity
from .._health.progress import Moment
from .._objects.manifest import Key
from .planning.plan import ADOPT, CHANGE, CREATE, PRUNE, REPLACE, Plan
from .planning.risks import risks

WORDS = {
    CREATE: ("to create", "created"),
    CHANGE: ("to change", "changed"),
    ADOPT: ("to adopt", "adopted"),
    REPLACE: ("to replace", "replaced"),
    PRUNE: ("to remove", "removed"),
}
"""Each action as something to do, and as something done."""


class Phases:
    """Seconds spent in each phase, on the monotonic clock; the parts of a phase add up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> t.Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 3)


@dataclasses.dataclass
class Outcome:
    """`number` is the release's number, 0 when there has never been one; `seconds` are those of each phase.

    `risks` are worth knowing before it is done. After a failure `report` is the path of the file that holds the
    evidence, and `restored` says which release was restored by itself and what came of that. `timeline` is the course
    of the wait, `smoke` what the smoke test came to. `rollback_to` is the number of the release that was restored
    with this one, 0 for a new one. `recorded` is false when the history could not be told how it ended. `run` is the
    token of the lock under which it was made, empty where none was needed. `finished` are the Jobs that have done their
    work in an earlier release and are not run again.
    """

    plan: Plan
    number: int = 0
    changed: bool = False
    verdict: str = PASSED
    findings: list[Finding] = dataclasses.field(default_factory=list)
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    message: str = ""
    risks: list[Finding] = dataclasses.field(default_factory=list)
    report: str = ""
    restored: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    timeline: tuple[Moment, ...] = ()
    smoke: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    rollback_to: int = 0
    recorded: bool = True
    run: str = ""
    finished: frozenset[Key] = frozenset()

    def all_risks(self) -> list[Finding]:
        """What is worth knowing: of this kind of release, and of its plan."""
        return by_severity([*self.risks, *risks(self.plan)])

    def as_result(self) -> dict[str, t.Any]:
        """Keys of the module's result."""
        return {
            "changed": self.changed,
            "msg": self.message,
            "number": self.number,
            "verdict": self.verdict,
            "findings": [finding.as_dict() for finding in self.findings],
            "plan": [step.as_dict() for step in self.plan.changes],
            "counts": self.plan.counts(),
            "seconds": self.seconds,
            "risks": [finding.as_dict() for finding in self.all_risks()],
            "report": self.report,
            "restored": self.restored,
            "rollback_to": self.rollback_to,
            "timeline": [moment.as_dict() for moment in self.timeline],
            "smoke": self.smoke,
        }


def summary(plan: Plan, done: bool = False) -> str:
    """`2 to create, 1 to change`, or when it is done `2 created, 1 changed`; `nothing to change` when there is none."""
    counts = plan.counts()
    parts = [f"{counts[action]} {forms[done]}" for action, forms in WORDS.items() if counts[action]]
    return ", ".join(parts) or "nothing to change"


def diff(plan: Plan) -> list[dict[str, str]]:
    """Ansible's diff, one entry for each object that changes; it holds declared fields only and no secret value."""
    return [
        {
            "before_header": f"{step.key} (now)",
            "after_header": f"{step.key} ({step.action})",
            "before": _as_yaml(step.before),
            "after": _as_yaml(step.after),
        }
        for step in plan.changes
    ]


def _as_yaml(value: t.Any) -> str:
    return str(yaml_dump(value, sort_keys=True, default_flow_style=False)) if value else ""
