"""Logins from an environment, and numbers of gallery versions: what is decided before Azure is asked anything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imagesmith.azure.clients import AzureError, attempt, compute, told
from imagesmith.azure.login import Auth, azure_world
from imagesmith.azure.versions import legacy_version, next_version, resolve_version
from imagesmith.credential import DeferredCredential
from imagesmith.plan import VersionRequest, VersionScheme
from imagesmith.world import World
from tests.lowered import DEFINITION, SHARED, compiled

SUBSCRIPTION = {"AZURE_SUBSCRIPTION_ID": "s-1"}
SECRET = {"AZURE_TENANT_ID": "t-1", "AZURE_CLIENT_ID": "c-1", "AZURE_CLIENT_SECRET": "open-sesame"}
GITHUB = {
    "AZURE_TENANT_ID": "t-1",
    "AZURE_CLIENT_ID": "c-1",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/?a=b",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-token",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """An environment, and the login that it is."""

    auth: Auth
    environment: Mapping[str, str]
    variables: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    credential: str
    note: str


ROWS = [
    Row(
        auth=Auth.CLI,
        environment={},
        variables={"use_azure_cli_auth": "true"},
        credential="AzureCliCredential",
        note="login: cli",
    ),
    Row(
        auth=Auth.ENV,
        environment=SECRET,
        variables={"tenant_id": "t-1", "client_id": "c-1", "client_secret": "open-sesame"},
        secrets=("open-sesame",),
        credential="ClientSecretCredential",
        note="login: env",
    ),
    Row(
        auth=Auth.ENV,
        environment={name.replace("AZURE", "ARM"): value for name, value in SECRET.items()},
        variables={"tenant_id": "t-1", "client_id": "c-1", "client_secret": "open-sesame"},
        secrets=("open-sesame",),
        credential="ClientSecretCredential",
        note="login: env",
    ),
    Row(
        auth=Auth.MANAGED_IDENTITY,
        environment={},
        variables={},
        credential="ManagedIdentityCredential",
        note="login: managed-identity",
    ),
    Row(
        auth=Auth.MANAGED_IDENTITY,
        environment={"AZURE_CLIENT_ID": "c-1"},
        variables={"client_id": "c-1"},
        credential="ManagedIdentityCredential",
        note="login: managed-identity",
    ),
    Row(
        auth=Auth.OIDC,
        environment=GITHUB,
        variables={
            "tenant_id": "t-1",
            "client_id": "c-1",
            "oidc_request_url": "https://token.example/?a=b",
            "oidc_request_token": "runner-token",
        },
        secrets=("runner-token",),
        credential="ClientAssertionCredential",
        note="login: oidc",
    ),
    Row(
        auth=Auth.AUTO,
        environment={**GITHUB, **SECRET},
        variables={"tenant_id": "t-1", "client_id": "c-1", "client_secret": "open-sesame"},
        secrets=("open-sesame",),
        credential="ClientSecretCredential",
        note="login: env",
    ),
    Row(
        auth=Auth.AUTO,
        environment=GITHUB,
        variables={
            "tenant_id": "t-1",
            "client_id": "c-1",
            "oidc_request_url": "https://token.example/?a=b",
            "oidc_request_token": "runner-token",
        },
        secrets=("runner-token",),
        credential="ClientAssertionCredential",
        note="login: oidc",
    ),
    Row(
        auth=Auth.AUTO,
        environment={"PATH": "/nowhere"},
        variables={},
        credential="ManagedIdentityCredential",
        note="login: managed-identity",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.auth} as {row.note}")
def test_an_environment_is_a_login(row: Row) -> None:
    """For Packer by variables, for the SDKs by a credential; secrets are known to the redactor, and in no repr."""
    world = azure_world(row.auth, subscription=None, environment={**SUBSCRIPTION, **row.environment})
    assert world.variables == {"subscription_id": "s-1", **row.variables}
    assert world.secrets == row.secrets
    assert isinstance(world.credential, DeferredCredential)
    assert type(world.credential.made()).__name__ == row.credential
    assert world.notes == (row.note,)
    assert not [secret for secret in row.secrets if secret in repr(world)]
    assert not set(world.environment) & {"AZURE_CLIENT_SECRET", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ARM_CLIENT_SECRET"}


def test_the_command_line_is_found_on_the_path(tmp_path: Path) -> None:
    """Where there is one, and nothing better."""
    program = tmp_path / "az"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    world = azure_world(Auth.AUTO, subscription="s-1", environment={"PATH": str(tmp_path)})
    assert world.variables["use_azure_cli_auth"] == "true"


def test_a_token_from_a_file(tmp_path: Path) -> None:
    """As workload identities have it."""
    path = tmp_path / "token"
    path.write_text("a.jwt.token\n")
    environment = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_FEDERATED_TOKEN_FILE": str(path)}
    world = azure_world(Auth.AUTO, subscription="s", environment=environment)
    assert world.variables["client_jwt"] == "a.jwt.token"
    assert world.secrets == ("a.jwt.token",)


@pytest.mark.parametrize(
    ("auth", "environment", "names"),
    [
        (Auth.ENV, {}, ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]),
        (Auth.ENV, {**SECRET, "AZURE_CLIENT_SECRET": ""}, ["AZURE_CLIENT_SECRET"]),
        (Auth.OIDC, {"AZURE_CLIENT_ID": "c"}, ["AZURE_TENANT_ID"]),
        (Auth.ENV, {**SECRET, "AZURE_TENANT_ID": "My Company"}, ["AZURE_TENANT_ID is 'My Company'"]),
        (Auth.OIDC, {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}, ["AZURE_FEDERATED_TOKEN_FILE"]),
        (
            Auth.OIDC,
            {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t", "AZURE_FEDERATED_TOKEN_FILE": "/nowhere/token"},
            ["/nowhere/token"],
        ),
    ],
)
def test_a_login_that_is_not_complete_names_what_is_missing(
    auth: Auth, environment: Mapping[str, str], names: list[str]
) -> None:
    """All of it at once, and not what is there."""
    with pytest.raises(AzureError) as caught:
        azure_world(auth, subscription="s", environment=environment)
    assert caught.value.diagnostic.code == "IMG814"
    assert [name for name in names if name not in caught.value.diagnostic.message] == []
    assert "open-sesame" not in caught.value.diagnostic.message


def profile(folder: Path, text: str) -> Mapping[str, str]:
    """An environment whose Azure CLI knows this."""
    (folder / "azureProfile.json").write_text(text, encoding="utf-8-sig")
    return {"AZURE_CONFIG_DIR": str(folder)}


TWO = json.dumps({"subscriptions": [{"id": "other", "isDefault": False}, {"id": "mine", "isDefault": True}]})


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ("given", SUBSCRIPTION, "given"),
        (None, {**SUBSCRIPTION, "ARM_SUBSCRIPTION_ID": "s-2"}, "s-1"),
        (None, {"ARM_SUBSCRIPTION_ID": "s-2"}, "s-2"),
        (None, {}, "mine"),
    ],
)
def test_subscription(tmp_path: Path, given: str | None, environment: Mapping[str, str], expected: str) -> None:
    """What was given, the environment's, the Azure CLI's."""
    everything = {**profile(tmp_path, TWO), **environment}
    assert azure_world(Auth.CLI, subscription=given, environment=everything).subscription_id == expected


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"subscriptions": [{"isDefault": true}]}', '{"subscriptions": [1]}'])
def test_no_subscription_is_told(tmp_path: Path, text: str) -> None:
    """Whatever is wrong with the Azure CLI's file."""
    with pytest.raises(AzureError) as caught:
        azure_world(Auth.CLI, subscription=None, environment=profile(tmp_path, text))
    assert caught.value.diagnostic.code == "IMG815"


