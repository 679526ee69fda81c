# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the secrets role contributes: six groups of secrets from three sources, and no value where it can be read."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import EncryptedString, VaultLib, VaultSecret, VaultSecretsContext

from tests.unit.rendering import Manifest, component, of_kind, only, render, render_with_secrets

CANARY = "canary-5f2c"
VALUES = {
    "DATABASE_URL": f"postgresql://maestro:{CANARY}@db.internal.example:5432/maestro?sslmode=verify-full",
    "REDIS_URL": f"rediss://:{CANARY}@cache.internal.example:6379/0",
    "OPENAI_API_KEY": f"sk-{CANARY}",
    "ANTHROPIC_API_KEY": f"sk-ant-{CANARY}",
    "JWT_SIGNING_KEY": f"{CANARY}-0123456789012345678901234567890123456789",
    "EXTERNAL_SERVICE_TOKEN": f"token-{CANARY}",
}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
INLINE: dict[str, t.Any] = {
    "secrets_values": VALUES,
    "secrets_registry_username": "puller",
    "secrets_registry_password": CANARY,
}
EXTERNAL: dict[str, t.Any] = {
    "secrets_source": "external",
    "secrets_external_remote_key": "production/maestro",
    "secrets_external_registry_remote_key": "production/ghcr",
    "secrets_external_aws_region": "eu-west-1",
}
IRSA = {"provider": "irsa", "role": "arn:aws:iam::123456789012:role/maestro"}


def secret(name: str, **variables: t.Any) -> tuple[Manifest, dict[str, str]]:
    """A rendered Secret and its values."""
    manifests, values = render_with_secrets("secrets", **{**INLINE, **variables})
    found = only(item for item in of_kind(manifests, "Secret") if item["metadata"]["name"] == name)
    return found, {key.partition("/")[2]: value for key, value in values.items() if key.startswith(f"{name}/")}


def external(kind: str, name: str, **variables: t.Any) -> Manifest:
    manifests = of_kind(render("secrets", **{**EXTERNAL, **variables}), kind)
    return t.cast("Manifest", only(item["spec"] for item in manifests if item["metadata"]["name"] == name))


# "Database credentials (PostgreSQL)", "Redis connection strings", "AI API keys (OpenAI, Anthropic)",
# "JWT signing keys", "External service tokens"
@pytest.mark.parametrize("key", VALUES)
def test_each_inline_value_reaches_the_secret_of_the_workload(key: str) -> None:
    manifest, values = secret("maestro-secrets")
    assert values[key] == VALUES[key]
    assert manifest["stringData"][key] != VALUES[key]
    assert manifest["immutable"] is True


# "TLS certificates"
def test_a_given_certificate_is_a_tls_secret_that_may_be_renewed() -> None:
    variables = {"secrets_tls_certificate": CERTIFICATE, "secrets_tls_private_key": PRIVATE_KEY}
    manifest, values = secret("maestro-tls", **variables)
    assert manifest["type"] == "kubernetes.io/tls"
    assert values == {"tls.crt": CERTIFICATE, "tls.key": PRIVATE_KEY}
    assert "immutable" not in manifest


def test_without_a_certificate_cert_manager_makes_the_tls_secret() -> None:
    names = [item["metadata"]["name"] for item in render("secrets", **INLINE)]
    assert names == ["maestro-registry", "maestro-secrets"]


# "Registry: GitHub Container Registry (GHCR)"
def test_the_pull_credential_is_what_the_kubelet_reads() -> None:
    password = 'p"\\w{{ none }}'
    manifest, values = secret("maestro-registry", secrets_registry_password=password)
    assert manifest["type"] == "kubernetes.io/dockerconfigjson"
    credential = json.loads(values[".dockerconfigjson"])["auths"]["ghcr.io"]
    assert (credential["username"], credential["password"]) == ("puller", password)
    assert credential["auth"] == "cHVsbGVyOnAiXHd7eyBub25lIH19"


