# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From results to one verdict."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.model import finding_of

from .samples import SKIPPED, UNREACHABLE, WARNING, bad, failed, finding, passed, report

RESULTS: dict[str, dict[str, t.Any]] = {
    "failed": failed(),
    "inconclusive": dict(UNREACHABLE),
    "passed": passed(),
    "skipped": dict(SKIPPED),
}


@pytest.mark.parametrize("verdicts", list(itertools.product(RESULTS, repeat=2)), ids="-".join)
def test_the_gravest_verdict_is_the_reports(verdicts: tuple[str, ...]) -> None:
    made = report({f"check {number}": RESULTS[verdict] for number, verdict in enumerate(verdicts)})
    ran = [verdict for verdict in verdicts if verdict != "skipped"]
    assert made.verdict == min(ran, key=list(RESULTS).index, default="inconclusive")
    assert tuple(check.verdict for check in made.checks) == verdicts


def test_a_result_without_a_verdict_is_inconclusive_and_says_why() -> None:
    made = report({"drift": dict(UNREACHABLE)})
    (check,) = made.checks
    assert (check.verdict, check.msg) == ("inconclusive", "The API server cannot be reached.")
    assert [(found.id, found.severity, found.object) for found in check.findings] == [
        ("api-unreachable", "error", "Drift")
    ]
    assert report({"drift": {"verdict": "splendid"}}).verdict == "inconclusive"


def test_an_error_beside_a_verdict_is_a_finding_too() -> None:
    made = report({"health": {**passed(), "verdict": "inconclusive", "error_id": "api-unreachable"}})
    assert made.checks[0].findings[0].id == "api-unreachable"


def test_the_sentence_is_that_of_the_worst_check_and_counts_the_others() -> None:
    assert report().sentence() == (
        "Release 12 of maestro in maestro-system on eks-prod: health failed. Deployment maestro cannot start new pods:"
        " the image was not found. Push it. 1 more check did not pass."
    )


def test_of_several_lines_the_first_is_told_with_the_first_error() -> None:
    lines = "5 objects are not as release 1 declared:\n- [drift] one\n- [drift] two"
    reported = [finding(id="drift", object="Deployment a/b", message="1 field differs", next_step="Deploy again.")]
    (check,) = report({"drift": failed(msg=lines, findings=reported)}).checks
    wanted = "5 objects are not as release 1 declared: [drift] Deployment a/b: 1 field differs. Deploy again."
    assert check.headline == wanted
    assert (
        report({"drift": failed(msg=lines, findings=[])}).checks[0].headline
        == "5 objects are not as release 1 declared"
    )


def test_the_sentence_of_a_good_report_counts_warnings() -> None:
    assert report({"health": passed(number=3)}).sentence() == (
        "Release 3 of maestro in maestro-system on eks-prod passed every check."
    )
    assert report({"posture": passed(findings=[WARNING])}).sentence().endswith("passed every check with 1 warning.")
    assert report({"smoke": dict(SKIPPED)}).sentence().endswith("nothing was checked.")


def test_a_finding_keeps_what_it_has_and_drops_what_nobody_knows() -> None:
    only = {"id": "x", "severity": "note", "object": "o", "message": "m", "of_tomorrow": 1}
    (found,) = report({"health": passed(findings=[only])}).checks[0].findings
    assert (found.id, found.evidence, found.cause) == ("x", (), "")


def test_no_secret_value_is_in_it_and_its_name_is() -> None:
    reported = failed(msg="The key hunter2-and-a-half is refused", findings=[finding(message="hunter2-and-a-half")])
    text = json.dumps(report({"health": reported}).as_dict())
    assert "hunter2" not in text
    assert text.count("(secret maestro-secrets/JWT_SIGNING_KEY)") == 4


def test_a_setting_with_a_telling_name_is_no_secret() -> None:
    line = "automountServiceAccountToken: was False, is True (kubectl-patch)"
    (found,) = report({"drift": failed(findings=[finding(evidence=[line])])}).checks[0].findings
    assert found.evidence == (line,)


def test_the_json_holds_everything() -> None:
    values = report().as_dict()
    assert values["schema"] == 1
    assert values["release"] == {
        "name": "maestro",
        "namespace": "maestro-system",
        "number": 12,
        "host": "eks-prod",
    }
    assert [check["verdict"] for check in values["checks"]] == ["passed", "failed", "passed", "inconclusive", "skipped"]
    assert values["checks"][1]["findings"][0]["next_step"] == "Push the image, or deploy another one."
    assert [rule["id"] for rule in values["checks"][2]["rules"]] == ["posture-network", "posture-autoscaling"]
    assert [moment["seconds"] for moment in values["timeline"]] == [0.0, 1.2, 2.0, 6.4, 14.2]
    assert json.loads(json.dumps(values)) == values


def test_results_stay_as_they_are() -> None:
    results = bad()
    report(results)
    assert results == bad()


def test_a_release_took_as_long_as_its_phases_together() -> None:
    made = report({"release": failed(seconds={"plan": 0.5, "wait": 61.0}), "rollback": passed(seconds=2.5)})
    assert [(check.title, check.seconds) for check in made.checks] == [("Release", 61.5), ("Automatic rollback", 2.5)]
    assert made.seconds == 64.0


def test_a_first_line_that_tells_the_error_does_not_tell_it_twice() -> None:
    reported = finding_of(finding()).sentence()
    first = f"Release 3 of maestro is not ready after 1 s: {reported} Release 2 was restored as release 4."
    (check,) = report({"release": failed(msg=f"{first}\n- more\nEvidence: x.json")}).checks
    assert check.headline == first
