# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a load: requests are due at a fixed rate whatever the service does, and every one of them is accounted for.

One thread, one loop: it waits for sockets or for the next request to be due, whichever is first. Bounded in requests,
connections and time; stops by itself when more than half of the answers of two seconds are errors, and leaves no
socket behind however it ends.
"""

from __future__ import annotations

import collections
import gc
import itertools
import select
import selectors
import ssl
import time
import typing as t

from ..http.connection import CLOSED, CONNECT, TLS, UNABLE, Connection, Exchange
from .recorder import KINDS, LIMITED, NEVER_SENT, OK, UNSENT, Recording, kind_of
from .schedule import LoadPlan, mixed

Address = tuple[int, t.Any]
"""A socket family and what `connect` wants."""

TIMEOUT = KINDS.index("timeout")
GRAIN = 0.0005
"""Seconds: requests that are due so close together are sent in one go, which spares half of the wake-ups at 5000/s."""
LEAD = 0.01
HARM_SPAN, HARM_RATIO, HARM_LEAST = 2.0, 0.5, 20
HARMLESS = (OK, LIMITED, *NEVER_SENT)
RESEND = frozenset({"GET", "HEAD", "OPTIONS"})
_SELECT_LIMIT = 1024


class Load:
    """Connections of one plan, kept from one stretch to the next; `close` them, or use it in a `with`."""

    def __init__(
        self,
        plan: LoadPlan,
        addresses: t.Sequence[Address],
        context: ssl.SSLContext | None,
        clock: t.Callable[[], float] = time.monotonic,
        enough: t.Callable[[int, float], bool] | None = None,
    ) -> None:
        """`enough(kind, due)` is asked at each end of a request and may stop the sending."""
        self.plan = plan
        self.selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._descriptor: int = getattr(self.selector, "fileno", lambda: _SELECT_LIMIT)()
        self.recording = Recording()
        self.warming = Recording()
        self.opened = self.resent = self.most_open = 0
        self.harmful = False
        self.stopped = False
        self.planned = 0
        self.wall = self.cpu = 0.0
        self._addresses = itertools.cycle(addresses)
        self._context = context
        self._clock = clock
        self._enough = enough
        self._mix = mixed(plan.requests)
        self._start = 0.0
        self._idle: collections.deque[Connection] = collections.deque()
        self._open: set[Connection] = set()
        self._waiting: collections.deque[Exchange] = collections.deque()
        self._flying: collections.deque[Exchange] = collections.deque()
        self._unfinished = 0
        self._first_counted = self._forgotten = 0
        self._recent: collections.deque[tuple[float, bool]] = collections.deque()
        self._recent_errors = 0

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close everything; what is still under way is forgotten."""
        for connection in [*self._open]:
            connection.close()
        self._open.clear()
        self._idle.clear()
        self.selector.close()

    def run(self, count: int, warming: int = 0) -> None:
        """Send `warming` requests that do not count and then `count` that do, and wait for every answer or timeout."""
        begun, used = self._clock(), time.process_time()
        offset = self.wall
        self._start = begun - offset
        self._first_counted = warming
        collected = gc.isenabled()
        gc.disable()
        try:
            self._send_all(warming + count, begun + LEAD)
        finally:
            if collected:
                gc.enable()
            self.wall += self._clock() - begun
            self.cpu += time.process_time() - used

    def _send_all(self, total: int, first: float) -> None:
        interval = 1 / self.plan.rate
        number = 0
        while number < total or self._unfinished:
            due = first + number * interval if number < total else float("inf")
            self._wait(due)
            now = self._clock()
            self._expire(now)
            self._refill()
            while number < total and first + number * interval <= now:
                self._see_to(number, first + number * interval, now)
                number += 1
            if self.stopped:
                total = number
                self._forget_waiting()
        self.planned += max(0, total - self._first_counted - self._forgotten)
        if self.harmful and not self.planned:
            self._count_the_warm_up()

    def _forget_waiting(self) -> None:
        """A load that stopped sends nothing more: what waits for a connection is taken out of the plan."""
        while exchange := self._next_waiting():
            exchange.done = True
            self._unfinished -= 1
            self._forgotten += exchange.number >= self._first_counted

    def _count_the_warm_up(self) -> None:
        """A load that stopped itself before anything counted is judged by what it sent."""
        said = self.recording.said
        self.recording, self.warming, self.planned = self.warming, Recording(), len(self.warming)
        self.recording.said.update(said)

    def _wait(self, due: float) -> None:
        """Handle sockets until the next request is due, or the first one times out.

        A selector is itself a file that can be waited for, and `select` waits to the microsecond where epoll rounds up
        to the millisecond.
        """
        moment = due
        if self._flying:
            moment = min(moment, self._flying[0].due + self.plan.timeout)
        pause = moment - self._clock()
        if pause > 0 and self._descriptor < _SELECT_LIMIT:
            select.select([self._descriptor], [], [], max(pause, GRAIN))
            pause = 0.0
        for key, mask in self.selector.select(pause):
            key.data.ready(mask)

    def _see_to(self, number: int, due: float, now: float) -> None:
        exchange = Exchange(number, next(self._mix), due, now)
        self._flying.append(exchange)
        self._unfinished += 1
        self._dispatch(exchange)

    def _dispatch(self, exchange: Exchange) -> None:
        """The connection that rested longest is taken, so that all are used, and all pods behind them."""
        if self._idle and len(self._open) >= self.plan.least:
            self._idle.popleft().send(exchange)
        elif len(self._open) < self.plan.connections:
            self._connect(exchange)
        else:
            self._waiting.append(exchange)

    def _connect(self, exchange: Exchange) -> None:
        try:
            connection = Connection(self, next(self._addresses), self.plan.url.host, self._context, exchange)
        except OSError as error:
            self._end(exchange, UNABLE, error.strerror or str(error))
            return
        self.opened += 1
        if connection.exchange is not None:
            self._open.add(connection)
            self.most_open = max(self.most_open, len(self._open))

    def sending(self, exchange: Exchange) -> None:
        """A request is about to be written."""
        exchange.sent = self._clock()

    def answered(self, connection: Connection, exchange: Exchange) -> None:
        """An answer is complete; its connection takes the next request, or is closed when it cannot."""
        kind = kind_of(connection.answer.status, exchange.request.statuses)
        if kind != OK:
            self.recording.said.setdefault(KINDS[kind], f"{exchange.request.name}: {connection.answer.status}")
        pod = connection.answer.header(b"x-maestro-pod")
        if pod:
            self.recording.pods[pod] += 1
        if connection.answer.kept:
            self._finish(exchange, kind)
            self._reuse(connection)
        else:
            connection.close()
            self._open.discard(connection)
            self._finish(exchange, kind)

    def failed(self, connection: Connection, exchange: Exchange, kind: str, text: str) -> None:
        """A request ended with its connection."""
        self._open.discard(connection)
        if kind == CLOSED and not exchange.resent and exchange.request.method in RESEND:
            self.resent += 1
            exchange.resent = True
            self._connect(exchange)
            return
        self._end(exchange, "cut" if kind == CLOSED else kind, text)

    def _end(self, exchange: Exchange, kind: str, text: str) -> None:
        """A request ended badly, in these words."""
        self.recording.said.setdefault(kind, text)
        self._finish(exchange, KINDS.index(kind))

    def lost(self, connection: Connection) -> None:
        """The server closed an idle connection."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _reuse(self, connection: Connection) -> None:
        waiting = None if self.stopped else self._next_waiting()
        if waiting is None:
            self._idle.append(connection)
        else:
            connection.send(waiting)

    def _refill(self) -> None:
        """Connect for those that wait while there is room; one that fails at once leaves it to the next."""
        while self._waiting and not self.stopped and len(self._open) < self.plan.connections:
            waiting = self._next_waiting()
            if waiting is not None:
                self._connect(waiting)

    def _next_waiting(self) -> Exchange | None:
        while self._waiting:
            exchange = self._waiting.popleft()
            if not exchange.done:
                return exchange
        return None

    def _expire(self, now: float) -> None:
        """End the requests whose time is over. All have the same timeout, so the first due is the first to expire."""
        flying = self._flying
        while flying and (flying[0].done or flying[0].due + self.plan.timeout <= now):
            exchange = flying.popleft()
            if not exchange.done:
                self._time_out(exchange)

    def _time_out(self, exchange: Exchange) -> None:
        connection = exchange.connection
        if connection is None or connection.exchange is not exchange:
            self._finish(exchange, UNSENT)
            return
        missing = {CONNECT: "connection", TLS: "TLS connection"}.get(connection.opening, "answer")
        self.recording.said.setdefault(KINDS[TIMEOUT], f"no {missing} within {self.plan.timeout:g} s")
        connection.close()
        self._open.discard(connection)
        self._finish(exchange, TIMEOUT)

    def _finish(self, exchange: Exchange, kind: int) -> None:
        now = self._clock()
        exchange.done = True
        self._unfinished -= 1
        recording = self.recording if exchange.number >= self._first_counted else self.warming
        service = now - exchange.sent if exchange.sent else 0.0
        due = exchange.due
        recording.add(kind, due - self._start, exchange.started - due, service, now - due)
        if kind != OK:
            recording.names[f"{exchange.request.name} {KINDS[kind]}"] += 1
        self._watch_for_harm(now, kind)
        if self._enough is not None and self._enough(kind, due - self._start):
            self.stopped = True

    def _watch_for_harm(self, now: float, kind: int) -> None:
        wrong = kind not in HARMLESS
        recent = self._recent
        recent.append((now, wrong))
        self._recent_errors += wrong
        while recent[0][0] < now - HARM_SPAN:
            self._recent_errors -= recent.popleft()[1]
        if self._recent_errors >= HARM_LEAST and self._recent_errors > HARM_RATIO * len(recent):
            self.harmful = self.stopped = True
