# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: what it says, that nothing breaks out of it, and that it needs nothing else."""

from __future__ import annotations

import html.parser
import re
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.css import DARK, LIGHT, PAPER
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.html import SHAPES, VOID, Html, joined, tag
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.page import render_html

from .samples import failed, finding, passed, report


class Reader(html.parser.HTMLParser):
    """Fails on an element that is not closed where it should be; keeps elements and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in SHAPES:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for element, attributes in self.elements if element == name]


def test_it_leads_with_the_verdict_and_the_sentence() -> None:
    text = Reader(render_html(report())).text
    assert text.startswith("Failed: Release 12 of maestro in maestro-system on eks-prod")
    assert "Failed: something is wrong" in text
    for words in (
        "Deployment maestro cannot start new pods",
        "eks-prod",
        "2026-11-23 20:30:00 UTC",
        "maestro, number 12",
    ):
        assert words in text


def test_every_check_and_finding_is_there_the_gravest_first() -> None:
    text = Reader(render_html(report())).text
    for words in ("Prerequisites", "Health", "Posture", "Drift", "Smoke test", "Conditional result was False"):
        assert words in text
    findings = text[text.index("Findings (4)") :]
    order = [
        findings.index(name) for name in ("image-not-found", "api-unreachable", "posture-autoscaling", "cluster-not")
    ]
    assert order == sorted(order)
    for words in ("The tag was never pushed.", "rpc error: code = NotFound", "Push the image", "2026-11-23T20:14:34Z"):
        assert words in findings
    assert "How the pods came up" in text
    assert "Nothing connects but what a policy names." in text


def test_a_good_report_has_no_empty_sections() -> None:
    text = Reader(render_html(report({"health": passed()}))).text
    assert "Passed: everything is as it should be" in text
    for words in ("Findings (", "How the pods came up", "Rules that"):
        assert words not in text
    assert "no findings" in text


HOSTILE = '</pre></style><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>" onmouseover="x&\''


def hostile(value: t.Any) -> t.Any:
    """The same values with every text followed by what would break out of a page."""
    if isinstance(value, dict):
        return {key: hostile(inner) if key not in ("verdict", "severity") else inner for key, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner) for inner in value]
    return value + HOSTILE if isinstance(value, str) else value


def test_nothing_that_a_pod_says_breaks_out_of_the_page() -> None:
    results = {"health": hostile(failed()), HOSTILE: hostile(passed())}
    page = Reader(render_html(report(results, host=HOSTILE, release=HOSTILE, namespace=HOSTILE)))
    assert page.named("script") == page.named("img") == []
    assert not any(name.startswith("on") for _element, attributes in page.elements for name in attributes)
    assert page.text.count("<script>alert(1)</script>") > 10


def test_it_needs_no_network_and_no_script() -> None:
    text = render_html(report())
    page = Reader(text)
    assert page.named("script") == page.named("iframe") == page.named("img") == []
    assert [link["href"] for link in page.named("link")] == ["data:,"]
    assert "url(" not in text
    assert "@import" not in text
    policies = [each["content"] for each in page.named("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert [str(policy).split(";")[0] for policy in policies] == ["default-src 'none'"]


def test_links_lead_to_the_pages_of_the_findings() -> None:
    links = [link["href"] for link in Reader(render_html(report())).named("a")]
    assert links[0] == "https://github.com/brianlong/intelgraph/blob/main/docs/findings/image-not-found.md"
    assert len(links) == 4


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_html(report()) == render_html(report())


def test_children_are_escaped_unless_they_are_html() -> None:
    assert tag("p", "a < b", None, tag("br"), class_="x", title='"') == '<p class="x" title="&quot;">a &lt; b<br></p>'
    assert joined(["<", Html("<i>")]) == "&lt;<i>"
    assert tag("path", d="M0 0") == '<path d="M0 0"/>'


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXTS = ("ink", "quiet", "passed", "failed", "inconclusive", "skipped", "error", "warning", "note")
AREAS = ("ready", "starting", "pending", "failing", "old", "terminating")


@pytest.mark.parametrize("colours", [LIGHT, DARK, PAPER], ids=["light", "dark", "paper"])
def test_colours_can_be_told_from_what_they_stand_on(colours: dict[str, str]) -> None:
    weak = [name for name in TEXTS if contrast(colours[name], colours["card"]) < 4.5]
    weak += [name for name in AREAS if contrast(colours[name], colours["card"]) < 3]
    assert weak == []
    assert contrast(colours["ink"], colours["well"]) > 7


def test_every_colour_that_is_used_is_given() -> None:
    text = render_html(report({"health": failed(findings=[finding()])}))
    used = set(re.findall(r"var\(--([a-z]+)\)", text)) - {"tone"}
    assert used == set(LIGHT) == set(DARK) == set(PAPER)
