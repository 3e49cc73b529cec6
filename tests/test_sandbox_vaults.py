"""Key vaults in the sandbox's Azure: both ways to a secret, a listener with its certificate, names that stay."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.options import SUBSCRIPTION_ID, SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.world import World
from tests.winrm import Client, certificate, connect, create

GROUP = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/build"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/pkrkv1"
SECRET = f"{VAULT}/secrets/packerKeyVaultSecret"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/d"
DATA = "https://pkrkv1.vault.azure.net/secrets/packerKeyVaultSecret?api-version=2016-10-01"
AUDIENCE = "https://vault.azure.net"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(state=tmp_path / "state", run_id="kv", steps="record"), environment={}) as started:
        started.seed((Need(kind=NeedKind.RESOURCE_GROUP, id=GROUP, path=()),), os_type="Windows")
        yield started


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return sandbox.world


def call(world: World, method: str, url: str, *, audience: str = "https://management.azure.com", **options: Any) -> Any:
    """A request with a token for `audience`; a path is one of ARM."""
    assert world.credential is not None
    token = world.credential.get_token(f"{audience}/.default").token
    proxies = {"https": world.environment["HTTPS_PROXY"]}
    address = url if url.startswith("https:") else f"https://management.azure.com{url}?api-version=2023-07-01"
    session = requests.Session()
    session.trust_env = False
    return session.request(
        method,
        address,
        headers={"Authorization": f"Bearer {token}"} if audience else {},
        proxies=proxies,
        verify=world.environment["SSL_CERT_FILE"],
        timeout=30,
        **options,
    )


def vault(**properties: Any) -> dict[str, Any]:
    """A vault as Packer's template has it: booleans are texts."""
    return {
        "type": "Microsoft.KeyVault/vaults",
        "apiVersion": "2022-07-01",
        "name": "pkrkv1",
        "location": "westeurope",
        "properties": {"enabledForDeployment": "true", "enableSoftDelete": "true", **properties},
    }


def deploy(world: World, *found: dict[str, Any]) -> dict[str, Any]:
    """Deploy resources; the error, if there is one."""
    template = {"contentVersion": "1.0.0.0", "resources": list(found)}
    answer = call(world, "PUT", DEPLOYMENT, json={"properties": {"mode": "Incremental", "template": template}})
    operation = answer.headers.get("Azure-AsyncOperation")
    state = call(world, "GET", operation).json() if operation else {}
    error: dict[str, Any] = state.get("error", {})
    return error["details"][0] if "details" in error else error


def with_secret(value: str, *, nested: bool) -> tuple[dict[str, Any], ...]:
    """A vault with its secret: below it as Packer 1.6.6 writes it, beside it as the azure plugin does."""
    properties = {"value": value, "attributes": {"exp": 2_000_000_000}}
    if nested:
        child = {
            "type": "secrets",
            "apiVersion": "2022-07-01",
            "name": "packerKeyVaultSecret",
            "properties": properties,
        }
        child["dependsOn"] = ["[resourceId('Microsoft.KeyVault/vaults/', 'pkrkv1')]"]
        return ({**vault(), "resources": [child]},)
    secret = {
        "type": "Microsoft.KeyVault/vaults/secrets",
        "apiVersion": "2022-07-01",
        "name": "[format('{0}/{1}', 'pkrkv1', 'packerKeyVaultSecret')]",
        "properties": properties,
        "dependsOn": ["[resourceId('Microsoft.KeyVault/vaults/', 'pkrkv1')]"],
    }
    return vault(), secret


def machine(url: str, *, source: str = VAULT, computer: str = "pkrvm1", protocol: str = "https") -> dict[str, Any]:
    """A Windows VM whose listener has the certificate behind `url`."""
    certificates = [{"certificateStore": "My", "certificateUrl": url}]
    return {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": "2023-03-01",
        "name": "pkrvm1",
        "properties": {
            "osProfile": {
                "computerName": computer,
                "adminUsername": "packer",
                "adminPassword": "T0p-secret",
                "secrets": [{"sourceVault": {"id": source}, "vaultCertificates": certificates}],
                "windowsConfiguration": {
                    "provisionVMAgent": True,
                    "winRM": {"listeners": [{"protocol": protocol, "certificateUrl": url}]},
                },
            },
            "storageProfile": {"imageReference": {"publisher": "MicrosoftWindowsServer", "offer": "o", "sku": "s"}},
        },
    }


