# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between this process and a cluster, in words that a person can act on."""

from __future__ import annotations

import typing as t

from .._findings import registry
from .._findings.finding import Finding, FindingType
from .._text.printable import one_line

UNAUTHORIZED = 401


class ClusterError(Exception):
    """Anything that kept the cluster from answering as wanted; `str()` is the sentence to show.

    `finding_type` is its declaration in the registry of findings; `own_next_step` replaces the next step declared
    there, where one class or one error knows better.
    """

    finding_type: FindingType = registry.API_ERROR
    own_next_step: str = ""

    @property
    def id(self) -> str:
        """The stable id, which names a page in docs/findings."""
        return self.finding_type.id

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return self.own_next_step or self.finding_type.next_step

    def finding(self, subject: object, severity: str = "") -> Finding:
        """The error as a finding about `subject`."""
        return self.finding_type.found(subject, str(self), severity=severity, next_step=self.next_step)


class BadConnection(ClusterError):
    """The connection options or the kubeconfig cannot be used."""

    finding_type = registry.CONNECTION_OPTIONS


class Unreachable(ClusterError):
    """No HTTP answer came from the API server within the time allowed."""

    finding_type = registry.API_UNREACHABLE


class Untrusted(Unreachable):
    """The API server's certificate is not signed by a CA that is trusted here, or is for another name."""

    finding_type = registry.API_UNTRUSTED


class WrongCluster(ClusterError):
    """The API answers, but it is not the cluster that the inventory names."""

    finding_type = registry.WRONG_CLUSTER


class ApiError(ClusterError):
    """The API server answered with an error status.

    `status` is the HTTP code, `reason` Kubernetes' own word (`NotFound`, `Forbidden`, ...),
    `message` the server's sentence, `causes` its details as `field: message`.
    """

    def __init__(self, status: int, reason: str, message: str, causes: t.Sequence[str] = (), request: str = "") -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = tuple(causes)
        self.request = request
        if status == UNAUTHORIZED:
            self.finding_type = registry.CREDENTIALS_REFUSED
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        lead = _LEADS.get(self.status, "The API server answered {status} {reason}").format(
            status=self.status, reason=self.reason
        )
        where = f" ({self.request})" if self.request else ""
        return f"{lead}{where}: {self.message}"

    @classmethod
    def from_body(cls, status: int, body: t.Any, request: str) -> ApiError:
        """Read a Kubernetes `Status` object (or whatever a proxy sent in its place)."""
        if not isinstance(body, dict):
            return cls(status, str(status), one_line(str(body)[:500].strip()) or "no body", request=request)
        details = body.get("details") or {}
        causes = [f"{c.get('field', '')}: {c.get('message', '')}".strip(": ") for c in details.get("causes") or ()]
        reason, message = str(body.get("reason") or status), str(body.get("message") or "no message")
        return cls(status, one_line(reason), one_line(message.strip()), [one_line(cause) for cause in causes], request)

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def is_of_object(self) -> bool:
        """Whether the server says with a 500 that what was declared is wrong, which no later answer changes."""
        return self.status == 500 and any(words in self.message for words in FAULTS_OF_OBJECTS)

    @property
    def conflict(self) -> bool:
        return self.status == 409


FAULTS_OF_OBJECTS = ("failed to create typed patch object", "duplicate entries for key")
"""What server-side apply says of an object that has, for example, two items with the same key in a list."""
_LEADS = {
    401: "The API server does not accept the credentials (expired, revoked or wrong)",
    403: "The account may not do this",
    404: "Not found",
    409: "Conflict",
    422: "The API server refuses the object as invalid",
}
