# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ingress-nginx: an Ingress with annotations. The project is retired; Traefik can read the same annotations."""

from __future__ import annotations

import typing as t

from . import refusals, traefik
from .provider import (
    BODY_LIMIT,
    CORS,
    RATE_LIMIT,
    Metrics,
    Provider,
    Retirement,
    Software,
    Values,
    annotated,
)

PREFIX = "nginx.ingress.kubernetes.io"
CONTROLLER_HSTS = {
    "ingress_hsts_enabled": True,
    "ingress_hsts_max_age_seconds": 31536000,
    "ingress_hsts_include_subdomains": True,
    "ingress_hsts_preload": False,
}
"""What the controller does unless its ConfigMap says otherwise; no annotation changes it."""
INGRESS_NGINX = Software(
    "ingress-nginx",
    r"(ingress-nginx/controller(-chroot)?|nginx-ingress-controller)",
    (),
    "use another ingress_class or ingress_provider",
)


def _burst(values: Values) -> t.Iterator[str]:
    rate, burst = values["ingress_rate_limit_requests_per_second"], values["ingress_rate_limit_burst"]
    if values["ingress_rate_limit_enabled"] and rate > 0 and burst % rate:
        yield (
            f"ingress_rate_limit_burst is {burst}, but NGINX takes a whole multiple of "
            f"ingress_rate_limit_requests_per_second ({rate}). Use for example {rate * max(1, burst // rate)}."
        )


def _hsts(values: Values) -> t.Iterator[str]:
    for name, default in CONTROLLER_HSTS.items():
        if values[name] != default:
            yield (
                f"{name} is {str(values[name]).lower()}, but ingress-nginx takes HSTS from its own ConfigMap. Change "
                "it there (hsts, hsts-max-age, hsts-include-subdomains, hsts-preload) and leave "
                f"{name} at {str(default).lower()}."
            )


PROVIDER = Provider(
    name="nginx",
    title="ingress-nginx",
    software=INGRESS_NGINX,
    stand_ins=(traefik.TRAEFIK,),
    classes=("k8s.io/ingress-nginx",),
    templates=("nginx-ingress",),
    controller_namespaces=("ingress-nginx",),
    features={
        RATE_LIMIT: annotated(f"{PREFIX}/limit-rps", f"{PREFIX}/limit-rpm"),
        CORS: annotated(f"{PREFIX}/enable-cors"),
        BODY_LIMIT: annotated(f"{PREFIX}/proxy-body-size"),
    },
    refused=(_burst, _hsts, refusals.complete_backend_tls),
    variables={"ingress_provider": "nginx", "ingress_class": "nginx"},
    metrics=Metrics(
        name="nginx",
        source="ingress-nginx",
        series="nginx_ingress_controller_requests",
        matcher='ingress="{name}"',
        status="status",
        is_exported=True,
    ),
    retirement=Retirement("March 2026", (1, 15, 1)),
)
