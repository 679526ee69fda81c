# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at work on one release: it holds the lock, knows the history, and has cleared up after runs that died."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from .._cluster.arguments import HISTORY_LIMIT, WAIT_TIMEOUT
from .._cluster.client import ApiError, Cluster
from .._findings.finding import Finding
from .._health.progress import Tell, silent
from .._objects.manifest import Key, Manifest
from .fenced_writer import Writer
from .objects.content_hash import named_by_content
from .objects.ownership import CREATED_BY, ReleaseName
from .outcome import Phases
from .planning.plan import Plan
from .record.create_once import claim
from .record.history import INTERRUPTED, History, Record, Trust
from .record.lease_lock import Lock, Superseded

Approval = t.Callable[[Plan, int], None]
"""Takes a plan and the number of the last release."""


class SmokeResult(t.NamedTuple):
    """Whether a release that is ready serves as it should, and the figures for its record."""

    verdict: str
    findings: tuple[Finding, ...]
    figures: dict[str, t.Any]


Verify = t.Callable[[t.Mapping[str, t.Any]], SmokeResult]
"""Takes what the release remembers of how it proves itself; nothing for one that remembers nothing."""
SMOKE_RESULT = "proof"
"""Where a record says that, in what it holds about its run."""
PLAY = "play"
"""Where a record says which play made it: one that makes several releases knows its own."""


def _nothing(_manifests: t.Iterable[Manifest]) -> None:
    """Nobody has to know the release beforehand."""


@dataclasses.dataclass(frozen=True)
class ReleaseOptions:
    """How a release is to be made. `timeout` is in seconds, `about` says who makes it and why.

    `rollback_to` is the number of the release that comes back with it, 0 for one that is new; `verb` says what is done
    to it otherwise. `settle`, `readiness_deadline` and `image_grace` are seconds as in `Facts`. `takes_lock` has a run
    follow the former holder of the lock though it changes nothing. `approve` raises when the plan is not the one that
    was approved. `remove_components` may be missing though the previous release had them. `tell` is told how the wait
    gets on, without what `mask` takes out of a text; `expect` is told which manifests are at work, whose Secrets that
    has to know. `verify` asks a release that is ready whether it serves. `play_begun` is when the play began, on the
    monotonic clock, 0 where that is not known; `replan` lets it go on after another run was faster. `acknowledges`:
    the caller says when somebody reads the result, so that a rollback nobody heard of is known. `trust` says which
    records of the history are believed. A rollback to a record that is not signed grants nothing that the cluster does
    not grant, or granted in `before` (live objects as the run found them), unless `rollback_rbac` allows it.
    """

    name: str
    namespace: str
    wait: bool = True
    timeout: float = WAIT_TIMEOUT
    history_limit: int = HISTORY_LIMIT
    takeover: bool = False
    prune_allowed: tuple[str, ...] = ()
    remove_components: tuple[str, ...] = ()
    about: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    rollback_to: int = 0
    verb: str = "deploy"
    takes_lock: bool = False
    settle: float = 0.0
    readiness_deadline: float = 0.0
    image_grace: float = 0.0
    replan: bool = False
    play_begun: float = 0.0
    acknowledges: bool = False
    approve: Approval | None = None
    verify: Verify | None = None
    tell: Tell = silent
    mask: t.Callable[[str], str] = str
    expect: t.Callable[[t.Iterable[Manifest]], None] = _nothing
    trust: Trust = dataclasses.field(default_factory=Trust)
    rollback_rbac: bool = False
    before: t.Mapping[Key, Manifest] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def release(self) -> ReleaseName:
        return ReleaseName(self.name, self.namespace)

    def history(self, cluster: Cluster) -> History:
        """The history of the release, still to be read."""
        return History(cluster, self.namespace, self.name, self.trust)

    @property
    def selector(self) -> str:
        return f"app.kubernetes.io/instance={self.name}"

    @property
    def purpose(self) -> str:
        """What the lock is held for."""
        what = f"restore release {self.rollback_to}" if self.rollback_to else self.verb
        reason = self.about.get("reason")
        return f"{what} ({reason})" if reason else what

    @property
    def who(self) -> str:
        """Whom the lock names: the person and place, the process, and the job that AWX runs it as."""
        job = self.about.get("job")
        return f"{self.about.get('by', 'somebody')} (process {os.getpid()}{f', job {job}' if job else ''})"


