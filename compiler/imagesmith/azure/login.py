"""`--auth` and the environment to a world: the real Azure, with one login for Packer and for Azure's SDKs.

Only variables differ between logins, never the files. Packer reads no `ARM_…` or `AZURE_…` variables itself, so they
are mapped here (packer.md §1.1).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from imagesmith.azure.clients import AzureError
from imagesmith.credential import DeferredCredential
from imagesmith.diagnostics import Rule, Severity
from imagesmith.world import World

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

MISSING = Rule(
    code="IMG814",
    severity=Severity.ERROR,
    title="the login is not complete",
    cause="The chosen kind of login needs values that the environment does not have.",
    fix="set the variables that the message names, or choose another login with --auth",
    source="packer.md §1.1",
)
NO_SUBSCRIPTION = Rule(
    code="IMG815",
    severity=Severity.ERROR,
    title="no subscription is known",
    cause="The build has to know the subscription that its machine is made in.",
    fix="give --subscription ID, or set AZURE_SUBSCRIPTION_ID",
    source="packer.md §1.1",
)
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "USERPROFILE", "AZURE_CONFIG_DIR", "SSL_CERT_FILE")
_TENANT = re.compile(r"[A-Za-z0-9.-]+")
"""What Azure's SDKs take for a tenant."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class Auth(StrEnum):
    """The kinds of login."""

    AUTO = "auto"
    CLI = "cli"
    ENV = "env"
    MANAGED_IDENTITY = "managed-identity"
    OIDC = "oidc"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A login: the values for the HCL's variables, which of them are secret, and how to make the SDKs' credential."""

    variables: Mapping[str, str]
    secret: tuple[str, ...]
    credential: Callable[[], TokenCredential]


def azure_world(auth: Auth, *, subscription: str | None, environment: Mapping[str, str]) -> World:
    """The real Azure. Raises AzureError if the login is not complete or no subscription is known."""
    kind = _evident(environment) if auth is Auth.AUTO else auth
    login = _LOGINS[kind](environment)
    subscription = subscription or _first(environment, "SUBSCRIPTION_ID") or _cli_subscription(environment)
    if subscription is None:
        raise AzureError(NO_SUBSCRIPTION.at(()))
    return World(
        name="azure",
        environment={name: environment[name] for name in (*_PASSED_ON, *_PROXIES) if name in environment},
        subscription_id=subscription,
        tenant_id=login.variables.get("tenant_id"),
        variables={"subscription_id": subscription, **login.variables},
        secrets=tuple(login.variables[name] for name in login.secret),
        credential=DeferredCredential(login.credential),
        notes=(f"login: {kind.value}",),
    )


def _first(environment: Mapping[str, str], name: str) -> str | None:
    """A value under its `AZURE_` name, else under its `ARM_` name."""
    return environment.get(f"AZURE_{name}") or environment.get(f"ARM_{name}") or None


def _evident(environment: Mapping[str, str]) -> Auth:
    if _first(environment, "CLIENT_SECRET"):
        return Auth.ENV
    if environment.get("ACTIONS_ID_TOKEN_REQUEST_URL") or environment.get("AZURE_FEDERATED_TOKEN_FILE"):
        return Auth.OIDC
    if which("az", path=environment.get("PATH")):
        return Auth.CLI
    return Auth.MANAGED_IDENTITY


def _needed(environment: Mapping[str, str], kind: Auth, *names: str) -> dict[str, str]:
    values = {name.lower(): _first(environment, name) for name in names}
    missing = [f"AZURE_{name.upper()}" for name, value in values.items() if value is None]
    if missing:
        raise AzureError(MISSING.at((), f"--auth {kind.value} needs {', '.join(missing)}"))
    found = {name: value for name, value in values.items() if value is not None}
    if not _TENANT.fullmatch(found["tenant_id"]):
        raise AzureError(MISSING.at((), f"AZURE_TENANT_ID is '{found['tenant_id']}', which is no id and no domain"))
    return found


def _cli(_environment: Mapping[str, str]) -> Login:
    def credential() -> TokenCredential:
        from azure.identity import AzureCliCredential

        return AzureCliCredential()

    return Login(variables={"use_azure_cli_auth": "true"}, secret=(), credential=credential)


def _env(environment: Mapping[str, str]) -> Login:
    values = _needed(environment, Auth.ENV, "TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")

    def credential() -> TokenCredential:
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(values["tenant_id"], values["client_id"], values["client_secret"])

    return Login(variables=values, secret=("client_secret",), credential=credential)


def _managed_identity(environment: Mapping[str, str]) -> Login:
    client_id = _first(environment, "CLIENT_ID")

    def credential() -> TokenCredential:
        from azure.identity import ManagedIdentityCredential

        return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()

    return Login(variables={"client_id": client_id} if client_id else {}, secret=(), credential=credential)


def _oidc(environment: Mapping[str, str]) -> Login:
    """GitHub Actions' token address, which can be asked again in long builds; else a token file, which cannot."""
    values = _needed(environment, Auth.OIDC, "TENANT_ID", "CLIENT_ID")
    url, token = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL"), environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    file = environment.get("AZURE_FEDERATED_TOKEN_FILE")
    if url and token:
        variables = {**values, "oidc_request_url": url, "oidc_request_token": token}
        return Login(
            variables=variables,
            secret=("oidc_request_token",),
            credential=lambda: _assertion(values, lambda: _token_from(url, token)),
        )
    if not file:
        names = "ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN (GitHub Actions) or AZURE_FEDERATED_TOKEN_FILE"
        raise AzureError(MISSING.at((), f"--auth oidc needs {names}"))
    assertion = _read(file)
    return Login(
        variables={**values, "client_jwt": assertion},
        secret=("client_jwt",),
        credential=lambda: _assertion(values, lambda: _read(file)),
    )


def _assertion(values: Mapping[str, str], token: Callable[[], str]) -> TokenCredential:
    from azure.identity import ClientAssertionCredential

    return ClientAssertionCredential(values["tenant_id"], values["client_id"], token)


def _token_from(url: str, token: str) -> str:
    """A federated token from GitHub Actions, for Azure's audience."""
    from urllib.request import Request, urlopen

    request = Request(  # noqa: S310 - the address is the runner's own
        f"{url}&audience=api://AzureADTokenExchange", headers={"Authorization": f"bearer {token}"}
    )
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        return str(json.load(answer)["value"])


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise AzureError(MISSING.at((), f"the token file '{path}' cannot be read: {error}")) from None


def _cli_subscription(environment: Mapping[str, str]) -> str | None:
    """The subscription that the Azure CLI has as its default."""
    folder = environment.get("AZURE_CONFIG_DIR") or f"{environment.get('HOME', '')}/.azure"
    try:
        profile = json.loads(Path(folder, "azureProfile.json").read_text(encoding="utf-8-sig"))
        return next((str(item["id"]) for item in profile["subscriptions"] if item.get("isDefault")), None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


_LOGINS: Mapping[Auth, Callable[[Mapping[str, str]], Login]] = {
    Auth.CLI: _cli,
    Auth.ENV: _env,
    Auth.MANAGED_IDENTITY: _managed_identity,
    Auth.OIDC: _oidc,
}
