"""A secret of a key vault by its URI, read with the run's own login (Key Vault REST API, "Get Secret", 7.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from imagesmith.azure.clients import AzureError, credential_of, sdk_options, told
from imagesmith.diagnostics import Rule, Severity
from imagesmith.world import World

_VERSION = "7.4"
_AUDIENCES: Mapping[str, str] = {
    ".vault.azure.net": "https://vault.azure.net",
    ".vault.azure.cn": "https://vault.azure.cn",
    ".vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net",
}
"""The ends of vaults' names in each cloud, and for whom a token for them is made."""
_PATH = re.compile(r"/secrets/[0-9A-Za-z-]{1,127}(?:/[0-9A-Za-z]{1,64})?/?")

VAULT_REFUSES = Rule(
    code="IMG876",
    severity=Severity.ERROR,
    title="a key vault does not give the secret",
    cause="The login may not read it (role Key Vault Secrets User, or an access policy with Get), the vault's firewall"
    " refuses this machine, or there is no such secret.",
    fix="try it with the same login: az keyvault secret show --id URI",
    source="Key Vault REST API, Get Secret",
)


def is_secret_uri(text: str) -> bool:
    """Whether a text is the URI of a secret in a key vault of a known cloud, with or without a version."""
    parts = urlsplit(text)
    known = (parts.hostname or "").endswith(tuple(_AUDIENCES)) and parts.scheme == "https" and parts.port is None
    return known and not parts.query and not parts.username and bool(_PATH.fullmatch(parts.path))


def read_secret(uri: str, world: World) -> str:
    """The value. Raises AzureError; a token goes to names of key vaults only, and no redirect is followed."""
    if not is_secret_uri(uri):
        raise ValueError("no URI of a secret")
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy, ProxyPolicy, RetryPolicy
    from azure.core.rest import HttpRequest

    parts = urlsplit(uri)
    host = parts.hostname or ""
    audience = next(value for end, value in _AUDIENCES.items() if host.endswith(end))
    login = BearerTokenCredentialPolicy(credential_of(world), f"{audience}/.default")
    options = sdk_options(world)
    policies = [ProxyPolicy(**options), RetryPolicy(**options), login]
    client: Any = PipelineClient(f"https://{host}", policies=policies, **options)
    request = HttpRequest("GET", f"https://{host}{parts.path.rstrip('/')}", params={"api-version": _VERSION})
    with told(f"cannot read {host}{parts.path}"), client:
        answer = client.send_request(request)
        if answer.status_code != 200:
            raise AzureError(VAULT_REFUSES.at((), f"{host}{parts.path}: {_said(answer)}"))
        value = answer.json().get("value")
    if not isinstance(value, str):
        raise AzureError(VAULT_REFUSES.at((), f"{host}{parts.path}: the answer holds no value"))
    return value


def _said(answer: Any) -> str:  # an HttpResponse
    """Status and the vault's own words, on one line."""
    try:
        error = answer.json()["error"]
        return f"{answer.status_code} {error['code']}: {' '.join(str(error['message']).split())}"
    except (ValueError, KeyError, TypeError):
        return f"the vault answers {answer.status_code}"
