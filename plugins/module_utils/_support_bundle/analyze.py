# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on what a diagnosis collected, with its logs as the answers to the judge's questions. Pure."""

from __future__ import annotations

import dataclasses
import itertools

from .._health.facts import LOG, PREVIOUS_LOG, Facts, HealthEvaluation, Live, LogRequest
from .._health.rules import evaluate
from .._objects.group_kind import identity, kind_of
from .._text.printable import lines_of
from .scope import Collected, LeftOut, LogName

WORKLOADS = ("Deployment", "StatefulSet")
LINES = 20
"""Lines of a log that a finding shows."""


def evaluated(found: Collected) -> HealthEvaluation | None:
    """What the release comes to now; None, noted among what was left out, when that cannot be said.

    Without a history that names what is wanted, the workloads that carry the release's label are judged.
    """
    wanted = found.subject.wanted or tuple(identity(live) for kind in WORKLOADS for live in found.of(kind))
    if not wanted:
        found.left_out.append(LeftOut("findings.txt", "there is no release to judge"))
        return None
    try:
        facts = Facts(found.now, wanted, _by_kind(found))
        asked = evaluate(facts).log_requests
        answers = {question: lines for question in asked if (lines := _answer(found, question))}
        return evaluate(dataclasses.replace(facts, answers=answers))
    except Exception as error:  # a diagnosis is wanted most when objects are in a state that nobody has thought of
        found.left_out.append(LeftOut("findings.txt", f"the facts could not be judged: {type(error).__name__} {error}"))
        return None


def _by_kind(found: Collected) -> dict[str, tuple[Live, ...]]:
    """The objects by kind and group, as the rules know them; of a kind without any, the group is not known."""
    kinds: dict[str, tuple[Live, ...]] = {kind: () for kind, items in found.objects.items() if not items}
    for item in (*itertools.chain.from_iterable(found.objects.values()), *found.nodes):
        kinds[kind_of(item)] = (*kinds.get(kind_of(item), ()), item)
    return kinds


def _answer(found: Collected, question: LogRequest) -> tuple[str, ...]:
    if question.what not in (LOG, PREVIOUS_LOG):
        return ()
    name = LogName(question.pod, question.container, question.what == PREVIOUS_LOG)
    return tuple(lines_of(found.logs.get(name, ""))[-LINES:])
