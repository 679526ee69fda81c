# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between this process and a cluster, in words that a person can act on."""

from __future__ import annotations

import typing as t

UNAUTHORIZED = 401
RENEW = "Get a new token or client certificate and give it to maestro_connection; one that outlives the whole run."


class ClusterError(Exception):
    """Anything that kept the cluster from answering as wanted; `str()` is the sentence to show.

    `next_step` says what to do about it; `id` is stable and names a page in docs/findings.
    """

    id = "api-error"
    next_step = "Read the server's message; run again with -vvv for the request."


class BadConnection(ClusterError):
    """The connection options or the kubeconfig cannot be used."""

    id = "connection-options"
    next_step = "Correct maestro_connection (kubeconfig, context, host, api_key, ...) or the K8S_AUTH_* environment."


class Unreachable(ClusterError):
    """No HTTP answer came from the API server within the time allowed."""

    id = "api-unreachable"
    next_step = "Check the address, the network path and the CA certificate, for example with kubectl version."


class Untrusted(Unreachable):
    """The API server's certificate is not signed by a CA that is trusted here, or is for another name."""

    id = "api-untrusted"
    next_step = "Give the right CA (ca_cert, or certificate-authority in the kubeconfig), or correct the host."


class WrongCluster(ClusterError):
    """The API answers, but it is not the cluster that the inventory names."""

    id = "wrong-cluster"
    next_step = "Correct the kubeconfig or context of this host, or maestro_cluster_uid if the cluster was rebuilt."


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
            self.id, self.next_step = "credentials-refused", RENEW
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
            return cls(status, str(status), str(body)[:500].strip() or "no body", request=request)
        details = body.get("details") or {}
        causes = [f"{c.get('field', '')}: {c.get('message', '')}".strip(": ") for c in details.get("causes") or ()]
        return cls(status, body.get("reason") or str(status), body.get("message") or "no message", causes, request)

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
