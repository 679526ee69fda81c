# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive says all that it has and all that it lacks, and no secret comes out by any of its parts."""

from __future__ import annotations

import base64
import json
import secrets
import typing as t
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import HealthEvaluation
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.secret_values import secret_values
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle import tables
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.layout import compose, mask_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.scope import (
    BundleSubject,
    Collected,
    LeftOut,
    LogName,
)
from tests.unit.plugins.module_utils._support_bundle.objects import (
    NAMESPACE,
    Live,
    Release,
    collected,
    container,
    event,
    live,
    pod,
)

NOTHING = HealthEvaluation("")


def composed(found: Collected, evaluation: HealthEvaluation | None = NOTHING) -> dict[str, str]:
    return compose(found, evaluation, mask_of(found))[0]


def test_the_first_page_says_what_is_where_and_what_the_verdict_is() -> None:
    finding = Finding("image-not-found", "error", "Pod a/b", "it was not found", next_step="Push it.", cause="a typo")
    found = collected(pod("maestro-1", container()), logs={LogName("maestro-1", "maestro"): "hello\n"})
    parts = composed(found, HealthEvaluation("failed", (finding,), ("Deployment maestro: 0 of 3 pods",)))
    page = parts["README.md"]
    assert "verdict: failed. [image-not-found] Pod a/b: it was not found. Push it." in page
    assert "| objects/ (1) |" in page
    assert "| logs/ (1) |" in page
    assert "Nothing that was looked for." in page
    assert "cause: a typo" in parts["findings.txt"]
    assert "Deployment maestro: 0 of 3 pods" in parts["findings.txt"]
    assert parts["logs/maestro-1/maestro.log"] == "hello\n"


def test_what_was_left_out_is_named_with_its_reason() -> None:
    page = composed(collected(left_out=[LeftOut("nodes.txt", "nodes is\nforbidden")]))["README.md"]
    assert "- nodes.txt: nodes is forbidden" in page


def test_a_part_that_cannot_be_written_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_lives: t.Iterable[Live]) -> str:
        raise KeyError("strange")

    monkeypatch.setattr(tables, "pods", broken)
    found = collected(pod("maestro-1", container()))
    parts, left_out = compose(found, None, mask_of(found))
    assert "pods.txt" not in parts
    assert "events.txt" in parts
    assert left_out == [LeftOut("pods.txt", "it could not be written: KeyError 'strange'")]


@pytest.mark.parametrize(("part", "warns"), [("objects/Secret", True), ("nodes.txt", False)])
def test_it_warns_when_the_secrets_are_not_known(part: str, warns: bool) -> None:
    page = composed(collected(left_out=[LeftOut(part, "forbidden")]))["README.md"]
    assert ("Read them before you pass this on" in page) is warns


def disguises(value: str) -> list[str]:
    return [
        value,
        json.dumps(value)[1:-1],
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote_plus(value),
        base64.b64encode(value.encode()).decode(),
        base64.b64encode(b"x" + value.encode() + b"yz").decode(),
    ]


def everywhere(canaries: t.Mapping[str, str]) -> Collected:
    """A release whose objects, events, history, logs and findings hold every canary in every form."""
    forms = [form for value in canaries.values() for form in disguises(value)]
    prose = " ".join(f"saw {form} there" for form in forms)
    data = {key: base64.b64encode(value.encode()).decode() for key, value in canaries.items()}
    secret = live("Secret", "maestro-secrets", data=data, type="Opaque")
    environment = [{"name": f"V{place}", "value": form} for place, form in enumerate(forms)]
    running = pod(
        "maestro-1",
        container(state="waiting", because={"reason": "CrashLoopBackOff", "message": prose}),
        spec={"containers": [{"name": "maestro", "env": environment, "args": [f"--key={form}" for form in forms]}]},
    )
    running["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": prose, "note": prose}
    settings = live("ConfigMap", "maestro-config", data={"config.yaml": prose}, binaryData={"b": data["KEY"]})
    return collected(
        secret,
        running,
        settings,
        event(running, prose),
        subject=BundleSubject("maestro", NAMESPACE, (Release(manifests=(settings,), about={"by": prose}),)),
        values=secret_values([secret]),
        logs={LogName("maestro-1", "maestro", previous=True): "\n".join(forms)},
        left_out=[LeftOut("nodes.txt", prose)],
        version=prose,
    )


def test_no_secret_comes_out_whatever_form_it_has_and_wherever_it_stands() -> None:
    canaries = {key: f'{secrets.token_urlsafe(9)}/"{secrets.token_urlsafe(9)}"+ &' for key in ("KEY", "OTHER")}
    found = everywhere(canaries)
    prose = " ".join(form for value in canaries.values() for form in disguises(value))
    finding = Finding("crash-loop", "error", "Pod a/b", prose, (prose,), prose, cause=prose)
    parts, left_out = compose(found, HealthEvaluation("failed", (finding,), (prose,)), mask_of(found))
    whole = json.dumps([parts, left_out], ensure_ascii=False) + "".join(parts.values())
    for value in canaries.values():
        for form in disguises(value):
            assert form not in whole
    assert "(secret maestro-secrets/KEY)" in parts["logs/maestro-1/maestro.previous.log"]


NAMES = st.sampled_from(
    ["DB_PASSWORD", "redisAuthToken", "jwt.secret", "stripe-api-key", "OLD_PASSPHRASE_2", "client_secret", "KUBE_TOKEN"]
)
UNKNOWN = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=3, max_size=20).map("cAn4ry{}".format)


@given(NAMES, UNKNOWN)
def test_no_secret_that_the_cluster_does_not_hold_comes_out_where_its_name_tells_it(name: str, value: str) -> None:
    data = {
        name: f"{value} and {value}",
        "app.env": f"A=1\n{name}={value} {value}\n",
        "app.yaml": f"a:\n  {name}: {value} {value}\n",
        "app.json": json.dumps({"a": [{"name": name, "value": value}, {name: value}]}),
        "urls": f"first=postgres://me:{value}@db/x second=https://h/x?{name}={value}",
    }
    annotations = {
        f"example.com/{name}": value,
        "example.com/applied": json.dumps({"spec": {"env": [{"value": value}]}}),
    }
    containers = [
        {"name": "a", "args": [f"--{name}", value, f"--{name}={value} {value}"]},
        {"name": "b", "command": ["sh", "-c", f"export {name}='{value} {value}'\nrun --{name} {value}"]},
        {"name": "c", "env": [{"name": "A", "value": value}]},
    ]
    workload = live("Deployment", "maestro", spec={"template": {"spec": {"containers": containers}}})
    custom = live("Widget", "maestro", spec={"connection": {name: value}, "settings": [{"name": name, "value": value}]})
    settings = live("ConfigMap", "maestro", data=data)
    workload["metadata"]["annotations"] = annotations
    log = f'{name}={value}\n{{"{name}": "{value} {value}"}}\nAuthorization: Bearer {value}\nrun --{name} {value} -v\n'
    parts = composed(
        collected(
            *(workload, custom, settings, event(workload, log)),
            subject=BundleSubject("maestro", NAMESPACE, (Release(manifests=(settings, workload)),)),
            logs={LogName("maestro-1", "maestro"): log},
        )
    )
    assert [path for path, text in parts.items() if "cAn4ry" in text] == []
