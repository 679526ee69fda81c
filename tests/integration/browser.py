# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, asked over its DevTools protocol: what a page asks of the network, its size, its picture."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import typing as t

import websocket

PROGRAM = "chromium-headless-shell"
OPTIONS = ("--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0", "--no-first-run")
ANNOUNCEMENT = "DevTools listening on "
SECONDS = 180


class Tab:
    """One tab of the browser."""

    def __init__(self, endpoint: str) -> None:
        self._socket = websocket.create_connection(endpoint, timeout=SECONDS, suppress_origin=True)
        self._number = 0
        self._events: list[dict[str, t.Any]] = []
        self._session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        self._socket.close()

    def ask(self, method: str, **params: t.Any) -> dict[str, t.Any]:
        """The answer to one command; events that come first are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while (answer := json.loads(self._socket.recv())).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return t.cast("dict[str, t.Any]", answer["result"])

    def show(self, page: pathlib.Path, width: int, scheme: str = "light", media: str = "") -> None:
        """Load a page into a window of this width, in a colour scheme, as on the screen or on paper."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)
        self._events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        while not self.reported("Page.loadEventFired"):
            self._events.append(json.loads(self._socket.recv()))

    def reported(self, method: str) -> list[dict[str, t.Any]]:
        """The events of this kind since the page was loaded."""
        return [event["params"] for event in self._events if event.get("method") == method]

    def value(self, expression: str) -> t.Any:
        """What a script in the page evaluates to."""
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]

    def picture(self, path: pathlib.Path) -> bytes:
        """The whole page as PNG, also written to a file."""
        taken = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(taken))
        return path.read_bytes()


@contextlib.contextmanager
def browsing() -> t.Iterator[Tab]:
    """A browser with one tab and a profile of its own, ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="maestro-browser-") as profile:
        command = [PROGRAM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
        )
        try:
            tab = Tab(_endpoint(process))
            yield tab
            tab.close()
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """The program is a script that starts the browser, which starts others: they are one group."""
    os.killpg(process.pid, signal.SIGKILL)
    assert process.stderr
    process.stderr.read()  # ends when the last of them has
    process.wait(SECONDS)


def _endpoint(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    for line in process.stderr:
        if line.startswith(ANNOUNCEMENT):
            return line.removeprefix(ANNOUNCEMENT).strip()
    raise AssertionError(f"{PROGRAM} did not start (exit code {process.wait()})")
