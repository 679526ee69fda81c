# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look of the page: one column that fits a phone, light and dark, and paper."""

from __future__ import annotations

LIGHT = {
    "page": "#f4f5f7",
    "card": "#ffffff",
    "ink": "#1b1f24",
    "quiet": "#57606a",
    "line": "#d5d9de",
    "well": "#f6f7f9",
    "passed": "#1a7048",
    "failed": "#b3261e",
    "inconclusive": "#8a5300",
    "skipped": "#57606a",
    "error": "#b3261e",
    "warning": "#8a5300",
    "note": "#0b5cad",
    "ready": "#23845a",
    "starting": "#3b82c4",
    "pending": "#8a929b",
    "failing": "#c4352b",
    "old": "#5f947b",
    "terminating": "#8a63c9",
    "bar": "#5b84b8",
    "amber": "#b06d00",
    "navy": "#1f3f8f",
    "teal": "#0f8a8a",
    "brown": "#7a4a21",
    "pink": "#c43b8e",
    "olive": "#6f7a1c",
}
DARK = {
    "page": "#0f1216",
    "card": "#181c22",
    "ink": "#e7eaee",
    "quiet": "#a0a9b4",
    "line": "#323943",
    "well": "#11151a",
    "passed": "#5ecb97",
    "failed": "#ff8a80",
    "inconclusive": "#f0b455",
    "skipped": "#a0a9b4",
    "error": "#ff8a80",
    "warning": "#f0b455",
    "note": "#79b8ff",
    "ready": "#3fae7c",
    "starting": "#5a9fe0",
    "pending": "#8d96a1",
    "failing": "#ef6a60",
    "old": "#86b39d",
    "terminating": "#a98be6",
    "bar": "#7fa3d1",
    "amber": "#f0b455",
    "navy": "#8ea6ff",
    "teal": "#41c4c4",
    "brown": "#c99468",
    "pink": "#f07cc0",
    "olive": "#b7c24e",
}
PAPER = {**LIGHT, "page": "#ffffff", "well": "#ffffff", "ink": "#000000", "quiet": "#444444"}
"""Text has a contrast of at least 4.5 to the card that it stands on, the areas of the picture one of 3."""


