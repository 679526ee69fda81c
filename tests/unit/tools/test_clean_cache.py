# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What is kept outside the checkout: removed whole, and not from under a lab that runs."""

from __future__ import annotations

import json
from pathlib import Path

import clean_cache
import debian_packages
import pytest


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache, labs = tmp_path / "cache", tmp_path / "labs"
    (cache / "build" / "kubernetes").mkdir(parents=True)
    (cache / "build" / "kubernetes" / "kubectl").write_text("program", encoding="utf-8")
    labs.mkdir()
    monkeypatch.setattr(clean_cache, "CACHE", cache)
    monkeypatch.setattr(clean_cache, "LAB_STATES", labs)
    monkeypatch.setattr(debian_packages, "INSTALLED", cache / "debian-packages.json")
    return cache


def lab(cache: Path, name: str, kubectl: Path | None) -> None:
    state = cache.parent / "labs" / name
    state.mkdir()
    if kubectl:
        (state / "facts.json").write_text(json.dumps({"kubectl": str(kubectl)}), encoding="utf-8")


def test_the_cache_is_removed_and_its_size_is_said(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean_cache.main() == 0
    assert not cache.exists()
    assert f"Removing {cache}" in capsys.readouterr().out


@pytest.mark.parametrize("known", [True, False], ids=["says what it runs", "was left half up"])
def test_a_lab_that_runs_out_of_the_cache_keeps_it(
    cache: Path, known: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    lab(cache, "mine", cache / "build" / "kubernetes" / "kubectl" if known else None)
    assert clean_cache.main() == 1
    assert cache.exists()
    assert "make lab-down LAB=mine" in capsys.readouterr().err


def test_another_users_lab_is_no_matter(cache: Path) -> None:
    lab(cache, "theirs", Path("/home/they/.cache/kubectl"))
    assert clean_cache.main() == 0


def test_packages_go_with_the_cache_and_only_those_that_were_installed_for_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[str] = []
    monkeypatch.setattr(debian_packages, "remove", lambda packages: removed.extend(packages) or 0)
    debian_packages.record({"runc", "conntrack"})
    debian_packages.record({"redis-server"})
    assert clean_cache.main() == 0
    assert removed == ["conntrack", "redis-server", "runc"]


def test_packages_that_cannot_go_keep_the_cache_with_their_list(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian_packages, "remove", lambda _: 1)
    debian_packages.record({"runc"})
    assert clean_cache.main() == 1
    assert debian_packages.recorded() == ["runc"]


@pytest.mark.parametrize(("size", "words"), [(0, "0 MB"), (5_200_000_000, "5.2 GB"), (7_000_000, "7 MB")])
def test_sizes_are_said_as_persons_do(size: int, words: str) -> None:
    assert clean_cache.in_words(size) == words