def test_proxies_and_certificates_reach_packer_and_nothing_else_does() -> None:
    """It has to come through the same proxies."""
    wanted = {"PATH": "/bin", "HTTPS_PROXY": "http://proxy:1", "no_proxy": "x", "SSL_CERT_FILE": "/ca"}
    other = {"PKR_VAR_x": "1", "AWS_SECRET_ACCESS_KEY": "2", "GITHUB_TOKEN": "3"}
    world = azure_world(Auth.CLI, subscription="s", environment={**wanted, **other})
    assert world.environment == wanted


@pytest.mark.parametrize(
    ("taken", "major", "expected"),
    [
        ([], None, (0, 0, 1)),
        ([], 0, (0, 0, 1)),
        ([], 3, (3, 0, 0)),
        ([(1, 2, 3)], None, (1, 2, 4)),
        ([(1, 2, 3), (1, 10, 0), (0, 99, 99)], None, (1, 10, 1)),
        ([(1, 2, 3), (2, 0, 0)], 1, (1, 2, 4)),
        ([(1, 2, 3)], 2, (2, 0, 0)),
        ([(3, 0, 0)], 0, (0, 0, 1)),
    ],
)
def test_the_next_version(taken: list[tuple[int, int, int]], major: int | None, expected: tuple[int, int, int]) -> None:
    """One more than the highest, by number and not by text (aib-templates.md §2.8 rule 2)."""
    assert next_version(taken, major) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0.0.0"), (65536, "0.1.0"), (1_767_323_045, f"0.{1767323045 // 65536}.{1767323045 % 65536}")],
)
def test_the_old_number_is_the_time(seconds: int, expected: str) -> None:
    """Before API version 2022-07-01 (aib-templates.md §2.8 rule 4)."""
    assert legacy_version(datetime.fromtimestamp(seconds, UTC)) == expected


