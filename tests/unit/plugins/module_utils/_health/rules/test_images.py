# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that do not come."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import (
    DEPLOYMENT,
    IMAGE,
    cause,
    event,
    item,
    pod,
    rollout,
    running,
    seconds_left,
    terminated,
    undecided,
    waiting,
)

RESOLVE = f'failed to pull and unpack image "{IMAGE}": failed to resolve image: '
NOT_FOUND = f"rpc error: code = NotFound desc = {RESOLVE}{IMAGE}: not found"
DENIED = (
    f"{RESOLVE}pull access denied, repository does not exist or may require authorization: "
    "authorization failed: no basic auth credentials"
)
BACK_OFF = f'Back-off pulling image "{IMAGE}": ErrImagePull: '


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_that_is_not_there_fails_at_once_and_is_named(reason: str) -> None:
    said = NOT_FOUND if reason == "ErrImagePull" else BACK_OFF + NOT_FOUND
    finding = cause(evaluate(rollout(pod(waiting(reason, said)))))
    assert (finding.id, finding.object, finding.container) == ("image-not-found", DEPLOYMENT, "maestro")
    assert finding.message == (
        f"image {IMAGE} of container maestro was not found: {NOT_FOUND} (pod maestro-new-a on node-1)"
    )


def test_pods_with_the_same_fault_are_one_finding() -> None:
    pods = [pod(waiting("ErrImagePull", NOT_FOUND), name=f"maestro-{n}", node=f"node-{n % 2}") for n in range(3)]
    evaluation = evaluate(rollout(*pods))
    assert cause(evaluation).message.endswith("(3 pods on 2 nodes)")
    assert len(evaluation.findings) == 1


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (DENIED, "image-unauthorized"),
        (f"{RESOLVE}unexpected status from HEAD request to https://r/v2/x: 401 Unauthorized", "image-unauthorized"),
        (f"{RESOLVE}unexpected status from HEAD request to https://r/v2/x: 403 Forbidden", "image-unauthorized"),
        (f"{RESOLVE}manifest unknown: no match for platform in manifest", "image-not-found"),
    ],
)
def test_what_the_registry_says_for_good(said: str, expected: str) -> None:
    assert cause(evaluate(rollout(pod(waiting("ImagePullBackOff", BACK_OFF + said))))).id == expected


@pytest.mark.parametrize(
    ("reason", "said", "expected"),
    [
        ("InvalidImageName", "couldn't parse image name: invalid reference format", "image-invalid"),
        ("ErrImageNeverPull", f'Container image "{IMAGE}" is not present with pull policy of Never', "image-not-found"),
    ],
)
def test_what_no_registry_is_asked_for(reason: str, said: str, expected: str) -> None:
    assert cause(evaluate(rollout(pod(waiting(reason, said))))).id == expected


@pytest.mark.parametrize(
    "said",
    [
        f"{RESOLVE}unexpected status from HEAD request: 429 Too Many Requests",
        f"{RESOLVE}unexpected status from HEAD request: 503 Service Unavailable",
        f"{RESOLVE}dial tcp 10.0.0.1:443: i/o timeout",
        f"{RESOLVE}dial tcp 10.0.0.1:443: connect: connection refused",
        f"{RESOLVE}lookup ghcr.io: no such host",
        f"{RESOLVE}failed to authorize: token request was denied: unexpected status: 503 Service Unavailable",
        "something that nobody has heard of",
    ],
)
def test_a_hiccup_of_the_registry_has_two_minutes(said: str) -> None:
    broken = pod(waiting("ErrImagePull", said))
    failed = event(broken, "Failed", f"Failed to pull image: {said}", first=50)
    given = rollout(broken, also=[failed])
    assert undecided(evaluate(given)).id == "image-pull-failing"
    assert seconds_left(given) == 70
    late = event(broken, "Failed", f"Failed to pull image: {said}", first=120)
    assert cause(evaluate(rollout(broken, also=[late]))).id == "image-pull-failing"


def test_a_hiccup_of_an_hour_ago_is_another_one() -> None:
    """An event counts since its first time within an hour."""
    said = f"{RESOLVE}unexpected status from HEAD request: 503 Service Unavailable"
    again = pod(waiting("ErrImagePull", said, restarts=1, lastState=terminated(1, age=10)), age=90000)
    failed = event(again, "Failed", f"Failed to pull image: {said}", count=3, first=3000)
    assert seconds_left(rollout(again, also=[failed])) == 110
    never_ran = pod(waiting("ErrImagePull", said), age=90000)
    pulled = event(never_ran, "Pulled", "Successfully pulled image", first=2900, last=20)
    assert seconds_left(rollout(never_ran, also=[failed, pulled])) == 100


def test_what_failed_before_the_pull_does_not_count_against_it() -> None:
    broken = pod(waiting("ErrImagePull", f"{RESOLVE}i/o timeout"), age=300)
    other = event(broken, "Failed", 'Error: secret "x" not found', first=290)
    failed = event(broken, "Failed", "Failed to pull image: i/o timeout", first=5)
    assert seconds_left(rollout(broken, also=[other, failed])) == 115


@pytest.mark.parametrize("tag", ["1.0.503", "429", "1.401"])
def test_a_tag_that_looks_like_a_status_is_none(tag: str) -> None:
    image = f"ghcr.io/x/y:{tag}"
    missing = waiting("ErrImagePull", f'failed to resolve image "{image}": {image}: not found', spec={"image": image})
    assert cause(evaluate(rollout(pod(missing)))).id == "image-not-found"


def test_an_image_that_another_node_has_is_not_missing() -> None:
    given = rollout(pod(waiting("ErrImagePull", NOT_FOUND)), pod(running(), name="maestro-new-b", node="node-2"))
    assert undecided(evaluate(given)).id == "image-pull-failing"


def test_old_kubelets_keep_the_words_of_the_registry_in_an_event() -> None:
    broken = pod(waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"'))
    reported = event(broken, "Failed", f'Failed to pull image "{IMAGE}": {NOT_FOUND}')
    same = event(broken, "Failed", "Error: ImagePullBackOff", last=0)
    finding = cause(evaluate(rollout(broken, also=[reported, same])))
    assert finding.id == "image-not-found"
    assert finding.evidence == (f'Failed (once): Failed to pull image "{IMAGE}": {NOT_FOUND}',)


def test_a_pull_credential_that_is_about_to_be_written_is_waited_for() -> None:
    broken = pod(waiting("ErrImagePull", DENIED))
    reported = event(
        broken,
        "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (maestro-registry); attempting to pull the image may not succeed.",
    )
    source = item("ExternalSecret", "registry", spec={"target": {"name": "maestro-registry"}})
    assert cause(evaluate(rollout(broken, also=[reported]))).id == "image-unauthorized"
    assert undecided(evaluate(rollout(broken, also=[reported, source]))).id == "image-pull-failing"
