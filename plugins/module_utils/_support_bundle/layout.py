# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in the archive: its parts as text, each masked, and a page that says what is where and missing. Pure."""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible.module_utils.common.yaml import yaml_dump

from .._findings.finding import page_of
from .._health.facts import HealthEvaluation, Live
from .._redaction.mask import Mask
from .._text.printable import one_line, printable
from . import tables
from .sanitize import cleaned
from .scope import Collected, LeftOut, Recorded

Parts = dict[str, str]
"""Text by path within the archive."""
WIDTH = 120
ORDER = ("findings.txt", "pods.txt", "events.txt", "history.txt", "usage.txt", "nodes.txt", "release.yaml")
PURPOSE = {
    "findings.txt": "what is wrong, why, and what to do: read this first",
    "pods.txt": "the pods: ready, waiting for what, restarted how often, ended how",
    "events.txt": "what happened, in the order of time (the API server keeps events for an hour)",
    "history.txt": "the releases that the cluster remembers",
    "usage.txt": "quotas, limits, and what the containers use",
    "nodes.txt": "the nodes, and what keeps pods off them",
    "release.yaml": "what the newest release declares",
    "objects/": "every object of the release and what they own, as the API shows it",
    "logs/": "the end of each container's log; .previous.log is of the container that ended before",
}


def mask_of(found: Collected) -> Mask:
    """What takes the secrets of this release out of text. Names of objects are no secrets, whatever Secrets hold."""
    subject = found.subject
    names = {live["metadata"]["name"] for lives in found.objects.values() for live in lives}
    return Mask(found.values, {subject.name, subject.namespace, *names})


def compose(found: Collected, evaluation: HealthEvaluation | None, mask: Mask) -> tuple[Parts, list[LeftOut]]:
    """All parts and everything that was left out. A part that cannot be written is left out, and no other with it."""
    left_out = sorted(found.left_out)
    parts: Parts = {}
    for path, write in _writers(found, evaluation, mask):
        try:
            parts[path] = write()
        except Exception as error:  # whatever shape an object has, the rest of the archive is worth having
            left_out.append(LeftOut(path, f"it could not be written: {type(error).__name__} {error}"))
    parts = {path: printable(mask.known(text)) for path, text in parts.items()}
    displayed = [LeftOut(part, one_line(" ".join(mask.text(why).split()))) for part, why in left_out]
    return {"README.md": printable(mask.known(readme(found, evaluation, parts, displayed))), **parts}, displayed


def _writers(
    found: Collected, evaluation: HealthEvaluation | None, mask: Mask
) -> t.Iterator[tuple[str, t.Callable[[], str]]]:
    if evaluation:
        yield "findings.txt", lambda: mask.text(findings(evaluation))
    yield "pods.txt", lambda: mask.text(tables.pods(found.of("Pod")))
    yield "events.txt", lambda: mask.text(tables.events(found.of("Event")))
    yield "history.txt", lambda: mask.text(tables.history(found.subject.records))
    yield "usage.txt", lambda: tables.usage(found)
    yield "nodes.txt", lambda: tables.nodes(found.nodes)
    if found.subject.records:
        newest = found.subject.records[-1]
        yield "release.yaml", lambda: _release(newest, mask)
    for kind, lives in sorted(found.objects.items()):
        for live in lives if kind != "Event" else ():
            yield f"objects/{kind}/{live['metadata']['name']}.yaml", _object_writer(live, mask)
    for name, text in sorted(found.logs.items()):
        yield name.path, _log_writer(text, mask)


def _object_writer(live: Live, mask: Mask) -> t.Callable[[], str]:
    return lambda: _yaml(cleaned(live, mask))


def _log_writer(text: str, mask: Mask) -> t.Callable[[], str]:
    return lambda: mask.text(text)


def _release(newest: Recorded, mask: Mask) -> str:
    return "---\n".join(_yaml(cleaned(manifest, mask)) for manifest in newest.manifests)


def _yaml(document: t.Any) -> str:
    return str(yaml_dump(document, sort_keys=False, default_flow_style=False, width=WIDTH, allow_unicode=True))


def findings(evaluation: HealthEvaluation) -> str:
    """The verdict, each finding with its proof, and what is not ready yet."""
    lines = [f"Verdict: {evaluation.verdict or 'not decided yet'}", ""]
    for finding in evaluation.findings:
        lines.append(f"{finding.severity}: {finding.sentence()}")
        named = (("container", finding.container), ("since", finding.since), ("cause", finding.cause))
        lines += [f"    {name}: {value}" for name, value in named if value]
        lines += [f"    {line}" for line in finding.evidence]
        lines += [f"    page: {page_of(finding.id)}", ""]
    if evaluation.missing:
        lines += ["Not ready yet:", *(f"- {line}" for line in evaluation.missing), ""]
    return "\n".join(lines)


def readme(
    found: Collected, evaluation: HealthEvaluation | None, parts: t.Iterable[str], left_out: t.Iterable[LeftOut]
) -> str:
    """The first page: what this is about, what is where, what was left out and why."""
    subject, present = found.subject, list(parts)
    newest = subject.records[-1] if subject.records else None
    when = dt.datetime.fromtimestamp(found.now, dt.UTC).isoformat(timespec="seconds")
    sections = (
        f"# Diagnosis of release {subject.name} in namespace {subject.namespace}",
        "\n".join(
            (
                f"- taken: {when}",
                f"- cluster: {found.host}, Kubernetes {found.version or 'of an unknown version'}",
                f"- newest release: {f'{newest.number}, {newest.state}' if newest else 'the history names none'}",
                f"- verdict: {_verdict(evaluation)}",
            )
        ),
        _where(present),
        _missing(left_out),
        _masked(found),
    )
    return "\n\n".join(sections) + "\n"


def _verdict(evaluation: HealthEvaluation | None) -> str:
    if evaluation is None:
        return "none: the facts could not be judged"
    first = f" {evaluation.findings[0].sentence()}" if evaluation.findings else ""
    return f"{evaluation.verdict or 'not decided yet'}.{first}"


def _where(present: t.Collection[str]) -> str:
    rows = [f"| {path} | {PURPOSE[path]} |" for path in ORDER if path in present]
    rows += [
        f"| {folder} ({count}) | {PURPOSE[folder]} |"
        for folder in ("objects/", "logs/")
        if (count := sum(path.startswith(folder) for path in present))
    ]
    return "\n".join(("## What is where", "", "| file | holds |", "| --- | --- |", *rows))


def _missing(left_out: t.Iterable[LeftOut]) -> str:
    rows = [f"- {part}: {' '.join(why.split())}" for part, why in left_out]
    return "\n".join(("## What was left out", "", *(rows or ["Nothing that was looked for."])))


def _masked(found: Collected) -> str:
    return f"""## What was taken out

Values of Secrets (keys and sizes are shown), literal values of environment variables, annotations that repeat an
object. In all text, logs too: the {len(found.values)} values that the namespace's Secrets hold, in any usual form, are
replaced by the name of their key; what its own name calls a secret (`DB_PASSWORD`, `--token x`), private keys,
passwords in addresses, credentials in headers and JSON Web Tokens by `(secret)`. {_doubt(found)}"""


def _doubt(found: Collected) -> str:
    """What cannot be vouched for, in the words of a person."""
    if not found.knows_secrets:
        return (
            "The Secrets could not be read, so their values are not known here: only what looks like a secret was "
            "taken out of the logs. Read them before you pass this on."
        )
    return "What cannot be known: a secret of fewer than 4 characters, a fragment of one, one that is kept elsewhere."
