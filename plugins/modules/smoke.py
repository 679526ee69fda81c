#!/usr/bin/python
# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves from outside that a release serves, and with which figures."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smoke
short_description: Prove that a release serves, with figures that can be believed
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Asks a service from outside, as its users do - health, API, TLS, HSTS, redirect, CORS, paths that must be closed,
    and whether every pod answers with the revision that is deployed.
  - Sends a load at a fixed rate, when O(load) asks for one. Latency counts from when a request was due, timeouts count,
    and nothing is left out. Gates are judged by what the number of requests can prove; while they are open the load
    goes on, bounded.
  - Says V(inconclusive) rather than something it cannot know, such as when the load itself was sent late or took a
    processor core.
  - Proves the rate limiter apart, when O(limiter) asks for it.
  - Asks no other host than O(own_host) or that of O(url), those of O(allowed_hosts), and that of O(prometheus_url).
  - Fails unless the verdict is V(passed). Use C(failed_when) to go on with less.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - intelgraph.maestro.connection
  - intelgraph.maestro.attributes
  - intelgraph.maestro.smoke
requirements:
  - jmespath, for checks with O(checks[].json) and for the default check of the API
  - websocket-client, which comes with the package kubernetes, for port-forwards
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: partial
    details: In check mode the checks are made, and neither the load nor the proof of the rate limiter is sent.
  diff_mode:
    description: Changes nothing.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
seealso:
  - module: intelgraph.maestro.release
"""

EXAMPLES = r"""
- name: Prove that it serves
  intelgraph.maestro.smoke:
    url: https://maestro.intelgraph.ai

- name: Prove that it meets its targets
  intelgraph.maestro.smoke:
    url: https://maestro.intelgraph.ai
    load:
      rate: 1000
      gates: {error_ratio: 0.001, p95: 2.0, throughput: 990}

- name: Ask a cluster that DNS does not point to yet, and check one thing more
  intelgraph.maestro.smoke:
    url: https://maestro.intelgraph.ai
    resolve:
      maestro.intelgraph.ai: 203.0.113.10
    checks:
      - name: version
        url: /api/v1/status
        json: {version: 2.1.0-prod}

- name: Ask the pods of a private cluster through its API server
  intelgraph.maestro.smoke:
    url: https://maestro.intelgraph.ai
    port_forward: service/maestro
    load: {rate: 50, seconds: 10, gates: {error_ratio: 0.01, p95: 2.0}}

- name: Prove the rate limiter
  intelgraph.maestro.smoke:
    url: https://maestro.intelgraph.ai
    limiter: {rate: 2000, limit: 1000, burst: 2000}
"""

RETURN = r"""
msg:
  description: One sentence, with the findings when there are some.
  returned: always
  type: str
  sample: "https://maestro.intelgraph.ai serves: 8 checks passed."
verdict:
  description: V(passed), V(failed), or V(inconclusive) when it could not be known.
  returned: always
  type: str
  sample: passed
findings:
  description: What is wrong or worth knowing, errors first.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Stable name of the kind of finding.
      returned: always
      type: str
      sample: certificate-expiring
    severity:
      description: V(error), V(warning) or V(note).
      returned: always
      type: str
    object:
      description: The check, the gate or the part concerned.
      returned: always
      type: str
    message:
      description: What is wrong.
      returned: always
      type: str
    evidence:
      description: The lines that prove it.
      returned: always
      type: list
      elements: str
    next_step:
      description: What to do about it.
      returned: always
      type: str
checks:
  description: What came of each check.
  returned: always
  type: list
  elements: dict
  sample:
    - name: healthy /healthz
      url: https://maestro.intelgraph.ai/healthz
      method: GET
      verdict: passed
      status: 200
      address: 203.0.113.10:443
      phases: {dns: 0.002, connect: 0.011, tls: 0.025, first_byte: 0.013, body: 0.0}
      error: ""
      certificate_days: 61.2
      tls: TLSv1.3
      attempts: 3
      failures: 0
      seconds: 1.16
pods:
  description:
    - The pods that were expected and those that answered, with the revision that each told.
    - C(failures) are answers 5xx and requests without an answer.
    - C(directly) are those that the public way did not lead to, and that were asked by the API server's port-forward.
  returned: always
  type: dict
  sample:
    expected: [maestro-7d4b9-t5k, maestro-7d4b9-x2x]
    revision: 7d4b9
    seen: {maestro-7d4b9-x2x: 7d4b9}
    directly: {maestro-7d4b9-t5k: 7d4b9}
    answers: 60
    failures: {}
    requests: 61
    seconds: 0.4
