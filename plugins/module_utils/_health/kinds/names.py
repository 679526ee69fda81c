# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of kinds that rules are about and that are not Kubernetes' own."""

from __future__ import annotations

CERTIFICATE = "Certificate.cert-manager.io"
CERTIFICATE_REQUEST = "CertificateRequest.cert-manager.io"
ISSUER = "Issuer.cert-manager.io"
CLUSTER_ISSUER = "ClusterIssuer.cert-manager.io"
EXTERNAL_SECRET = "ExternalSecret.external-secrets.io"
SECRET_STORE = "SecretStore.external-secrets.io"
CLUSTER_SECRET_STORE = "ClusterSecretStore.external-secrets.io"
GATEWAY = "Gateway.gateway.networking.k8s.io"
ROUTES = tuple(
    f"{kind}.gateway.networking.k8s.io" for kind in ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute")
)