@dataclasses.dataclass(frozen=True)
class Session:
    """What a run works with while it holds the lock."""

    cluster: Cluster
    history: History
    writer: Writer
    lock: Lock
    took_over: bool

    def begin(self, manifests: t.Iterable[Manifest], about: dict[str, t.Any]) -> Record:
        """Claim the next number; `about` is made this run's own."""
        self.lock.require()
        return self.history.begin(manifests, {**about, "run": self.lock.token})

    def forget(self, old: Record) -> None:
        """Settings that only this release had go with its record."""
        remembered = [record for record in self.history.records if record is not old]
        still_used = {key for record in remembered for key in named_by_content(record.manifests)}
        for key in sorted(named_by_content(old.manifests) - still_used):
            live = self.cluster.find(*key)
            if live is not None:
                self.writer.delete(key, live)
        self.history.forget(old)


@contextlib.contextmanager
def session(
    cluster: Cluster,
    options: ReleaseOptions,
    phases: Phases,
    touched: t.Collection[Key] = (),
    make_namespace: bool = False,
) -> t.Iterator[Session]:
    """Hold the lock of the release while the block runs.

    After a run that died, what it may still change (and what is `touched` next) is marked before its release is ended
    in the history. Raises InProgress when another run lives.
    """
    lock = Lock(
        cluster,
        options.namespace,
        options.name,
        options.who,
        options.purpose,
        timeout=options.timeout,
        acknowledges=options.acknowledges,
    )
    try:
        with phases.phase("lock"):
            _acquire(lock, cluster, options.release, make_namespace)
            history = options.history(cluster).read()
            writer = Writer(cluster, lock)
            if history.is_adopting:
                history.adopt()
            took_over = bool(lock.taken_over or history.pending())
            if took_over:
                _take_over(cluster, history, writer, lock, options, touched)
        yield Session(cluster, history, writer, lock, took_over)
    finally:
        with phases.phase("lock"):
            lock.release()


def _acquire(lock: Lock, cluster: Cluster, release: ReleaseName, make_namespace: bool) -> None:
    """The lock lies in the release's namespace, which the first release has to make before anything else."""
    try:
        lock.acquire()
    except ApiError as error:
        if not (error.not_found and make_namespace):
            raise
        metadata = {"name": release.namespace, "annotations": {CREATED_BY: release.name}}
        bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        claim(cluster, "/api/v1/namespaces", bare, is_mine=bool)
        lock.acquire()


def _take_over(
    cluster: Cluster, history: History, writer: Writer, lock: Lock, options: ReleaseOptions, touched: t.Collection[Key]
) -> None:
    previous = {key for record in history.since_last_passed() for key in record.keys}
    writer.mark(previous | {*touched})
    how = _how_taken(lock)
    pending = history.pending()
    for record in pending:
        reason = f"its run ended without a word; found by {options.who}"
        try:
            history.end(record, INTERRUPTED, {"ended": cluster.clock.stamp(), "reason": reason})
        except Superseded:  # it said at this very moment how it ended, unless it is this run that was taken over
            lock.require(surely=True)
            history.read()
            continue
        begun, who = record.about.get("begun", "some time"), record.about.get("by", "somebody")
        cluster.warnings.append(
            f"Release {record.number} of {options.name} was interrupted (begun {begun} by {who}). {how}"
            f"This run puts right what it left."
        )
    if not pending and how:
        cluster.warnings.append(f"A former run of {options.name} was interrupted. {how}".rstrip())


def _how_taken(lock: Lock) -> str:
    """How the lock came to this run from one that died, with a space behind it; empty when it was free."""
    if not lock.taken_over:
        return ""
    if lock.died_here:
        return f"Its lock was taken over at once, because its process has ended on this host ({lock.taken_over}). "
    return f"Its lock was taken over, because it was not renewed any more ({lock.taken_over}). "
