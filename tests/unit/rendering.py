# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a role as a play does: the real `component` plugin, the role's defaults, and the variables of a test."""

from __future__ import annotations

import functools
import pathlib
import typing as t

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar

from ansible_collections.intelgraph.maestro.plugins.action.component import ActionModule
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._contributions import variable_of
from tests.unit import compiled_templates

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
Manifest = dict[str, t.Any]

compiled_templates.keep()


def render(role: str, **variables: t.Any) -> list[Manifest]:
    """The manifests that `role` contributes with these variables; values of Secrets are marks."""
    return render_with_secrets(role, **variables)[0]


def render_with_secrets(role: str, **variables: t.Any) -> tuple[list[Manifest], dict[str, str]]:
    """The manifests and the secret values that were taken out of them, by `<secret>/<key>`.

    Raises AnsibleActionFail when the variables or the templates cannot be used.
    """
    result = component(role, **variables)
    return result["manifests"], result["secret_values"]


def component(role: str, **variables: t.Any) -> dict[str, t.Any]:
    """The whole result of the `component` task of a role."""
    loader = DataLoader()
    host_vars = {**_defaults(role), **variables, "role_path": str(ROLES / role)}
    task = Task()
    task.args = {"name": role}
    task.register = variable_of(role)
    plugin = ActionModule(
        task=task,
        connection=connection_loader.get("local", PlayContext(), "/dev/null"),
        play_context=None,
        loader=loader,
        templar=Templar(loader=loader, variables=host_vars),
        shared_loader_obj=None,
    )
    return t.cast("dict[str, t.Any]", plugin.run(task_vars=host_vars))


@functools.cache
def _defaults(role: str) -> dict[str, t.Any]:
    """The defaults of a role; rendering changes none of them."""
    return DataLoader().load_from_file(str(ROLES / role / "defaults" / "main.yml"), trusted_as_template=True) or {}


def only(items: t.Iterable[t.Any]) -> t.Any:
    """The one item of a collection that must have exactly one."""
    (item,) = items
    return item


def of_kind(manifests: t.Iterable[Manifest], kind: str) -> list[Manifest]:
    """The manifests of one kind, in their order."""
    return [manifest for manifest in manifests if manifest["kind"] == kind]
