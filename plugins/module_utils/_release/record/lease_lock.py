# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps two runs on one release apart: a Lease with holder, purpose and expiry.

Nobody compares clocks. Whoever finds the Lease held looks at it for as long as it is good for, on a clock of their
own that only goes forward: when it is renewed meanwhile the holder lives, when it is not the holder is dead. A holder
that was a process of this very host is asked for there, and followed at once when it has ended. A Lease alone is no
proof, because a run that was stopped can go on after it was taken over: see `fenced_writer`.

What is read of another's Lease is never taken on trust: whoever may write Leases may write anything into one.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import typing as t

from ..._cluster import parent_process, process_identity
from ..._cluster.api_resources import KINDS, Manifest, collection_path, object_path
from ..._cluster.client import ApiError, Cluster, Limits
from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..objects.ownership import MANAGER
from .create_once import claim

LEASE = KINDS["coordination.k8s.io/v1", "Lease"]
PURPOSE = "maestro.intelgraph.ai/purpose"
PROCESS = "maestro.intelgraph.ai/process"
"""Which process of which host holds the lock."""
UNACKNOWLEDGED = "maestro.intelgraph.ai/unacknowledged"
"""The run that gave the lock back and whose result may have reached nobody."""
NOBODY = ""
ENDING = Limits(connect=3.0, read=5.0, retry=5.0)
"""Seconds that a process may take which has to end, to give its lock back."""
SHORTEST, LARGEST = 1, 2**31 - 1
"""Seconds for which a Lease is good at least, and the largest number that one may hold."""


class Terms(t.NamedTuple):
    """Seconds for which the Lease is good without a renewal, between renewals, and between two looks at another's."""

    good_for: float = 20.0
    renew_every: float = 5.0
    look_every: float = 0.5

    def believed(self, duration: object) -> float:
        """For how long another's Lease is good without a renewal; what no run of ours would say counts for nothing."""
        is_number = isinstance(duration, (int, float)) and not isinstance(duration, bool)
        plausible = is_number and 0 < t.cast("float", duration) <= PLAUSIBLE * self.good_for
        return t.cast("float", duration) if plausible else self.good_for


PLAUSIBLE = 10
"""Times the seconds of our own Leases for which another's may be good: its run may be of another version."""
TERMS = Terms()


class InProgress(ClusterError):
    """Another run that lives holds the lock."""

    finding_type = registry.RELEASE_IN_PROGRESS


class Superseded(ClusterError):
    """Another run took this one's lock over, because it had not been renewed in time."""

    finding_type = registry.SUPERSEDED


