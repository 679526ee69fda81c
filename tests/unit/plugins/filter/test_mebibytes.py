# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter mebibytes."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.intelgraph.maestro.plugins.filter.mebibytes import FilterModule

mebibytes = FilterModule().filters()["mebibytes"]


def test_a_quantity_becomes_whole_mebibytes() -> None:
    assert [mebibytes(text) for text in ("4Gi", "512Mi", "1000M", "1Ki")] == [4096, 512, 953, 0]


def test_what_is_no_quantity_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="'much' is not a Kubernetes quantity"):
        mebibytes("much")