load:
  description: The figures of the load; empty when there was none.
  returned: always
  type: dict
  contains:
    verdict:
      description: The verdict of the load alone.
      returned: with a load
      type: str
    plan:
      description: What was to be sent.
      returned: with a load
      type: dict
    gates:
      description: Each gate with its limit, its value, its verdict, and the bounds of the ratio behind it.
      returned: with a load
      type: list
      elements: dict
    self_checks:
      description: The conditions under which the figures mean anything.
      returned: with a load
      type: list
      elements: dict
    planned:
      description: Requests that were due and count.
      returned: with a load
      type: int
    sent:
      description: Requests of those that were sent.
      returned: with a load
      type: int
    warm_up_requests:
      description: Requests before, which do not count.
      returned: with a load
      type: int
    results:
      description: How many requests ended in which way.
      returned: with a load
      type: dict
    failures:
      description: The same for each request of the mix, the most frequent first.
      returned: with a load
      type: dict
    said:
      description: The first words of each kind of failure.
      returned: with a load
      type: dict
    error_ratio:
      description: The share of requests that failed, without those that were limited.
      returned: with a load
      type: float
    throughput:
      description: Good answers a second.
      returned: with a load
      type: float
    latency:
      description: Exact percentiles in seconds, from when requests were due.
      returned: with a load
      type: dict
    service_time:
      description: The same from when they were sent.
      returned: with a load
      type: dict
    lateness:
      description: The same of how late they were seen to by the load itself.
      returned: with a load
      type: dict
    histogram:
      description:
        - How many latencies lie at or below each bound (C(le), in seconds) and above the former one, ten bounds to a
          decade.
      returned: with a load
      type: list
      elements: dict
      sample: [{le: 0.00316, count: 1402}, {le: 0.00398, count: 1597}]
    series:
      description:
        - What happened in each slot of time, 120 slots at most, C(seconds) long each.
        - C(planned) requests were due in it, C(sent) were sent, C(answered) answered; C(failed) ended badly, by their
          kind; C(p95) is of those that were due.
      returned: with a load
      type: dict
      sample:
        seconds: 0.5
        planned: [500, 500]
        sent: [500, 500]
        answered: [498, 502]
        failed: {5xx: [0, 1]}
        p95: [0.0047, 0.0051]
    connections:
      description: How many were opened, the most at once, requests of each, requests sent again on a new one.
      returned: with a load
      type: dict
    pods:
      description: Answers of each pod.
      returned: with a load
      type: dict
    generator_cpu:
      description: The share of a processor core that sending took.
      returned: with a load
      type: float
    extensions:
      description: How many times the load went on.
      returned: with a load
      type: int
    stopped:
      description: Whether it stopped by itself because it did harm.
      returned: with a load
      type: bool
    seconds:
      description: How long it took.
      returned: with a load
      type: float
limiter:
  description: When the first 429 came and when it was expected, in seconds; empty when it was not asked for.
  returned: always
  type: dict
  sample: {first_429: 2.01, expected: 2.0, results: {ok: 5010, "429": 990}}
port_forward:
  description: The way past the ingress; empty on the public one.
  returned: always
  type: dict
  contains:
    asked:
      description: The Service and its port.
      returned: with O(port_forward)
      type: str
      sample: service/maestro:http in maestro-system
    left_out:
      description: What was not asked, because it is the ingress's.
      returned: with O(port_forward)
      type: list
      elements: str
      sample: [certificate, TLS version, hsts, cors refused, redirect to https, closed /metrics]
    connections:
      description: How many connections were opened to each pod.
      returned: with O(port_forward)
      type: dict
      sample: {maestro-7d4b9-t5k: 6, maestro-7d4b9-x2x: 6}
    refused:
      description: What the kubelet said of connections that a pod did not take, and how often.
      returned: with O(port_forward)
      type: dict
    broken:
      description: What broke on the way to the pods, and how often.
      returned: with O(port_forward)
      type: dict
availability:
  description: What Prometheus said; empty when it was not asked.
  returned: always
  type: dict
  sample: {ratio: 0.99987, target: 0.999}
requests:
  description: Number of requests sent.
  returned: always
  type: int
  sample: 3042
seconds:
  description: Seconds that it took.
  returned: always
  type: float
  sample: 34.2
error_id:
  description: Stable name of the error.
  returned: when nothing could be asked
  type: str
  sample: smoke-not-allowed
"""

import dataclasses

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import PASSED
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, as_module, perform
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.arguments import SMOKE
from ansible_collections.intelgraph.maestro.plugins.module_utils._verification.verify import NOTHING, asked

ARGUMENTS = {**CONNECTION, **SMOKE}


def main() -> None:
    """Its headers may hold credentials, so that what it is called with is not for the system's log."""
    as_module(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, no_log=True), verify)


def verify(call: Call) -> Ending:
    """Ask the service what the parameters want; the result has the same keys however it ends."""
    ending = perform(_asked, call)
    return dataclasses.replace(ending, values={"changed": False, **NOTHING, **ending.values})


def _asked(call: Call) -> Ending:
    values = asked(call.params, call.check)
    warnings = [f"[{each['id']}] {each['message']}" for each in values["findings"] if each["severity"] == "warning"]
    return Ending(values, warnings if values["verdict"] == PASSED else [], failed=values["verdict"] != PASSED)


if __name__ == "__main__":
    main()
