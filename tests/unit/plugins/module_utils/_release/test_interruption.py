# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who stopped a release half-way, at which object, in the server's own words."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.interruption import stopped_by, unrecorded

PATH = "PATCH /api/v1/namespaces/shop/services/maestro"
WORDS = {
    'Internal error occurred: failed calling webhook "a.b": failed to call webhook: dial': "webhook-unavailable",
    'services "x" is forbidden: exceeded quota: few, requested: count/services=1': "quota-exceeded",
    "services \"x\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: no": "admission-denied",
    "unable to create new content in namespace shop because it is being terminated": "namespace-terminating",
    "etcdserver: request timed out": "refused-by-server",
    "spec.ports: Required value": "refused-by-server",
}


@pytest.mark.parametrize("words", WORDS)
def test_a_refusal_is_known_by_the_servers_words(words: str) -> None:
    finding = stopped_by(ApiError(403, "Forbidden", words, request=PATH))
    assert (finding.id, finding.object, finding.message) == (WORDS[words], "Service shop/maestro", words)
    assert finding.next_step


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        (PATH, "Service shop/maestro"),
        ("DELETE /apis/apps/v1/namespaces/shop/deployments/web", "Deployment shop/web"),
        ("PATCH /api/v1/namespaces/shop", "Namespace shop"),
        (
            "PATCH /apis/example.org/v1/namespaces/shop/widgets/w",
            "PATCH /apis/example.org/v1/namespaces/shop/widgets/w",
        ),
        ("", "API server"),
    ],
)
def test_the_object_is_the_one_that_was_asked_for(request_line: str, expected: str) -> None:
    assert stopped_by(ApiError(403, "Forbidden", "no", request=request_line)).object == expected


def test_credentials_that_are_not_accepted_any_more_are_no_matter_of_an_object() -> None:
    finding = stopped_by(ApiError(401, "Unauthorized", "Unauthorized", request=PATH))
    assert (finding.id, finding.object) == ("credentials-refused", "API server")
    assert "new token" in finding.next_step


def test_a_detail_is_told_when_the_sentence_does_not_have_it() -> None:
    error = ApiError(
        422, "Invalid", "Service is invalid: spec.ports: Required", ["spec.ports: Required", "spec.type: x"]
    )
    assert stopped_by(error).evidence == ("spec.type: x",)


def test_a_server_that_is_away_is_told_once() -> None:
    away = Unreachable("The API server cannot be reached")
    assert stopped_by(away).id == "api-unreachable"
    assert "cannot be reached" not in unrecorded(away)
    assert "could not be recorded (The account may not do this: no)" in unrecorded(ApiError(403, "Forbidden", "no"))
