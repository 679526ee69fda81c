# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server refuses while a release is planned is told as what is refused while it is made."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import Refused
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import deploy, states
from tests.unit.plugins.samples import NAMESPACE
from tests.unit.rendering import only

OF_AN_OBJECT = {
    "webhook-unavailable": ApiError(500, "InternalError", 'failed calling webhook "a.b": failed to call webhook: dial'),
    "quota-exceeded": ApiError(403, "Forbidden", 'services "x" is forbidden: exceeded quota: few'),
    "admission-denied": ApiError(403, "Forbidden", "ValidatingAdmissionPolicy 'p' denied request: no"),
    "refused-by-server": ApiError(400, "BadRequest", "spec.ports: Required value"),
    "field-conflict": ApiError(409, "Conflict", "1 conflict", ['.spec.type: conflict with "kubectl-edit"']),
}
OF_THE_SERVER = {
    "credentials-refused": ApiError(401, "Unauthorized", "Unauthorized"),
    "api-error": ApiError(503, "ServiceUnavailable", "etcdserver: leader changed"),
}


@pytest.mark.parametrize("wanted", OF_AN_OBJECT)
def test_a_refusal_has_the_id_of_its_cause(wanted: str) -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("PATCH", "services/maestro", OF_AN_OBJECT[wanted])
    with pytest.raises(Refused) as refused:
        deploy(cluster)
    finding = only(refused.value.findings)
    assert (finding.id, finding.object) == (wanted, f"Service {NAMESPACE}/maestro")
    assert finding.next_step in refused.value.next_step
    assert states(cluster) == []


@pytest.mark.parametrize("wanted", OF_THE_SERVER)
def test_what_is_wrong_with_the_server_is_not_told_of_an_object(wanted: str) -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("PATCH", "services/maestro", OF_THE_SERVER[wanted])
    with pytest.raises(ApiError) as error:
        deploy(cluster)
    assert error.value.id == wanted
    assert states(cluster) == []
