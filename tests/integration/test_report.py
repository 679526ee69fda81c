# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files as their readers see them: the page in a browser, the XML against a schema. No lab is needed.

Pictures of the page are kept in artifacts/report, to be looked at.
"""

from __future__ import annotations

import pathlib
import struct
import subprocess
import typing as t
import zlib

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.junit import render_junit
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.page import render_html
from tests.integration.browser import Tab, browsing
from tests.integration.playing import ROOT
from tests.unit.plugins.module_utils._report.loads import BAD, load
from tests.unit.plugins.module_utils._report.samples import failed, finding, passed, report

PICTURES = ROOT / "artifacts" / "report"
SCHEMA = pathlib.Path(__file__).with_name("junit.xsd")
WIDE, PHONE = 1100, 360
LONG = "ghcr.io/" + "a-very-long-name-without-any-place-to-break-" * 8


@pytest.fixture(scope="module")
def tab() -> t.Iterator[Tab]:
    with browsing() as opened:
        yield opened


@pytest.fixture
def page(tmp_path: pathlib.Path) -> pathlib.Path:
    """A page with one result of each kind."""
    path = tmp_path / "report.html"
    path.write_text(render_html(report()), encoding="utf-8")
    return path


def colours(png: bytes) -> set[bytes]:
    """The colours in a PNG of 8 bits a channel, without interlace, as browsers write it."""
    width, height, _depth, kind = struct.unpack(">IIBB", png[16:26])
    size, at, data = {2: 3, 6: 4}[kind], 8, b""
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    rows, row, found = zlib.decompress(data), bytearray(width * size), set()
    for number in range(height):
        start = number * (width * size + 1)
        row = _unfiltered(rows[start], rows[start + 1 : start + 1 + width * size], row, size)
        if number % 8 == 0:
            found |= {bytes(row[pixel : pixel + 3]) for pixel in range(0, len(row), size)}
    return found


def _unfiltered(method: int, line: bytes, above: bytearray, size: int) -> bytearray:
    """One line of a PNG without its filter (section 9 of the specification)."""
    if method == 0:
        return bytearray(line)
    if method == 2:
        return bytearray((value + over) & 255 for value, over in zip(line, above, strict=True))
    row = bytearray(line)
    for at, value in enumerate(line):
        left = row[at - size] if at >= size else 0
        corner = above[at - size] if at >= size else 0
        over = above[at]
        if method == 1:
            guess = left
        elif method == 3:
            guess = (left + over) // 2
        else:
            start = left + over - corner
            guess = min((left, over, corner), key=lambda each: abs(start - each))
        row[at] = (value + guess) & 255
    return row


LOOKS = {
    "wide-light": (WIDE, "light", "", "#1a7048"),
    "wide-dark": (WIDE, "dark", "", "#5ecb97"),
    "phone-light": (PHONE, "light", "", "#1a7048"),
    "phone-dark": (PHONE, "dark", "", "#5ecb97"),
    "paper": (794, "dark", "print", "#1a7048"),
}
"""Width of the window, scheme, medium, and the colour of what passed."""


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_looks_right_and_asks_the_network_for_nothing(look: str, tab: Tab, page: pathlib.Path) -> None:
    width, scheme, media, green = LOOKS[look]
    tab.show(page, width, scheme, media)
    png = tab.picture(PICTURES / f"{look}.png")
    asked = [event["request"]["url"] for event in tab.reported("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
    assert [event["entry"]["text"] for event in tab.reported("Log.entryAdded")] == []
    assert tab.value("document.documentElement.scrollWidth") == width
    found = colours(png)
    assert len(found) > 100
    assert bytes.fromhex(green[1:]) in found


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_nothing_is_too_wide_however_long_it_is(width: int, tab: Tab, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.html"
    reported = finding(id="x", message=LONG, object=LONG, evidence=[LONG], next_step=LONG, container=LONG, cause=LONG)
    rules = [{"id": LONG, "demand": LONG, "verdict": "passed"}]
    long = report(
        {"health": failed(msg=LONG, findings=[reported], rules=rules), LONG: passed()}, host=LONG, release=LONG
    )
    path.write_text(render_html(long), encoding="utf-8")
    tab.show(path, width)
    assert tab.value("document.documentElement.scrollWidth") == width
    inside = (
        "[...document.querySelectorAll('main *:not(svg *)')].filter(e => e.getBoundingClientRect().right > innerWidth)"
    )
    assert tab.value(f"{inside}.map(e => e.outerHTML.slice(0, 80))") == []


def test_text_on_a_phone_is_large_enough_to_read(tab: Tab, page: pathlib.Path) -> None:
    tab.show(page, PHONE)
    sizes = "[...document.querySelectorAll('main *')].filter(e => e.childNodes.length && e.innerText)"
    assert tab.value(f"Math.min(...{sizes}.map(e => parseFloat(getComputedStyle(e).fontSize)))") >= 12


def test_a_screen_reader_is_told_what_the_picture_shows(tab: Tab, page: pathlib.Path) -> None:
    tab.show(page, WIDE)
    tab.ask("Accessibility.enable")
    nodes = tab.ask("Accessibility.getFullAXTree")["nodes"]
    (image,) = [node for node in nodes if node.get("role", {}).get("value") == "image" and not node["ignored"]]
    assert (
        "Pods by phase over time At 0 s: 3 old. At 14.2 s: 2 old, 1 terminating, 1 failing." in image["name"]["value"]
    )
    headings = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "heading"]
    assert headings[:2] == ["Failed: something is wrong", "Checks"]


MORE = (("p50", 0.5), ("p99", 5.0))


@pytest.fixture
def loaded(tmp_path: pathlib.Path) -> pathlib.Path:
    """A page with the pictures of a load of which some requests failed, and with a name that does not break."""
    path = tmp_path / "loaded.html"
    values = load(BAD)
    values["gates"] += [{"gate": gate, "limit": limit, "value": 0.01, "verdict": "passed"} for gate, limit in MORE]
    values["plan"] |= {"url": f"https://{LONG}/", "requests": {f"GET /{LONG}": 1}}
    path.write_text(render_html(report({"smoke": passed(load=values)})), encoding="utf-8")
    return path


BOXES = """[...document.querySelectorAll('SELECTOR')].map(e => {
  const box = e.getBoundingClientRect(); return [e.innerText, box.left, box.top, box.right, box.bottom] })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_a_load_is_drawn_so_that_every_label_can_be_read(
    width: int, scheme: str, tab: Tab, loaded: pathlib.Path
) -> None:
    tab.show(loaded, width, scheme)
    tab.picture(PICTURES / f"load-{'phone' if width == PHONE else 'wide'}-{scheme}.png")
    tab.value("document.querySelectorAll('details').forEach(e => e.open = true) || 1")
    assert tab.value("document.documentElement.scrollWidth") == width
    texts = {}
    for kind, selector in {"flags": ".flag span", "along": ".along span", "up": ".up span", "cells": "td, th"}.items():
        texts[kind] = boxes = tab.value(BOXES.replace("SELECTOR", selector))
        assert [box for box in boxes if box[1] < 0 or box[3] > width] == []
        if kind != "cells":
            assert [(one, other) for one in boxes for other in boxes if one is not other and overlaps(one, other)] == []
    assert [box[0] for box in texts["flags"]] == [
        *("p50 7 ms", "p95 10 ms", "p99 10 ms"),
        *("p99 limit 5 s", "p95 limit 2 s", "p50 limit 500 ms"),
    ]
    assert {"10 ms", "1 s", "0 s", "6 s"} <= {box[0] for box in texts["along"]}
    assert len({box[0] for box in texts["up"]}) > 5


def overlaps(one: list[t.Any], other: list[t.Any]) -> bool:
    """Whether two boxes (text, left, top, right, bottom) cover one another."""
    _text, left, top, right, bottom = one
    _other, left2, top2, right2, bottom2 = other
    return bool(left < right2 and left2 < right and top < bottom2 and top2 < bottom)


def test_a_screen_reader_is_told_what_a_load_was_like(tab: Tab, loaded: pathlib.Path) -> None:
    tab.show(loaded, WIDE)
    tab.ask("Accessibility.enable")
    nodes = tab.ask("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "image"]
    assert [name.partition(" Of ")[0].partition(" Within ")[0].partition(" 64 ")[0] for name in names] == [
        "How long answers took",
        "Requests a second",
        "Failed requests a second",
    ]
    assert "60 5xx, 4 no answer in time" in names[2]


def test_the_xml_is_valid_junit(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.xml"
    for results in (None, {"health": passed()}, {}):
        path.write_text(render_junit(report(results)), encoding="utf-8")
        command = ["xmllint", "--noout", "--nonet", "--schema", str(SCHEMA), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
