# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's variables are judged and its templates become its component."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.template import trust_as_template

from tests.unit import rendering
from tests.unit.rendering import component, only, render, render_with_secrets

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: %s, namespace: {{ release.namespace }}, labels: {{ release.labels | to_json }}}
data: {text: {{ thing_text | to_json }}}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: {{ release.namespace }}}
stringData: {TOKEN: {{ thing_token | to_json }}}
"""
OPTIONS = {
    "thing_text": {"type": "str"},
    "thing_count": {"type": "int", "default": 1},
    "thing_token": {"type": "str", "no_log": True},
    "thing_map": {"type": "dict"},
}
DEFAULTS = {"thing_text": "hello", "thing_count": 1, "thing_token": "hunter2", "thing_map": {}}


@pytest.fixture
def role(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    """Writes the templates of a role `thing`, whose variables are OPTIONS with their DEFAULTS."""
    monkeypatch.setattr(rendering, "ROLES", tmp_path)
    folder = tmp_path / "thing"
    specs = {"argument_specs": {"main": {"options": OPTIONS}}}
    files = {"meta/argument_specs.yml": yaml.safe_dump(specs), "defaults/main.yml": yaml.safe_dump(DEFAULTS)}

    def write(**templates: str) -> None:
        named = {f"templates/{name}.yaml.j2": text for name, text in templates.items()}
        for name, text in {**files, **named}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write


Write = t.Callable[..., None]


def names(**variables: t.Any) -> list[str]:
    return [manifest["metadata"]["name"] for manifest in render("thing", **variables)]


def refused(**variables: t.Any) -> str:
    with pytest.raises(AnsibleActionFail) as caught:
        component("thing", **variables)
    return str(caught.value)


def test_templates_come_in_the_order_of_their_names(role: Write) -> None:
    role(b=CONFIG_MAP % "two", a=CONFIG_MAP % "one", c="")
    assert names() == ["one", "two"]


def test_templates_see_the_variables_and_the_release(role: Write) -> None:
    role(a=CONFIG_MAP % "{{ release.name }}")
    [manifest] = render("thing", thing_text="a: 'b'\n#c", maestro_name="m", maestro_labels={"team": "x"})
    assert manifest["metadata"]["name"] == "m"
    assert manifest["metadata"]["labels"]["team"] == "x"
    assert manifest["data"] == {"text": "a: 'b'\n#c"}


def test_a_variable_may_be_a_template(role: Write) -> None:
    role(a=CONFIG_MAP % "one")
    template = trust_as_template("{{ release_note }}")
    [manifest] = render("thing", thing_text=template, release_note="from another")
    assert manifest["data"] == {"text": "from another"}


def test_a_text_that_looks_like_a_template_is_not_evaluated(role: Write) -> None:
    role(a=CONFIG_MAP % "one")
    [manifest] = render("thing", thing_text="{{ 6 * 7 }}")
    assert manifest["data"] == {"text": "{{ 6 * 7 }}"}


def test_nothing_becomes_a_fact_that_a_cache_would_keep_with_its_secrets(role: Write) -> None:
    role(a=SECRET)
    assert "ansible_facts" not in component("thing")


def test_a_component_that_no_release_would_find_is_refused(role: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    role(a=CONFIG_MAP % "one")
    monkeypatch.setattr(rendering, "variable_of", lambda _role: "mine")
    assert "Add to the task: register: __thing_component" in refused()


def test_secret_values_leave_the_component(role: Write) -> None:
    role(a=SECRET)
    manifests, values = render_with_secrets("thing")
    assert "hunter2" not in json.dumps(manifests)
    assert values == {"s/TOKEN": "hunter2"}


def test_a_result_with_secrets_is_not_logged(role: Write) -> None:
    role(a=SECRET)
    assert component("thing")["_ansible_no_log"] is True


def test_a_result_without_secrets_is_logged(role: Write) -> None:
    role(a=CONFIG_MAP % "one")
    result = component("thing")
    assert result["_ansible_no_log"] is False
    assert result["objects"] == 1
    assert result["secret_values"] == {}
    assert not result.get("changed")


def test_the_result_is_plain_data(role: Write) -> None:
    role(a=CONFIG_MAP % "one")
    manifests = component("thing")["manifests"]
    assert json.loads(json.dumps(manifests)) == manifests


def test_every_problem_of_the_variables_is_told_at_once(role: Write) -> None:
    role(a=CONFIG_MAP % "one")
    message = refused(thing_cout=2, thing_count="two", maestro_nam="m", thing_map="x")
    assert message.startswith("The variables of thing cannot be used; nothing was changed:\n")
    assert "- thing_cout is not a variable of this collection. Did you mean thing_count?" in message
    assert "- thing_count must be a whole number, but 'two' was given." in message
    assert "- maestro_nam is not a variable of this collection. Did you mean maestro_name?" in message
    assert "- thing_map must be a dictionary, but 'x' was given." in message


def test_a_text_that_can_only_mean_a_number_is_one(role: Write) -> None:
    role(a=(CONFIG_MAP % "one").replace("thing_text | to_json", "(thing_count + 1) | to_json | to_json"))
    assert only(render("thing", thing_count="3"))["data"] == {"text": "4"}
    assert only(render("thing", thing_count=trust_as_template("{{ '3' }}")))["data"] == {"text": "4"}
    assert only(render("thing", thing_count=None))["data"] == {"text": "2"}
    assert "thing_count must be a whole number, but a dictionary was given." in refused(
        thing_count=trust_as_template("{{ {'a': 1} }}")
    )


def test_a_name_that_only_begins_like_the_roles_is_warned_of(role: Write) -> None:
    role(a=CONFIG_MAP % "one")
    assert "thing_from_another_role begins like" in only(component("thing", thing_from_another_role=1)["warnings"])
    assert component("thing")["warnings"] == []


def test_a_secret_of_the_wrong_type_is_not_repeated(role: Write) -> None:
    role(a=SECRET)
    message = refused(thing_token=31704)
    assert "thing_token must be a string, but a number was given." in message
    assert "31704" not in message


def test_a_variable_that_cannot_be_evaluated_is_named(role: Write) -> None:
    role(a=CONFIG_MAP % "one")
    message = refused(thing_text=trust_as_template("{{ nowhere }}"))
    assert "The value of thing_text cannot be evaluated" in message
    assert "'nowhere' is undefined" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: {{ nowhere }}", "'nowhere' is undefined"),
        ("a: {{ thing_text | no_filter }}", "no_filter"),
        ("{% if %}", "a.yaml.j2"),
        ("{% include 'none.j2' %}", "none.j2"),
        ("a: *b", "renders to invalid YAML at line 1"),
        ("kind: X", "document 1 has no apiVersion, no metadata.name"),
    ],
)
def test_a_mistake_in_a_template_names_the_file(text: str, words: str, role: Write) -> None:
    role(a=text)
    message = refused()
    assert message.startswith("The component of role thing cannot be rendered. a.yaml.j2")
    assert words in message


def test_the_same_object_twice_is_a_mistake(role: Write) -> None:
    role(a=CONFIG_MAP % "one", b=CONFIG_MAP % "one")
    assert "rendered more than once: ConfigMap maestro-system/one" in refused()


def test_a_secret_value_that_is_no_text_is_refused_without_it(role: Write) -> None:
    role(a=SECRET.replace("thing_token | to_json", "31704"))
    message = refused()
    assert "stringData.TOKEN" in message
    assert "31704" not in message


def test_templates_may_include_others_of_their_folder(role: Write, tmp_path: pathlib.Path) -> None:
    role(a="{% include '_part.j2' %}")
    (tmp_path / "thing" / "templates" / "_part.j2").write_text(CONFIG_MAP % "included", encoding="utf-8")
    assert names() == ["included"]


def test_blocks_leave_no_line(role: Write) -> None:
    role(a=CONFIG_MAP % "one" + "{% if thing_count > 1 %}\nimmutable: true\n{% endif %}\n")
    assert "immutable" not in render("thing")[0]
    assert render("thing", thing_count=2)[0]["immutable"] is True