def _palette(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


CSS = f""":root {{ color-scheme: light dark; {_palette(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_palette(DARK)} }} }}
@media print {{ :root {{ color-scheme: light; {_palette(PAPER)} }} }}
"""
CSS += """* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
header, section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1.25rem 1.4rem;
  margin-bottom: 1rem; }
header { border-left: .5rem solid var(--tone); }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 0 0 .8rem; font-size: 1.1rem; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; }
p { margin: .5rem 0 0; }
a { color: var(--note); }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code, .mono { font-size: .875em; }
pre { margin: .35rem 0 0; padding: .6rem .8rem; background: var(--well); border: 1px solid var(--line);
  border-radius: .4rem;
  font-size: .8125rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
.tone-passed { --tone: var(--passed); } .tone-failed { --tone: var(--failed); }
.tone-inconclusive { --tone: var(--inconclusive); } .tone-skipped { --tone: var(--skipped); }
.tone-error { --tone: var(--error); } .tone-warning { --tone: var(--warning); } .tone-note { --tone: var(--note); }
.about { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: .9rem 0 0; color: var(--quiet);
  font-size: .875rem; }
.about div { display: flex; gap: .4rem; } .about dt::after { content: ":"; }
.about dd { margin: 0; color: var(--ink); }
.about div, .about dd, .head > * { min-width: 0; }
.verdict { color: var(--tone); }
.lead { font-size: 1.05rem; }
.badge { display: inline-block; padding: .05rem .55rem; border: 1px solid var(--tone); border-radius: 1rem;
  color: var(--tone);
  font-size: .8125rem; font-weight: 600; white-space: nowrap; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th { text-align: left; font-size: .8125rem; font-weight: 600; color: var(--quiet); }
th, td { padding: .5rem .9rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td, tr:last-child th { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.count { min-width: 6.5rem; overflow-wrap: normal; } thead th { overflow-wrap: normal; }
tbody th { color: var(--ink); font-size: .9375rem; min-width: 8.5rem; }
.finding { border-left: .25rem solid var(--tone); padding: .1rem 0 .1rem 1rem; margin-top: 1.4rem;
  break-inside: avoid; }
.finding:first-of-type { margin-top: 0; }
.finding .head { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .6rem; margin-bottom: .3rem; }
.finding dl { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: .35rem .9rem; margin: .7rem 0 0;
  font-size: .9375rem; }
.finding dt { color: var(--quiet); } .finding dd { margin: 0; } .finding dd pre { margin-top: 0; }
.next { font-weight: 600; }
.quiet { color: var(--quiet); font-size: .875rem; }
.plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .5rem; margin-top: .6rem; }
.plot .up { position: relative; font-size: .75rem; color: var(--quiet); text-align: right; }
.plot .up span { position: absolute; right: 0; transform: translateY(50%); line-height: 1; white-space: nowrap; }
.plot svg { display: block; width: 100%; height: 12rem; overflow: visible; }
.plot .along { grid-column: 2; position: relative; height: 1.2rem; margin-top: .3rem; font-size: .75rem;
  color: var(--quiet); }
.plot .along span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.plot .along .begin { transform: none; } .plot .along .end { transform: translateX(-100%); }
.flags { grid-column: 2; position: relative; font-size: .75rem; line-height: 1.3rem; }
.flag { position: absolute; bottom: 0; margin-left: -1px; border-left: 2px solid; }
.flag span { position: absolute; left: .3rem; white-space: nowrap; background: var(--card); padding: 0 .15rem; }
.flag.turned span { left: auto; right: .3rem; }
.pole { stroke-width: 2; vector-effect: non-scaling-stroke; }
.measured { stroke: var(--ink); border-color: var(--ink); }
.limit { stroke: var(--failed); border-color: var(--failed); } .flag.limit { color: var(--failed); }
.flag.limit { border-left-style: dashed; } .pole.limit { stroke-dasharray: 6 4; }
figure { margin: 1.3rem 0 0; break-inside: avoid; } figcaption { font-size: .9375rem; font-weight: 600; }
.bar { fill: var(--bar); stroke: var(--card); stroke-width: 1; vector-effect: non-scaling-stroke; }
.answered { fill: var(--bar); background: var(--bar); }
.trace { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.trace.sent { stroke: var(--ready); } .swatch.sent { background: var(--ready); height: .2rem; }
.trace.planned { stroke: var(--ink); stroke-dasharray: 3 4; }
.swatch.planned { height: 0; border-top: 2px dashed var(--ink); border-radius: 0; }
.crimson { fill: var(--failing); background: var(--failing); } .slate { fill: var(--pending);
  background: var(--pending); }
.sky { fill: var(--starting); background: var(--starting); } .violet { fill: var(--terminating);
  background: var(--terminating); }
.amber { fill: var(--amber); background: var(--amber); } .navy { fill: var(--navy); background: var(--navy); }
.teal { fill: var(--teal); background: var(--teal); } .brown { fill: var(--brown); background: var(--brown); }
.pink { fill: var(--pink); background: var(--pink); } .olive { fill: var(--olive); background: var(--olive); }
.black { fill: var(--ink); background: var(--ink); } .grey { fill: var(--quiet); background: var(--quiet); }
.figures { margin-top: .8rem; font-variant-numeric: tabular-nums; }
.figures th, .figures td { padding-top: .3rem; padding-bottom: .3rem; } .figures tbody th { font-weight: 400; }
.sheets { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 3fr); gap: .5rem 1.5rem; align-items: start; }
.sheet table { font-size: .8125rem; font-variant-numeric: tabular-nums; }
.sheet td, .sheet th { padding: .1rem .5rem .1rem 0; } .sheet th { font-size: .75rem; }
.grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.band { stroke: var(--card); stroke-width: 1; vector-effect: non-scaling-stroke; }
.ready { fill: var(--ready); background: var(--ready); } .starting { fill: var(--starting);
  background: var(--starting); }
.pending { fill: var(--pending); background: var(--pending); } .failing { fill: var(--failing);
  background: var(--failing); }
.old { fill: var(--old); background: var(--old); }
.terminating { fill: var(--terminating); background: var(--terminating); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .7rem 0 0; padding: 0; list-style: none;
  font-size: .875rem; }
.legend li { display: flex; align-items: center; gap: .4rem; }
.swatch { width: .8rem; height: .8rem; border-radius: .15rem; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
details { margin-top: .9rem; } summary { cursor: pointer; color: var(--quiet); font-size: .875rem; }
details[open] summary { margin-bottom: .5rem; }
.told { margin: 0; padding: 0; list-style: none; font-size: .875rem; }
.told li { display: grid; grid-template-columns: 4.5rem minmax(0, 1fr); gap: .8rem; padding: .2rem 0; }
footer { color: var(--quiet); font-size: .8125rem; text-align: center; }
@media (max-width: 40rem) {
  main { padding: .75rem .6rem 2rem; }
  header, section { padding: 1rem; border-radius: .5rem; }
  h1 { font-size: 1.35rem; }
  .checks thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .checks tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .15rem .8rem; padding: .7rem 0;
    border-bottom: 1px solid var(--line); }
  .checks tbody tr:first-child { padding-top: 0; }
  .checks tbody tr:last-child { border-bottom: 0; padding-bottom: 0; }
  .checks th, .checks td { padding: 0; border: 0; min-width: 0; }
  .checks tbody th { order: 1; } .checks .outcome { order: 2; text-align: right; }
  .checks .says { order: 3; grid-column: 1 / -1; } .checks .count { order: 4; } .checks .number { order: 5; }
  .checks .count { min-width: 0; }
  .checks .count, .checks .number { color: var(--quiet); font-size: .8125rem; }
  .finding dl { grid-template-columns: minmax(0, 1fr); gap: .1rem; }
  .finding dd { margin-bottom: .5rem; }
  .plot svg { height: 9rem; }
  .sheets { grid-template-columns: minmax(0, 1fr); }
  .figures thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .figures tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .1rem .8rem; padding: .5rem 0;
    border-bottom: 1px solid var(--line); }
  .figures th, .figures td { padding: 0; border: 0; text-align: left; } .figures .outcome { text-align: right; }
  .figures tbody th { min-width: 0; order: 1; } .figures .outcome { order: 2; } .figures .value { order: 3; }
  .figures .bound { order: 4; text-align: right; color: var(--quiet); font-size: .875rem; }
  .rules tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 .8rem; padding: .45rem 0;
    border-bottom: 1px solid var(--line); }
  .rules td { padding: 0; border: 0; } .rules .id { grid-column: 1 / -1; order: 3; }
}
@media print {
  body { font-size: 11pt; } main { max-width: none; padding: 0; }
  header { border-left-width: .5rem; } h2 { break-after: avoid; }
  .plot, .checks tr { break-inside: avoid; }
}
"""