@pytest.mark.parametrize("nested", [True, False])
def test_a_secret_is_found_both_ways_and_only_the_vault_shows_its_value(world: World, *, nested: bool) -> None:
    assert deploy(world, *with_secret("s3cret", nested=nested)) == {}
    shown = call(world, "GET", SECRET).json()
    assert "s3cret" not in str(shown)
    uri = shown["properties"]["secretUriWithVersion"]
    assert uri.startswith("https://pkrkv1.vault.azure.net/secrets/packerKeyVaultSecret/")
    assert shown["properties"]["attributes"]["exp"] == 2_000_000_000
    read = call(world, "GET", DATA, audience=AUDIENCE).json()
    assert (read["id"], read["value"]) == (uri, "s3cret")
    assert call(world, "GET", f"{uri}?api-version=7.4", audience=AUDIENCE).json()["value"] == "s3cret"
    listed = call(world, "GET", "https://pkrkv1.vault.azure.net/secrets?api-version=7.4", audience=AUDIENCE).json()
    assert [entry["id"] for entry in listed["value"]] == [uri]


def test_an_existing_vault_takes_secrets_both_ways(world: World) -> None:
    """What `build_key_vault_name` does: Packer 1.6.6 at the vault's address, the azure plugin through ARM."""
    assert call(world, "PUT", SECRET, json={"properties": {"value": "x"}}).json()["error"]["code"] == (
        "ParentResourceNotFound"
    )
    assert call(world, "PUT", VAULT, json=vault()).status_code == 200
    first = call(world, "PUT", DATA, audience=AUDIENCE, json={"value": "one"}).json()
    assert first["value"] == "one"
    answer = call(world, "PUT", SECRET, json={"properties": {"value": "two", "attributes": {"exp": 2_000_000_000}}})
    assert answer.status_code == 200
    assert "two" not in answer.text
    assert call(world, "GET", DATA, audience=AUDIENCE).json()["value"] == "two"
    assert call(world, "GET", f"{first['id']}?api-version=7.4", audience=AUDIENCE).json()["value"] == "one"
    refused = call(world, "PUT", SECRET, json={"properties": {}})
    assert refused.status_code == 400


@pytest.mark.parametrize("audience", ["", "https://management.azure.com"])
def test_the_vault_wants_a_token_of_its_own(world: World, audience: str) -> None:
    call(world, "PUT", VAULT, json=vault())
    answer = call(world, "GET", DATA, audience=audience)
    assert answer.status_code == 401
    assert 'resource="https://vault.azure.net"' in answer.headers["WWW-Authenticate"]


def test_what_is_not_there_is_not_found(world: World) -> None:
    assert call(world, "GET", DATA, audience=AUDIENCE).json()["error"]["code"] == "VaultNotFound"
    call(world, "PUT", VAULT, json=vault())
    assert call(world, "GET", DATA, audience=AUDIENCE).json()["error"]["code"] == "SecretNotFound"
    assert call(world, "GET", SECRET).json()["error"]["code"] == "ResourceNotFound"


def test_a_vault_is_gone_at_once_and_its_name_is_not_free(world: World) -> None:
    """The azure plugin does not ask again after DELETE; Azure keeps deleted vaults for months."""
    call(world, "PUT", VAULT, json=vault())
    other = call(world, "PUT", VAULT.replace("/build/", "/other/"), json=vault())
    assert other.status_code == 404
    call(world, "PUT", GROUP.replace("/build", "/other"), json={"location": "westeurope"})
    taken = call(world, "PUT", VAULT.replace("/build/", "/other/"), json=vault())
    assert taken.json()["error"]["code"] == "VaultAlreadyExists"
    assert call(world, "DELETE", VAULT).status_code == 200
    assert call(world, "GET", VAULT).status_code == 404
    assert call(world, "PUT", VAULT, json=vault()).json()["error"]["code"] == "ConflictError"
    assert call(world, "PUT", VAULT, json=vault(createMode="recover")).status_code == 200


def _certificate_url(world: World) -> str:
    deploy(world, *with_secret(certificate()[0], nested=False))
    url: str = call(world, "GET", SECRET).json()["properties"]["secretUriWithVersion"]
    return url