class Lock:
    """The right to change one release, from `acquire` until `release`, renewed by a thread of its own.

    `who` is the person and place that hold it, `purpose` what for, both for others to read. `taken_over` is the dead
    holder whom this one followed, empty when the lock was free; `died_here` says that it was a process of this host.
    Another's Lease is looked at for `timeout` seconds at most, and for as long as one of ours is good. `acknowledges`
    says that whoever asked tells when its result is read, by `acknowledge`.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        name: str,
        who: str,
        purpose: str,
        terms: Terms | None = None,
        timeout: float = float("inf"),
        acknowledges: bool = False,
    ) -> None:
        self.token = secrets.token_hex(4)
        self.identity = f"{who} {self.token}"
        self.taken_over = NOBODY
        self.died_here = False
        self._cluster = cluster
        self._collection = collection_path("coordination.k8s.io/v1", LEASE, namespace)
        self._path = _path(namespace, name)
        self._name = name
        self._purpose = purpose
        self._terms = terms or TERMS
        self._timeout = max(timeout, self._terms.good_for, SHORTEST)
        self._acknowledges = acknowledges
        self._version = ""
        self._renewed = 0.0
        self._is_last = False
        self._lost: Superseded | None = None
        self._ending = threading.Event()
        self._busy = threading.Lock()
        self._thread = threading.Thread(target=self._keep_renewing, name="lock", daemon=True)

    def acquire(self) -> None:
        """Take the lock. Raises InProgress when its holder lives, ApiError 404 when there is no such namespace."""
        while not self._taken():
            pass
        self._thread.start()

    def leave_nothing(self) -> None:
        """From now on, `release` takes the Lease away as well: there is no release any more."""
        self._is_last = True

    def release(self) -> None:
        """Let others have it at once. What goes wrong is a warning: the lock ends by itself.

        A process that has to end does this as its last deed, and takes little time for it.
        """
        with parent_process.last_words():
            if parent_process.must_stop():
                self._cluster.limits = ENDING
            self._release()

    def _release(self) -> None:
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join()
        try:
            if not self._version and parent_process.must_stop():
                self._note_if_mine()
            if not self._version:
                return
            if self._is_last:
                self._delete()
                return
            is_heard = not (self._acknowledges or parent_process.must_stop())
            noted = {UNACKNOWLEDGED: "" if is_heard else self.token}
            self._change({"holderIdentity": NOBODY, "leaseDurationSeconds": SHORTEST}, noted)
        except Superseded:
            pass
        except ClusterError as error:
            self._cluster.warnings.append(
                f"The lock of release {self._name} could not be given back ({error}); it ends by itself within "
                f"{self._terms.good_for:.0f} s."
            )

    def _note_if_mine(self) -> None:
        """A run that has to end may have taken the lock without having heard of it."""
        lease = self._find()
        if lease is not None and self._is_mine(lease):
            self._note(lease, time.monotonic())

    def _delete(self) -> None:
        """Delete the Lease unless another run has it by now."""
        lease = self._mine()
        version = {"resourceVersion": lease["metadata"]["resourceVersion"]}
        try:
            self._cluster.delete(self._path, {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": version})
        except ApiError as error:
            if not error.conflict:
                raise

    def require(self, surely: bool = False) -> None:
        """Go on only as the holder; `surely` asks the server though the last renewal is recent.

        Raises Superseded, and Stopped when nobody waits for this process any more.
        """
        parent_process.require()
        if surely or time.monotonic() >= self._renewed + self._terms.good_for:
            self._renew()

    def check(self) -> None:
        """Go on waiting, which writes nothing, unless it is known that another run is the holder.

        Asks nobody: a server that is away while a release becomes ready is no reason to give it up. Raises Superseded,
        and Stopped when nobody waits for this process any more.
        """
        parent_process.require()
        if self._lost is not None:
            raise self._lost

    def _taken(self) -> bool:
        """Take the lock if that can be done now; false when another run was faster and all begins anew."""
        lease = self._find()
        if lease is None:
            self.taken_over = NOBODY
            return self._write(lambda body: claim(self._cluster, self._collection, body, self._is_mine), None)
        if self._is_mine(lease):  # the answer to the write was lost
            self._note(lease, time.monotonic())
            return True
        self.taken_over = _holder(lease)
        self.died_here = bool(self.taken_over) and process_identity.is_gone(_annotation(lease, PROCESS))
        if self.taken_over and not (self.died_here or self._is_dead(lease)):
            return False
        return self._write(lambda body: self._cluster.merge(self._path, body, fieldManager=MANAGER), lease)

    def _write(self, send: t.Callable[[Manifest], Manifest], lease: Manifest | None) -> bool:
        """Become the holder, on condition that the Lease is as it was seen; false when it is not."""
        begun = time.monotonic()
        now = self._now()
        spec = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(SHORTEST, round(self._terms.good_for)),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": _transitions(lease or {}) + 1,
        }
        self._version = lease["metadata"]["resourceVersion"] if lease else ""
        process = process_identity.identity_of(os.getpid())
        body = self._body(spec, {PURPOSE: self._purpose, PROCESS: process, UNACKNOWLEDGED: NOBODY})
        try:
            self._note(send(body), begun)
        except ApiError as error:
            if not error.conflict:
                raise
            self._version = ""
            return False
        return True

    def _is_dead(self, lease: Manifest) -> bool:
        """Look at a held Lease until it is renewed, free or too old; false when it has to be looked at anew.

        Raises InProgress once it is renewed, or when it may not be looked at for long enough.
        """
        version = lease["metadata"]["resourceVersion"]
        good_for = self._terms.believed((lease.get("spec") or {}).get("leaseDurationSeconds"))
        begun = time.monotonic()
        while True:
            time.sleep(self._terms.look_every)
            found = self._find()
            if found is None or _holder(found) != _holder(lease):
                return False
            if found["metadata"]["resourceVersion"] != version:
                raise InProgress(self._reported(found))
            looked = time.monotonic() - begun
            if looked > good_for:
                return True
            if looked > self._timeout:
                raise InProgress(f"{self._reported(found)}. It was looked at for {self._timeout:.0f} s")

    def _reported(self, lease: Manifest) -> str:
        """Who, what for, since when, until when."""
        spec = lease.get("spec") or {}
        purpose = _annotation(lease, PURPOSE)
        return (
            f"Another run is at work on release {self._name}: {_holder(lease)}"
            f"{f', to {purpose}' if purpose else ''}, since {spec.get('acquireTime', 'an unknown time')}. It renewed "
            f"its lock at {spec.get('renewTime', 'an unknown time')}; without another renewal the lock is free "
            f"{self._terms.believed(spec.get('leaseDurationSeconds')):.0f} s later"
        )

    def _keep_renewing(self) -> None:
        while not self._ending.wait(self._terms.renew_every):
            try:
                self._renew()
            except Superseded as error:
                self._renewed, self._lost = -self._terms.good_for, error  # whoever asks next is told
                return
            except parent_process.Stopped:
                return
            except ClusterError:
                continue  # the next renewal, or the next write's `require`, tells whether that matters

    def _renew(self) -> None:
        """Raises Superseded when somebody else is the holder."""
        self._change({"renewTime": self._now()})

    def _change(self, spec: Manifest, annotations: Manifest | None = None) -> None:
        with self._busy:
            begun = time.monotonic()
            try:
                self._note(self._cluster.merge(self._path, self._body(spec, annotations), fieldManager=MANAGER), begun)
            except ApiError as error:
                if not (error.conflict or error.not_found):
                    raise
            else:
                return
            self._note(self._mine(), begun)
            self._note(self._cluster.merge(self._path, self._body(spec, annotations), fieldManager=MANAGER), begun)

    def _mine(self) -> Manifest:
        """The Lease as it is now, which may have another version because an answer was lost."""
        lease = self._find()
        if lease is None or not self._is_mine(lease):
            other = _holder(lease or {}) or "nobody"
            raise Superseded(
                f"This run lost its lock on release {self._name} because it did not renew it in time; "
                f"{other} holds it now. Nothing more was written"
            )
        return lease

    def _is_mine(self, lease: Manifest) -> bool:
        return _holder(lease) == self.identity

    def _now(self) -> str:
        """The time by the server's clock, as a Lease writes it; only people read it."""
        return self._cluster.clock.stamp("microseconds").replace("+00:00", "Z")

    def _find(self) -> Manifest | None:
        try:
            return self._cluster.get(self._path)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def _body(self, spec: Manifest, annotations: Manifest | None = None) -> Manifest:
        """The Lease with this in it, on condition that it is as this run last saw it."""
        condition = {"resourceVersion": self._version} if self._version else {}
        noted = {"annotations": annotations} if annotations else {}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": f"{self._name}-release", **condition, **noted},
            "spec": spec,
        }

    def _note(self, lease: Manifest, begun: float) -> None:
        self._version = lease["metadata"]["resourceVersion"]
        self._renewed = begun