def test_nodes_that_pull_by_themselves_need_no_credential() -> None:
    variables = {"maestro_registry_secret": False, "secrets_registry_username": "", "secrets_registry_password": ""}
    names = [item["metadata"]["name"] for item in render("secrets", **{**INLINE, **variables})]
    assert names == ["maestro-secrets"]


def test_values_are_text_and_never_templates() -> None:
    values = {**VALUES, "EXTRA": "{{ lookup('env', 'HOME') }} \" ' \n: # é"}
    assert secret("maestro-secrets", secrets_values=values)[1]["EXTRA"] == values["EXTRA"]


def test_no_value_is_left_in_the_manifests_and_the_result_is_hidden() -> None:
    result = component("secrets", **INLINE, secrets_tls_certificate=CERTIFICATE, secrets_tls_private_key=PRIVATE_KEY)
    assert CANARY not in json.dumps(result["manifests"])
    assert CANARY in json.dumps(result["secret_values"])
    assert result["_ansible_no_log"] is True


def test_a_refusal_names_the_key_and_no_value() -> None:
    values = {**VALUES, "JWT_SIGNING_KEY": CANARY, "DATABASE_URL": f"mysql://u:{CANARY}@h/db", "OPENAI_API_KEY": ""}
    with pytest.raises(AnsibleActionFail) as refusal:
        render("secrets", **{**INLINE, "secrets_values": values})
    assert CANARY not in str(refusal.value)
    assert "AI API keys: OPENAI_API_KEY is empty in secrets_values" in str(refusal.value)
    assert "JWT signing key: secrets_values.JWT_SIGNING_KEY is shorter" in str(refusal.value)


def test_existing_secrets_are_left_to_their_keeper() -> None:
    assert render("secrets", secrets_source="existing") == []


# "Secret management via external-secrets-operator ready"
def test_every_required_key_is_copied_from_the_external_store_in_a_fixed_order() -> None:
    copied = external("ExternalSecret", "maestro-secrets")["data"]
    assert [item["secretKey"] for item in copied] == list(VALUES)
    assert copied[0]["remoteRef"] == {"key": "production/maestro", "property": "DATABASE_URL"}


def test_a_key_that_lies_elsewhere_is_copied_from_there() -> None:
    entry = {"key": "OPENAI_API_KEY", "remote_key": "shared/ai", "property": "openai", "version": "7"}
    copied = external("ExternalSecret", "maestro-secrets", secrets_external_entries=[entry])["data"]
    assert copied[0]["remoteRef"] == {"key": "shared/ai", "property": "openai", "version": "7"}
    assert sorted(item["secretKey"] for item in copied) == sorted(VALUES)


COPIED = {
    "secrets_external_tls_remote_key": "production/tls",
    "secrets_external_alerting_remote_key": "production/on-call",
}


@pytest.mark.parametrize("name", ["maestro-secrets", "maestro-registry", "maestro-tls", "maestro-alerting"])
def test_a_copied_secret_outlives_its_external_secret(name: str) -> None:
    target = external("ExternalSecret", name, **COPIED)["target"]
    assert target["name"] == name
    assert (target["creationPolicy"], target["deletionPolicy"]) == ("Orphan", "Retain")


def test_the_operator_builds_the_pull_credential_for_the_registry_host() -> None:
    spec = external("ExternalSecret", "maestro-registry", secrets_registry_host="registry.example:5000")
    document = spec["target"]["template"]["data"][".dockerconfigjson"]
    assert document.startswith('{{ dict "auths" (dict "registry.example:5000" (dict "username" .username')
    assert [item["remoteRef"]["property"] for item in spec["data"]] == ["username", "password"]


