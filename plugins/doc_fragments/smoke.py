# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what a smoke run may be asked for."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the module smoke, beside those of the connection."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The service as its users reach it, C(https://HOST) with a port where it is not the usual one.
      - Credentials in it (C(https://USER:PASSWORD@HOST)) are sent to this origin only.
    type: str
    required: true
  resolve:
    description:
      - Addresses that stand in for names, for a cluster that DNS does not point to yet.
      - The key is C(host) or C(host:port), the value an address or C(address:port). The name stays that of the request
        and of the certificate. A name that is not asked is refused.
    type: dict
    default: {}
  port_forward:
    description:
      - C(service/NAME) or C(service/NAME:PORT) asks the ready pods behind that Service of O(namespace) in turn, by the
        API server's port-forward, instead of the public way. For a cluster whose ingress cannot be reached from here.
      - The port is meant by its name or number in the Service. Without one it is C(http), or the only one.
      - Requests keep the name of O(url); they are plain HTTP unless the port says by its C(appProtocol), its name or
        its number that the pods speak TLS.
      - What belongs to the ingress is left out, by name in RV(port_forward.left_out) - its TLS, HSTS, redirect, CORS,
        closed paths. O(limiter) is refused.
      - A load has at most 200 requests a second on 16 connections, and its times hold the API server's share.
      - Needs C(get) and C(create) on C(pods/portforward), and C(list) and C(watch) on EndpointSlices.
    type: str
    default: ""
  ca_path:
    description: A PEM file of the authorities that sign the service's certificate, beside those of the system.
    type: path
  own_host:
    description:
      - The host that may be asked without being in O(allowed_hosts). Empty means that of O(url).
      - Give it where O(url) may come from somebody who must not send requests elsewhere, as from a survey of AWX.
    type: str
    default: ""
  allowed_hosts:
    description: Further hosts that may be asked, C(*.example.com) for all below a name.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds for one answer, all phases together.
    type: float
    default: 10.0
  deadline:
    description: Seconds within which every check must have succeeded, and again for all pods to have answered.
    type: float
    default: 20.0
  interval:
    description: Seconds between the attempts of a check.
    type: float
    default: 0.5
  name:
    description: Name of the release.
    type: str
    default: maestro
  namespace:
    description: Namespace that holds the release.
    type: str
    default: maestro-system
  pods:
    description:
      - Which pods must answer. V(cluster) asks the cluster for the ready pods and for the deployed revision,
        V(given) takes O(expected_pods) and O(expected_revision), V(off) leaves it out.
      - With V(cluster) pods that the public way does not lead to are asked by the API server's port-forward, which
        needs C(get) and C(create) on C(pods/portforward). Without them the verdict is inconclusive.
    type: str
    choices: [cluster, given, "off"]
    default: cluster
  expected_pods:
    description: Names of pods that must answer, with O(pods=given). None means whichever do.
    type: list
    elements: str
    default: []
  expected_revision:
    description: The revision that every pod must tell, with O(pods=given). Empty means the same for all.
    type: str
    default: ""
  defaults:
    description: Whether to make the checks that every deployment should pass. O(expect) adapts them.
    type: bool
    default: true
  expect:
    description: What the default checks expect.
    type: dict
    suboptions:
      healthy:
        description: Paths that answer 200. Default V(/healthz) and V(/readyz).
        type: list
        elements: str
      status:
        description: Path that tells revision and pod as JSON. Default V(/api/v1/status); empty for none.
        type: str
      closed:
        description: Paths that must be refused from outside. Default V(/metrics).
        type: list
        elements: str
      redirect:
        description: Whether plain HTTP is redirected to HTTPS. Default V(true).
        type: bool
      hsts_seconds:
        description: How long browsers are told to use HTTPS, at least. Default half a year; V(0) for not at all.
        type: int
      allowed_origin:
        description: An origin that CORS allows. Default none.
        type: str
      refused_origin:
        description: An origin that CORS refuses. Default one that does not exist; empty for none.
        type: str
      preflight_method:
        description: The method that a browser asks for in a CORS preflight. Default V(POST).
        type: str
      preflight_headers:
        description: The headers that it asks for. Default C(authorization) and C(content-type).
        type: list
        elements: str
      certificate_days:
        description: Days that the certificate is valid for, at least. Default V(7).
        type: float
      tls_minimum:
        description: The oldest version of TLS, V(TLSv1.2) or V(TLSv1.3). Default V(TLSv1.2).
        type: str
      max_seconds:
        description: Seconds that an answer may take. Default V(2).
        type: float
      successes:
        description: How often in a row a check must succeed. Default V(3).
        type: int
  checks:
    description: Further checks. One with the name of a default check replaces it.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What it is called in results.
        type: str
        required: true
      url:
        description: A URL, or a path below O(url).
        type: str
        required: true
      method:
        description: The method of the request.
        type: str
        default: GET
      headers:
        description: Headers of the request.
        type: dict
      body:
        description: Body of the request.
        type: str
      status:
        description: The statuses that are right. Default V(200), with O(checks[].redirect) any redirect.
        type: list
        elements: int
      expect_headers:
        description: For names of headers a regular expression that the whole value must match.
        type: dict
      contains:
        description: Text that the answer must contain.
        type: str
      json:
        description: For JMESPath expressions the value that each must have.
        type: dict
      max_seconds:
        description: Seconds that the answer may take.
        type: float
      redirect:
        description: How the Location of the redirect must begin.
        type: str
      hsts_seconds:
        description: Seconds that Strict-Transport-Security must last at least.
        type: int
      cors_origin:
        description: An origin to send.
        type: str
      cors_allowed:
        description:
          - Whether O(checks[].cors_origin) may read the answer.
          - A request with the method V(OPTIONS) and the header C(Access-Control-Request-Method) is a preflight. Its
            answer must then name that method, and the headers of C(Access-Control-Request-Headers).
        type: bool
      websocket:
        description:
          - Whether to ask for an upgrade to a WebSocket. It must be accepted, by a V(101) with the right
            C(Sec-WebSocket-Accept).
        type: bool
      closed:
        description: Whether it must be refused, by a 4xx, a redirect to another path, or no connection.
        type: bool
      successes:
        description: How often in a row it must succeed.
        type: int
  load:
    description: The load to send. Without it, or with a O(load.rate) of V(0), there is none.
    type: dict
    suboptions:
      rate:
        description: Requests a second.
        type: float
        default: 0.0
      max_rate:
        description: The highest rate that is not refused.
        type: float
        default: 1000.0
      seconds:
        description: How long. V(0) is as long as the gates need, at least 10 s.
        type: float
        default: 0.0
      warm_up:
        description: Seconds of the same load before it, which do not count.
        type: float
        default: 2.0
      timeout:
        description: Seconds that a request may take from when it was due.
        type: float
        default: 10.0
      connections:
        description: Connections that may be open at once.
        type: int
        default: 256
      extensions:
        description: How many times the load may go on for its own length while the gates are open.
        type: int
        default: 3
      gates:
        description: The limits. Those left out are not judged, but for O(load.gates.throughput); those below 0 neither.
        type: dict
        default: {error_ratio: 0.001, p95: 2.0}
        suboptions:
          error_ratio:
            description: The share of requests that may fail. 429 is no failure and counted apart.
            type: float
          p50:
            description: Seconds within which half of the requests end.
            type: float
          p95:
            description: Seconds within which 95 % of the requests end.
            type: float
          p99:
            description: Seconds within which 99 % of the requests end.
            type: float
          throughput:
            description:
              - Good answers a second that the service must keep up, at least.
              - Default 99 % of O(load.rate), without what O(load.gates.error_ratio) allows. Below 0 it is not judged,
                and neither without a limit when O(load.gates.error_ratio) is below 0.
            type: float
      requests:
        description: The mix. Without any it is the O(expect.status), without that the first of O(expect.healthy).
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: A path below O(url).
            type: str
            required: true
          method:
            description: The method.
            type: str
            default: GET
          headers:
            description: Headers.
            type: dict
          body:
            description: Body.
            type: str
          status:
            description: The statuses that are right. Default V(200).
            type: list
            elements: int
          weight:
            description: How often it comes, compared with the others.
            type: int
            default: 1
  limiter:
    description: The proof of the rate limiter. Without it, or with a O(limiter.rate) of V(0), there is none.
    type: dict
    suboptions:
      rate:
        description: Requests a second, more than the limit of all replicas.
        type: float
        default: 0.0
      max_rate:
        description: The highest rate that is not refused.
        type: float
        default: 3000.0
      limit:
        description: Requests a second that one replica of the ingress controller lets through.
        type: float
        default: 1000.0
      burst:
        description: Requests above the limit that it lets through at once.
        type: float
        default: 2000.0
      replicas:
        description: How many replicas limit for themselves.
        type: int
        default: 1
      delay:
        description:
          - Seconds that the limiter holds a request back rather than refuse it.
          - Traefik does so for 0.5 s, NGINX as it is configured by the ingress role does not.
        type: float
        default: 0.0
      tolerance:
        description: How far from the expected moment the first 429 may come, as a share of it.
        type: float
        default: 0.1
      path:
        description: The path to ask for.
        type: str
        default: /api/v1/status
  prometheus_url:
    description:
      - A Prometheus to ask for what a smoke run cannot show, the availability of the last days.
      - It is asked whether or not its host is among O(allowed_hosts), with one query.
    type: str
    default: ""
  prometheus_query:
    description: The query, whose one value is the ratio of good answers. Empty means the service's own metric.
    type: str
    default: ""
  prometheus_token:
    description: A bearer token for Prometheus.
    type: str
    default: ""
  availability_target:
    description: The ratio that is aimed at.
    type: float
    default: 0.999
  availability_days:
    description: Over how many days.
    type: int
    default: 30
"""
