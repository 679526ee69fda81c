# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that cannot be created or started."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import cause, event, item, pod, rollout, seconds_left, terminated, undecided, waiting

CONFIG = "CreateContainerConfigError"
TASK = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
NO_COMMAND = f'{TASK}unable to start container process: exec: "/nothere": stat /nothere: no such file or directory'
EPOCH = "1970-01-01T00:00:00Z"
NO_SECRET = 'secret "maestro-secrets" not found'


@pytest.mark.parametrize(
    ("said", "expected", "words"),
    [
        ('configmap "nocm" not found', "reference-missing", "ConfigMap maestro-system/nocm does not exist"),
        (NO_SECRET, "reference-missing", "Secret maestro-system/maestro-secrets does not exist"),
        (
            "couldn't find key k in ConfigMap maestro-system/cm",
            "reference-key-missing",
            "ConfigMap maestro-system/cm has no key k",
        ),
        (
            'container has runAsNonRoot and image will run as root (pod: "maestro-new-a_n(1)", container: m)',
            "container-config-invalid",
            "container has runAsNonRoot and image will run as root",
        ),
    ],
)
def test_a_container_that_cannot_be_configured_fails_at_once(said: str, expected: str, words: str) -> None:
    finding = cause(evaluate(rollout(pod(waiting(CONFIG, said)))))
    assert finding.id == expected
    assert finding.message == f"container maestro cannot be created: {words} (pod maestro-new-a on node-1)"


@pytest.mark.parametrize(
    "writer",
    [
        item("ExternalSecret", "maestro-secrets", spec={}),
        item("Certificate", "tls", spec={"secretName": "maestro-secrets"}),
        item("Secret", "maestro-secrets"),
    ],
)
def test_a_secret_that_is_about_to_be_written_is_waited_for(writer: dict[str, object]) -> None:
    late = pod(waiting(CONFIG, NO_SECRET))
    given = rollout(late, also=[writer])
    assert undecided(evaluate(given)).message.startswith(
        "container maestro cannot be created: Secret maestro-system/maestro-secrets is not there yet"
    )
    assert seconds_left(given) == 70
    reported = event(late, "Failed", f"Error: {NO_SECRET}", first=131)
    assert cause(evaluate(rollout(late, also=[writer, reported]))).id == "reference-missing"


def test_the_time_for_a_late_secret_does_not_begin_with_another_fault() -> None:
    """A pull that failed for two minutes, and a Secret that was late before."""
    late = pod(waiting(CONFIG, NO_SECRET), age=300)
    others = ("Error: ErrImagePull", "Error: ImagePullBackOff", 'Error: secret "first" not found')
    reported = [event(late, "Failed", other, first=290, last=30) for other in others]
    reported.append(event(late, "Failed", f"Error: {NO_SECRET}", first=4))
    given = rollout(late, also=[*reported, item("ExternalSecret", "maestro-secrets", spec={})])
    assert undecided(evaluate(given)).id == "reference-missing"
    assert seconds_left(given) == 126


def test_a_secret_that_was_late_before_the_last_run_has_its_time_anew() -> None:
    late = pod(waiting(CONFIG, NO_SECRET, restarts=1, lastState=terminated(1, age=3)), age=3000)
    reported = event(late, "Failed", f"Error: {NO_SECRET}", first=2990)
    given = rollout(late, also=[reported, item("ExternalSecret", "maestro-secrets", spec={})])
    assert seconds_left(given) == 127
    failed = waiting("RunContainerError", "context deadline exceeded", restarts=3)
    failed["lastState"] = {"terminated": {**terminated(128, "StartError", age=3)["terminated"], "startedAt": EPOCH}}
    never = pod(failed, age=3000)
    reported = event(never, "Failed", "Error: context deadline exceeded", first=80)
    assert seconds_left(rollout(never, also=[reported])) == 10


def test_a_key_that_an_external_secret_may_bring_is_waited_for_and_one_of_the_release_is_not() -> None:
    late = pod(waiting(CONFIG, "couldn't find key k in Secret maestro-system/s"))
    assert undecided(evaluate(rollout(late, also=[item("ExternalSecret", "s", spec={})]))).id == "reference-key-missing"
    assert cause(evaluate(rollout(late, also=[item("Secret", "s")]))).id == "reference-key-missing"


@pytest.mark.parametrize(
    "said",
    [
        "failed to sync secret cache: timed out waiting for the condition",
        "services have not yet been read at least once, cannot construct envvars",
    ],
)
def test_what_the_kubelet_has_not_read_yet_is_waited_for(said: str) -> None:
    given = rollout(pod(waiting(CONFIG, said), age=5))
    assert undecided(evaluate(given)).id == "container-config-invalid"
    assert seconds_left(given) == 85


def test_a_volume_that_cannot_be_mounted_onto_a_file_of_the_image_fails_at_once() -> None:
    said = (
        f'{TASK}error mounting "/var/lib/kubelet/v" to rootfs at "/etc/passwd": mount /var/lib/kubelet/v:/etc/passwd '
    )
    said += "(via /proc/self/fd/6), flags: 0x5000: not a directory"
    assert cause(evaluate(rollout(pod(waiting("RunContainerError", said), age=5)))).id == "container-cannot-run"


def test_a_file_of_the_node_that_is_missing_is_no_fault_of_the_image() -> None:
    said = f"{TASK}open /run/containerd/io.containerd.runtime.v2.task/k8s.io/1/pid: no such file or directory"
    assert undecided(evaluate(rollout(pod(waiting("RunContainerError", said), age=5)))).id == "container-cannot-run"
    inside = said.replace("/1/pid", "/1/rootfs/etc/x")
    assert cause(evaluate(rollout(pod(waiting("RunContainerError", inside), age=5)))).id == "container-cannot-run"


@pytest.mark.parametrize(
    "state",
    [
        {"state": {"waiting": {"reason": "RunContainerError", "message": NO_COMMAND}}},
        {"state": {"terminated": {**terminated(128, "StartError")["terminated"], "message": NO_COMMAND}}},
        {
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}},
            "lastState": {"terminated": {**terminated(128, "StartError")["terminated"], "message": NO_COMMAND}},
        },
    ],
)
def test_a_command_that_is_not_there_fails_at_once_in_every_state_of_the_container(state: dict[str, object]) -> None:
    broken = {"name": "maestro", "ready": False, "restartCount": 1, **state}
    evaluation = evaluate(rollout(pod(broken)))
    assert cause(evaluation).id == "container-cannot-run"
    assert '"/nothere"' in cause(evaluation).message
    assert [finding.id for finding in evaluation.findings] == ["container-cannot-run"]


def test_a_runtime_that_fails_for_a_moment_is_waited_for() -> None:
    given = rollout(pod(waiting("CreateContainerError", "context deadline exceeded"), age=10))
    assert undecided(evaluate(given)).id == "container-cannot-run"
    assert seconds_left(given) == 80