def is_unacknowledged(cluster: Cluster, namespace: str, name: str, token: str) -> bool:
    """Whether the run with this token still has the lock, alive or dead, or gave it back and its result may have
    reached nobody; false when the Lease may not be read.
    """
    try:
        lease = cluster.get(_path(namespace, name))
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return False
    return _holder(lease).endswith(f" {token}") or _annotation(lease, UNACKNOWLEDGED) == token


def acknowledge(cluster: Cluster, namespace: str, name: str, token: str) -> None:
    """The result of the run with this token is about to be read. That this cannot be noted harms nobody: what that run
    restored is confirmed once more.
    """
    try:
        lease = cluster.get(_path(namespace, name))
        if _annotation(lease, UNACKNOWLEDGED) == token:
            version = lease["metadata"]["resourceVersion"]
            body = {"metadata": {"resourceVersion": version, "annotations": {UNACKNOWLEDGED: NOBODY}}}
            cluster.merge(_path(namespace, name), body, fieldManager=MANAGER)
    except ClusterError:
        return


def _path(namespace: str, name: str) -> str:
    return object_path("coordination.k8s.io/v1", LEASE, namespace, f"{name}-release")


def _holder(lease: Manifest) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or NOBODY)


def _annotation(lease: Manifest, name: str) -> str:
    return str((lease["metadata"].get("annotations") or {}).get(name) or "")


def _transitions(lease: Manifest) -> int:
    """How often the Lease has changed hands; the API server takes no number above the largest."""
    count = (lease.get("spec") or {}).get("leaseTransitions")
    return count if isinstance(count, int) and 0 <= count < LARGEST else 0
