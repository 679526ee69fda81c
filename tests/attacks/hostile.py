# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads whose pods say what they should not, and what nobody should find in what a run shows or leaves."""

from __future__ import annotations

import base64
import pathlib
import re
import typing as t

from tests.integration.releasing import LABELS, manifest

Manifest = dict[str, t.Any]
PLAYBOOK = pathlib.Path(__file__).with_name("release.yml")
IMAGE = "docker.io/library/busybox:1.35"
PODS = {**LABELS, "app.kubernetes.io/name": "maestro"}
LAST_WORDS = "/dev/termination-log"

CLEARS = "\x1b[2J\x1b[3J\x1b[H"
TITLES = "\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\"
FORGED = "PLAY RECAP *********************\nlab : ok=99 changed=0 unreachable=0 failed=0"
TURNS = "\u202egnp.exe\u2066\u200b\u2028"
HOSTILE = f"{CLEARS}{TITLES}\n{FORGED}\r\nfailed\rok: [lab]\n{TURNS}\x9b2J\x08\x7f\0end\n"
"""What clears a screen, sets a title, forges a recap, hides what stands before it, and turns the direction."""
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""No character of this kind may reach a terminal; only line feeds and tabs may."""


def says(text: str) -> str:
    """A shell command that writes these bytes, whatever they are."""
    return f"echo {base64.b64encode(text.encode()).decode()} | base64 -d"


def workload(namespace: str, script: str, container: Manifest | None = None, **pod: t.Any) -> Manifest:
    """A Deployment of one pod that runs a script; `container` and `pod` are further fields of these."""
    run = {"name": "hostile", "image": IMAGE, "command": ["sh", "-c", script], **(container or {})}
    inside = {"terminationGracePeriodSeconds": 1, "containers": [run], **pod}
    spec = {
        "replicas": 1,
        "progressDeadlineSeconds": 60,
        "minReadySeconds": 5,
        "selector": {"matchLabels": PODS},
        "template": {"metadata": {"labels": PODS}, "spec": inside},
    }
    return manifest("apps/v1", "Deployment", "maestro", namespace, spec=spec)


def unsafe(contents: t.Mapping[str, str | bytes]) -> dict[str, str]:
    """The places that hold an unsafe character, each with what stands around it."""
    found = {}
    for place, content in contents.items():
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        match = UNSAFE.search(text)
        if match:
            found[place] = repr(text[max(0, match.start() - 60) : match.end() + 20])
    return found
