# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable as `ansible_collections.intelgraph.maestro`, as Ansible itself does."""

from __future__ import annotations

import os
import pathlib

COLLECTIONS = pathlib.Path(__file__).resolve().parents[1] / ".venv" / "collections"
os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", str(COLLECTIONS))

from ansible.plugins.loader import init_plugin_loader  # noqa: E402

init_plugin_loader()
