"""Key vaults and their secrets: through ARM, at the vault's own address, and as the certificate of a VM's listener.

Packer 1.6.6 asks for the secret at the vault's address, the azure plugin through ARM (winrm.md §1.1). Values are never
in a resource's body: ARM does not show them either.
"""

from __future__ import annotations

import time
import uuid
from urllib.parse import urlsplit

from imagesmith.sandbox.answers import Json, RefusedError, conflict, invalid
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import Resource

VAULTS = "Microsoft.KeyVault/vaults"
_VALUE = "value:"
"""Prefix of a hidden part of a secret: its value, by version."""


def address(vault: str) -> str:
    """The vault's own address, without a slash at its end."""
    return f"https://{vault.lower()}.vault.azure.net"


def find_vault(cloud: Cloud, name: str) -> Resource | None:
    """A vault by its name, which is unique in all of Azure."""
    for resource in cloud.store:
        if resource.id.type.lower() == VAULTS.lower() and resource.id.name.lower() == name.lower():
            return resource
    return None


def find_secret(cloud: Cloud, vault: Resource, name: str) -> Resource | None:
    """A secret of a vault."""
    return cloud.store.get(vault.id.child("secrets", name))


def value_of(secret: Resource, version: str = "") -> str | None:
    """The value of a version, of the newest one if none is named."""
    return secret.hidden.get(_VALUE + (version or current(secret)))


def current(secret: Resource) -> str:
    """The newest version of a secret."""
    return str(secret.properties["secretUriWithVersion"]).rpartition("/")[2]


async def prepare_vault(cloud: Cloud, vault: Resource, replaced: bool) -> None:
    """Complete a vault. Its name must be free everywhere; that of a deleted vault which can come back is not."""
    name = vault.id.name.lower()
    others = [
        other
        for other in cloud.store
        if other.id.type.lower() == VAULTS.lower() and other.id.name.lower() == name and other is not vault
    ]
    if others:
        raise conflict("VaultAlreadyExists", f"The vault name '{vault.id.name}' is already in use.")
    recover = str(vault.properties.pop("createMode", "default")).lower() == "recover"
    if not replaced and name in cloud.deleted_vaults and not recover:
        raise conflict(
            "ConflictError",
            f"A vault with the same name '{vault.id.name}' already exists in deleted state. You need to either recover "
            "or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more "
            "information on soft delete.",
        )
    cloud.deleted_vaults.pop(name, None)
    vault.properties["vaultUri"] = address(vault.id.name) + "/"


async def dispose_vault(cloud: Cloud, vault: Resource) -> None:
    """Remember the name of a deleted vault; Azure lets nobody turn that off any more."""
    cloud.deleted_vaults[vault.id.name.lower()] = str(vault.id)


async def prepare_secret(cloud: Cloud, secret: Resource, replaced: bool) -> None:  # noqa: ARG001  (a kind's shape)
    """Put a new version into a secret: its value is hidden, its addresses are shown."""
    value = secret.properties.pop("value", None)
    if not isinstance(value, str):
        raise invalid("BadRequest", "The secret has no value: 'properties.value' is missing.")
    version = uuid.uuid4().hex
    secret.hidden[_VALUE + version] = value
    uri = f"{address(secret.id.parent.name)}/secrets/{secret.id.name}"
    now = int(time.time())
    given = secret.properties.get("attributes") or {}
    secret.properties["attributes"] = {"enabled": True, **given, "created": now, "updated": now}
    secret.properties["secretUri"] = uri
    secret.properties["secretUriWithVersion"] = f"{uri}/{version}"


def certificate_secret(cloud: Cloud, url: str, *, vault_id: str) -> str:
    """The value behind a `certificateUrl` of a VM, for which the vault must be the one that it names as source.

    Raises `RefusedError` as a VM's deployment does.
    """
    parts = urlsplit(url)
    vault = find_vault(cloud, (parts.hostname or "").partition(".")[0])
    same = vault is not None and str(vault.id).lower() == vault_id.rstrip("/").lower()
    if vault is None or not same or not _is_true(vault.properties.get("enabledForDeployment")):
        raise RefusedError(
            403,
            "KeyVaultAccessForbidden",
            f"Key Vault {parts.scheme}://{parts.netloc} either has not been enabled for deployment or the vault id "
            f"provided, {vault_id}, does not match the Key Vault's true resource id.",
        )
    segments = [part for part in parts.path.split("/") if part]
    secret = find_secret(cloud, vault, segments[1]) if len(segments) == 3 and segments[0] == "secrets" else None
    value = value_of(secret, segments[2]) if secret else None
    if value is None:
        raise secret_not_found(parts.path)
    return value


def secret_not_found(name: str) -> RefusedError:
    """A vault's words for a secret that it does not have."""
    return RefusedError(
        404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault. If you recently "
        "deleted this secret you may be able to recover it using the correct recovery command.",
    )  # fmt: skip


def _is_true(value: Json) -> bool:
    """Packer's template has texts where booleans are meant (winrm.md §1.1), which ARM converts."""
    return str(value).lower() == "true"