def test_a_windows_machine_listens_with_the_certificate_of_its_url(world: World) -> None:
    port = int(world.variables["winrm_port"])
    assert deploy(world, machine(_certificate_url(world))) == {}
    with connect(port) as connection:
        assert connection.getpeercert(binary_form=True) == certificate()[1]
    client = Client(port, password="T0p-secret")  # noqa: S106 - of the machine above
    client.create()
    shown = call(world, "GET", f"{GROUP}/providers/Microsoft.Compute/virtualMachines/pkrvm1")
    assert "T0p-secret" not in shown.text
    disk = shown.json()["properties"]["storageProfile"]["osDisk"]
    assert disk["osType"] == "Windows"
    call(world, "POST", f"{GROUP}/providers/Microsoft.Compute/virtualMachines/pkrvm1/deallocate")
    with pytest.raises((OSError, ssl.SSLError)):
        connect(port)
    client.close()


def test_logins_that_all_failed_are_told_of(sandbox: Sandbox, world: World) -> None:
    """Packer only says that it has waited in vain."""
    deploy(world, machine(_certificate_url(world)))
    stranger = Client(int(world.variables["winrm_port"]), password="guessed")  # noqa: S106 - of nobody
    assert stranger.ask(create())[0] == 401
    stranger.post(create(), authorization="Basic cGFja2VyOg==")
    stranger.close()
    deleted = call(world, "DELETE", f"{GROUP}/providers/Microsoft.Compute/virtualMachines/pkrvm1")
    call(world, "GET", deleted.headers["Location"])
    (told,) = sandbox.failures
    assert told.diagnostic.code == "IMG910"
    assert "none of 2 logins" in told.diagnostic.message
    assert "the client tried 'Basic', which Windows images in Azure refuse; the password" in told.diagnostic.message


def test_a_machine_without_a_listener_cannot_be_reached(world: World) -> None:
    url = _certificate_url(world)
    assert deploy(world, machine(url, protocol="http")) == {}
    with pytest.raises((OSError, ssl.SSLError)):
        connect(int(world.variables["winrm_port"]))


@pytest.mark.parametrize("by", ["a custom script", "its user data"])
def test_a_script_that_may_open_winrm_is_taken_to_do_so(sandbox: Sandbox, world: World, by: str) -> None:
    """What `skip_create_build_key_vault` leaves to the user's `custom_script` or `user_data` (winrm.md §1.4)."""
    wanted = machine("")
    del wanted["properties"]["osProfile"]["secrets"], wanted["properties"]["osProfile"]["windowsConfiguration"]["winRM"]
    found = [wanted]
    if by == "its user data":
        wanted["properties"]["userData"] = "c2NyaXB0"
    else:
        found.append(
            {
                "type": "Microsoft.Compute/virtualMachines/extensions",
                "apiVersion": "2023-03-01",
                "name": "pkrvm1/extension-customscript",
                "properties": {"publisher": "Microsoft.Compute", "type": "CustomScriptExtension"},
                "dependsOn": ["[resourceId('Microsoft.Compute/virtualMachines', 'pkrvm1')]"],
            }
        )
    assert deploy(world, *found) == {}
    client = Client(int(world.variables["winrm_port"]), password="T0p-secret")  # noqa: S106 - of the machine above
    client.create()
    client.close()
    assert [told.diagnostic.code for told in sandbox.failures] == ["IMG911"]
    assert f"by {by}" in sandbox.failures[0].diagnostic.message


def test_a_machine_that_azure_would_not_make_is_refused(world: World) -> None:
    url = _certificate_url(world)
    assert deploy(world, machine(url, computer="a-name-that-is-too-long"))["code"] == "InvalidParameter"
    assert deploy(world, machine(url[:-1] + "?"))["code"] == "SecretNotFound"
    assert deploy(world, machine(url.replace("pkrkv1", "pkrkv2")))["code"] == "KeyVaultAccessForbidden"
    assert deploy(world, machine(url, source=VAULT + "2"))["code"] == "KeyVaultAccessForbidden"
    stranger = machine(url)
    stranger["properties"]["osProfile"]["secrets"] = []
    assert deploy(world, stranger)["code"] == "InvalidParameter"
    call(world, "PUT", VAULT, json=vault(enabledForDeployment=False))
    assert deploy(world, machine(url))["code"] == "KeyVaultAccessForbidden"
    call(world, "PUT", VAULT, json=vault())
    call(world, "PUT", SECRET, json={"properties": {"value": "no certificate"}})
    url = call(world, "GET", SECRET).json()["properties"]["secretUriWithVersion"]
    error = deploy(world, machine(url))
    assert error["code"] == "CertificateImproperlyFormatted"
    assert "base64 of JSON" in error["message"]
