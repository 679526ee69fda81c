# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Jobs have done their work and are not run again."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.finished_jobs import finished_jobs
from tests.unit.plugins.samples import Manifest, manifest


def job(image: str = "a", **spec: t.Any) -> Manifest:
    return manifest("batch/v1", "Job", "migrate", spec={"ttlSecondsAfterFinished": 0, "image": image, **spec})


def finished(previous: Manifest, now: Manifest, is_there: bool = False) -> bool:
    return key_of(now) in finished_jobs([previous], [now], lambda _key: is_there)


def test_a_job_that_passed_and_is_gone_is_not_run_again() -> None:
    assert finished(job(), job())


def test_a_job_that_is_there_or_was_changed_or_keeps_its_objects_is_planned() -> None:
    assert not finished(job(), job(), is_there=True)
    assert not finished(job(), job(image="b"))
    kept = manifest("batch/v1", "Job", "migrate", spec={})
    assert not finished(kept, kept)
