# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the image named well?"""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.rendering import only

from ..builders import container, deployment, findings, ids, pod_spec

DIGEST = f"sha256:{'a' * 64}"


def running(image: str, **options: t.Any) -> list[str]:
    return ids(findings(deployment(pod_spec(containers=[container(image=image)])), **options))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (f"ghcr.io/brianlong/intelgraph/maestro-control-plane:2.0.0-prod@{DIGEST}", []),
        (f"localhost:5000/maestro@{DIGEST}", []),
        (f"maestro:latest@{DIGEST}", []),
        ("ghcr.io/brianlong/intelgraph/maestro-control-plane:2.0.0-prod", ["image-not-pinned"]),
        ("maestro:latest", ["image-latest"]),
        ("maestro", ["image-latest"]),
        ("registry.example.com:5000/maestro", ["image-latest"]),
        ("", ["image-invalid"]),
        ("maestro:", ["image-invalid"]),
        ("Maestro:1", ["image-invalid"]),
        ("ghcr.io/Upper/case:1", ["image-invalid"]),
        ("ghcr.io/a//b:1", ["image-invalid"]),
        ("maestro:1@sha256:short", ["image-invalid"]),
        ("maestro :1", ["image-invalid"]),
    ],
)
def test_an_image_reference(image: str, expected: list[str]) -> None:
    assert running(image) == expected


def test_digests_are_wanted_in_production_and_as_gravely_as_chosen() -> None:
    assert running("maestro:1", production=False) == []
    assert running("maestro:1", digest_severity="off") == []
    found = findings(deployment(pod_spec(containers=[container(image="maestro:1")])), digest_severity="error")
    assert only(found).severity == "error"
    assert only(found).object == "Deployment maestro-system/maestro, container maestro"


def test_init_containers_have_images_too() -> None:
    assert ids(findings(deployment(pod_spec(initContainers=[container(image="busybox")])))) == ["image-latest"]