@pytest.mark.parametrize("keys", [["pagerduty-routing-key", "slack-api-url"], ["slack-api-url"]])
def test_the_credentials_of_alerts_are_copied_where_somebody_keeps_them(keys: list[str]) -> None:
    given = {"secrets_external_alerting_remote_key": "production/on-call", "secrets_external_alerting_keys": keys}
    copied = external("ExternalSecret", "maestro-alerting", **given)["data"]
    assert [item["secretKey"] for item in copied] == keys
    assert [item["remoteRef"] for item in copied] == [{"key": "production/on-call", "property": key} for key in keys]


def test_the_credentials_of_alerts_are_left_alone_unless_their_place_is_named() -> None:
    names = [item["metadata"]["name"] for item in of_kind(render("secrets", **EXTERNAL), "ExternalSecret")]
    assert names == ["maestro-registry", "maestro-secrets"]


def test_alerts_without_a_credential_to_copy_are_refused() -> None:
    given = {**EXTERNAL, "secrets_external_alerting_remote_key": "production/on-call"}
    with pytest.raises(AnsibleActionFail, match="secrets_external_alerting_keys is empty"):
        render("secrets", **given, secrets_external_alerting_keys=[])


PROVIDERS: dict[str, tuple[dict[str, t.Any], Manifest]] = {
    "aws": (
        {"secrets_external_aws_region": "eu-west-1", "maestro_identity": IRSA},
        {
            "aws": {
                "service": "SecretsManager",
                "region": "eu-west-1",
                "auth": {"jwt": {"serviceAccountRef": {"name": "maestro"}}},
            }
        },
    ),
    "gcp": (
        {
            "secrets_external_gcp_project": "intelgraph",
            "maestro_identity": {"provider": "gke", "role": "maestro@intelgraph.iam.gserviceaccount.com"},
        },
        {
            "gcpsm": {
                "projectID": "intelgraph",
                "auth": {"workloadIdentity": {"serviceAccountRef": {"name": "maestro"}}},
            }
        },
    ),
    "azure": (
        {
            "secrets_external_azure_vault_url": "https://intelgraph.vault.azure.net",
            "maestro_identity": {"provider": "azure", "client_id": "00000000-0000-0000-0000-00000000abcd"},
        },
        {
            "azurekv": {
                "vaultUrl": "https://intelgraph.vault.azure.net",
                "authType": "WorkloadIdentity",
                "serviceAccountRef": {"name": "maestro"},
            }
        },
    ),
    "vault": (
        {"secrets_external_vault_server": "https://vault.example", "secrets_external_vault_role": "maestro"},
        {
            "vault": {
                "server": "https://vault.example",
                "path": "secret",
                "version": "v2",
                "auth": {
                    "kubernetes": {
                        "mountPath": "kubernetes",
                        "role": "maestro",
                        "serviceAccountRef": {"name": "maestro"},
                    }
                },
            }
        },
    ),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_store_authenticates_as_the_service_account(provider: str) -> None:
    variables, expected = PROVIDERS[provider]
    spec = external("SecretStore", "maestro", secrets_external_provider=provider, **variables)
    assert spec["provider"] == expected


def test_with_pod_identity_the_operator_authenticates_as_itself() -> None:
    spec = external("SecretStore", "maestro", maestro_identity={"provider": "pod-identity"})
    assert "auth" not in spec["provider"]["aws"]


def test_a_store_that_exists_is_used_and_not_made() -> None:
    variables = {"secrets_external_store_name": "company", "secrets_external_aws_region": ""}
    manifests = render("secrets", **{**EXTERNAL, **variables})
    assert of_kind(manifests, "SecretStore") == []
    stores = [item["spec"]["secretStoreRef"] for item in of_kind(manifests, "ExternalSecret")]
    assert stores == [{"kind": "ClusterSecretStore", "name": "company"}] * 2


def test_values_that_ansible_vault_encrypts_one_by_one_are_decrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = VaultLib([("default", VaultSecret(b"password of a test"))])
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(vault.secrets))
    encrypted = {key: EncryptedString(ciphertext=vault.encrypt(value).decode()) for key, value in VALUES.items()}
    assert secret("maestro-secrets", secrets_values=encrypted)[1] == VALUES