NOBODY = World(name="nowhere", environment={}, subscription_id="s")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def request(scheme: VersionScheme) -> VersionRequest:
    """A request for a version."""
    return VersionRequest(variable="v", gallery_image_id=DEFINITION, scheme=scheme, major=None, path=("x",))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"type": "SharedImageVersion", "imageVersionId": f"{DEFINITION}/versions/4.5.6"}, "4.5.6"),
        (
            {"type": "PlatformImage", "publisher": "Canonical", "offer": "o", "sku": "s", "version": "22.04.202601020"},
            "22.4.202601020",
        ),
    ],
)
def test_the_source_s_number_needs_no_azure_where_the_template_says_it(
    source: Mapping[str, str], expected: str
) -> None:
    """Scheme Source."""
    shell = [{"type": "Shell", "inline": ["true"]}]
    plan = compiled({"source": source, "customize": shell, "distribute": [SHARED]}).plan
    assert plan is not None
    assert resolve_version(request(VersionScheme.SOURCE), plan, NOBODY, NOW) == expected


@pytest.mark.parametrize(
    "source",
    [
        {"type": "SharedImageVersion", "imageVersionId": f"{DEFINITION}/versions/latest"},
        {"type": "PlatformImage", "publisher": "Canonical", "offer": "o", "sku": "s", "version": "22.04"},
    ],
)
def test_a_source_without_such_a_number_is_told(source: Mapping[str, str]) -> None:
    """It cannot be taken over."""
    shell = [{"type": "Shell", "inline": ["true"]}]
    plan = compiled({"source": source, "customize": shell, "distribute": [SHARED]}).plan
    assert plan is not None
    with pytest.raises(AzureError) as caught:
        resolve_version(request(VersionScheme.SOURCE), plan, NOBODY, NOW)
    assert caught.value.diagnostic.code == "IMG812"


def test_without_a_login_azure_is_not_asked() -> None:
    """And that is said."""
    with pytest.raises(AzureError) as caught:
        compute(NOBODY, "s")
    assert caught.value.diagnostic.code == "IMG810"
    found = attempt(lambda: compute(NOBODY, "s"), "cannot look")
    assert found is not None
    assert found.code == "IMG810"


def test_the_sdk_is_loaded_when_a_token_is_asked_for() -> None:
    """A build that asks Azure nothing, or asks late, does not wait for it at its start."""
    code = (
        "import sys; from imagesmith.azure.login import Auth, azure_world;"
        f" azure_world(Auth.ENV, subscription='s', environment={SECRET}); print('azure' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_login_that_the_sdk_does_not_take_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the request that needs it, as if Azure had refused it."""
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "http://login.example")
    world = azure_world(Auth.ENV, subscription="s", environment=SECRET)
    assert world.credential
    with pytest.raises(AzureError) as caught, told("ask"):
        world.credential.get_token("https://management.azure.com/.default")
    assert caught.value.diagnostic.message.startswith("ask: the login cannot be used: 'http://login.example'")
