# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

import typing as t

from .._findings.finding import FAILED, INCONCLUSIVE, PASSED, SEVERITIES, Finding, page_of
from .css import CSS
from .html import Html, joined, tag
from .load_section import loading
from .model import SKIPPED, CheckResult, Report
from .rollout_chart import chart, listed, worded

REPOSITORY = "https://github.com/brianlong/intelgraph/blob/main"
"""Where the page of each kind of finding is read."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
SIGNS = {PASSED: "\u2713", FAILED: "\u2715", INCONCLUSIVE: "?", SKIPPED: "\u2013"}
HEADLINES = {
    PASSED: "Everything is as it should be",
    FAILED: "Something is wrong",
    INCONCLUSIVE: "Not everything could be judged",
}


def render_html(report: Report) -> str:
    """The page. The same report gives the same bytes."""
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{report.verdict.capitalize()}: {report.subject()}"),
        tag("style", Html(CSS)),
    )
    body = tag(
        "main",
        _header(report),
        _checks(report.checks),
        _findings(report),
        _timeline(report),
        *_loads(report.checks),
        _rules(report.checks),
        tag("footer", f"Written by intelgraph.maestro at {report.made}"),
    )
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', body), lang='en')}\n"


def _header(report: Report) -> Html:
    facts = {
        "release": f"{report.release}{f', number {report.number}' if report.number else ''}",
        "namespace": report.namespace,
        "cluster": report.host,
        "judged": report.made.replace("T", " ").replace("+00:00", " UTC"),
        "took": worded(report.seconds),
    }
    return tag(
        "header",
        tag(
            "h1",
            _sign(report.verdict),
            tag("span", report.verdict.capitalize(), class_="verdict"),
            ": ",
            _headline(report),
        ),
        tag("p", report.worst.headline if report.worst else report.sentence(), class_="lead"),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()), class_="about"),
        class_=f"tone-{report.verdict}",
    )


def _headline(report: Report) -> str:
    return HEADLINES[report.verdict].lower()


def _sign(verdict: str) -> Html:
    return tag("span", f"{SIGNS[verdict]} ", class_="verdict", aria_hidden="true")


def _checks(checks: t.Sequence[CheckResult]) -> Html:
    rows = (
        tag(
            "tr",
            tag("th", check.title, scope="row"),
            tag("td", _badge(check.verdict), class_="outcome"),
            tag("td", check.headline, class_="says"),
            tag("td", check.counts() or "no findings", class_="count"),
            tag("td", f"{check.seconds:.1f} s" if check.seconds else "", class_="number"),
        )
        for check in checks
    )
    names = (("Check", None), ("Verdict", None), ("What it says", None), ("Findings", None), ("Took", "number"))
    heads = (tag("th", name, scope="col", class_=kind) for name, kind in names)
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="checks")
    return tag("section", tag("h2", "Checks"), table)


def _badge(word: str) -> Html:
    sign = f"{SIGNS[word]} " if word in SIGNS else ""
    return tag("span", tag("span", sign, aria_hidden="true"), word, class_=f"badge tone-{word}")


def _findings(report: Report) -> Html | None:
    found = [(finding, check) for check in report.checks for finding in check.findings]
    found.sort(key=lambda pair: SEVERITIES.index(pair[0].severity))
    if not found:
        return None
    return tag("section", tag("h2", f"Findings ({len(found)})"), *(_finding(*pair) for pair in found))


def _finding(finding: Finding, check: CheckResult) -> Html:
    evidence = tag("pre", "\n".join(finding.evidence)) if finding.evidence else None
    facts: dict[str, str | None] = {
        "container": finding.container and tag("code", finding.container),
        "since": finding.since,
        "cause": finding.cause,
        "evidence": evidence,
        "what to do": finding.next_step and tag("span", finding.next_step, class_="next"),
        "more": tag("a", page_of(finding.id), href=f"{REPOSITORY}/{page_of(finding.id)}", rel="noreferrer"),
    }
    pairs = ((tag("dt", name), tag("dd", value)) for name, value in facts.items() if value)
    return tag(
        "article",
        tag(
            "div",
            _badge(finding.severity),
            tag("code", finding.id),
            tag("span", check.title, class_="quiet"),
            class_="head",
        ),
        tag("h3", finding.object),
        tag("p", finding.message),
        tag("dl", *(joined(pair) for pair in pairs)),
        class_=f"finding tone-{finding.severity}",
    )


def _timeline(report: Report) -> Html | None:
    picture = chart(report.timeline)
    if picture is None:
        return None
    rows = (
        tag("li", tag("span", worded(moment.seconds), class_="quiet"), tag("span", moment.message or listed(moment)))
        for moment in report.timeline
    )
    return tag(
        "section",
        tag("h2", "How the pods came up"),
        picture,
        tag("details", tag("summary", "The same in words"), tag("ol", *rows, class_="told")),
    )


def _loads(checks: t.Sequence[CheckResult]) -> list[Html | None]:
    return [loading(f"load-{number}", check.title, check.load, _badge) for number, check in enumerate(checks)]


def _rules(checks: t.Sequence[CheckResult]) -> Html | None:
    rows = [
        tag("tr", tag("td", demand), tag("td", _badge(verdict)), tag("td", tag("code", rule), class_="id"))
        for check in checks
        for rule, demand, verdict in check.rules
    ]
    if not rows:
        return None
    return tag(
        "section", tag("h2", "Rules that the deployment keeps"), tag("table", tag("tbody", *rows), class_="rules")
    )
