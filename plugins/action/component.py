# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a role's templates into its component, in the controller's own process."""

from __future__ import annotations

import pathlib
import re
import typing as t

import yaml
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import shared, validate
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.plain_text import settled
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._contributions import (
    MANIFESTS,
    SECRET_VALUES,
    is_registered,
    variable_of,
)
from ansible_collections.intelgraph.maestro.plugins.plugin_utils._rendering import BadTemplate, Loader, render

Values = dict[str, t.Any]
VARIABLE = re.compile(r"- \{?name: ([A-Z_][A-Z0-9_]*)\b")
"""An environment variable as a template sets it."""


class ActionModule(ActionBase):
    """Judges the role's variables, renders its templates, returns the result to be registered."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _VALID_ARGS = frozenset({"name"})

    def run(self, tmp: str | None = None, task_vars: Values | None = None) -> Values:
        host_vars = task_vars or {}
        result: Values = super().run(tmp, host_vars)
        name = self._task.args.get("name")
        if not name or "role_path" not in host_vars:
            raise AnsibleActionFail("component takes the role's name and runs inside a role.")
        variable = variable_of(name)
        if not is_registered(variable, self._task.register):
            raise AnsibleActionFail(
                f"The release looks for the component in a variable. Add to the task: register: {variable}"
            )
        role = pathlib.Path(host_vars["role_path"])
        options = _options(role)
        values = self._validated_values(name, options, host_vars, _environment(role))
        result["warnings"] = validate.warnings_of_role(name, options, host_vars)
        manifests, secrets = take_out_secrets(self._rendered(name, role, values, host_vars))
        result["objects"] = len(manifests)
        result[MANIFESTS] = manifests
        result[SECRET_VALUES] = secrets
        result["_ansible_no_log"] = bool(secrets)
        return result

    def _validated_values(
        self, name: str, options: t.Mapping[str, Values], host_vars: Values, environment: t.Collection[str]
    ) -> Values:
        known = {**shared.SHARED, **options}
        given = {**shared.defaults(), **self._templated(known, host_vars)}
        values = settled(given, known)
        problems = validate.of_role(name, options, values, host_vars, environment)
        if problems:
            lines = "\n".join(f"- {problem}" for problem in problems)
            raise AnsibleActionFail(f"The variables of {name} cannot be used; nothing was changed:\n{lines}")
        return values

    def _templated(self, names: t.Iterable[str], host_vars: Values) -> Values:
        templated = {}
        for name in names:
            if name in host_vars:
                try:
                    templated[name] = self._templar.template(host_vars[name])
                except AnsibleError as error:
                    raise AnsibleActionFail(f"The value of {name} cannot be evaluated: {error}") from error
        return templated

    def _rendered(self, name: str, role: pathlib.Path, values: Values, host_vars: Values) -> list[Values]:
        context = {**host_vars, **values, **self._context(name, values, host_vars)}
        templar = self._templar.copy_with_new_env(searchpath=[str(role / "templates")], available_variables=context)

        def to_text(path: pathlib.Path) -> str:
            source = trust_as_template(self._loader.get_text_file_contents(str(path)))
            try:
                return str(templar.template(source, escape_backslashes=False, overrides={"trim_blocks": True}) or "")
            except AnsibleError as error:
                raise BadTemplate(f"{path.name}: {error}") from error

        try:
            return render(role / "templates", to_text)
        except BadTemplate as error:
            raise AnsibleActionFail(f"The component of role {role.name} cannot be rendered. {error}") from error

    def _context(self, name: str, values: Values, host_vars: Values) -> Values:
        """What the templates are given beside the variables."""
        chosen = self._templated(validate.OF_THE_PROVIDER, host_vars)
        try:
            return {"release": shared.release_context(values), **validate.context_of(name, values, chosen)}
        except LookupError as error:
            raise AnsibleActionFail(f"The component of role {name} cannot be rendered. {error}") from error


def _options(role: pathlib.Path) -> dict[str, Values]:
    """The role's variables as its argument spec declares them."""
    text = (role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    specs = yaml.load(text, Loader=Loader)  # a loader of plain values  # nosec B506
    return t.cast("dict[str, Values]", specs["argument_specs"]["main"]["options"])


def _environment(role: pathlib.Path) -> set[str]:
    """The environment variables that the role's templates name, whatever they set them to."""
    path = role / "templates" / "environment.j2"
    return set(VARIABLE.findall(path.read_text(encoding="utf-8"))) if path.is_file() else set()
