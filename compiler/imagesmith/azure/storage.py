"""The login for blobs: a token for Azure storage, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from imagesmith.world import World

SCOPE = "https://storage.azure.com/.default"
"""Whom tokens for blobs are made for, in every cloud (Azure Storage, "Authorize with Microsoft Entra ID")."""


def storage_token(world: World) -> Callable[[], str | None] | None:
    """Who gives a token for storage, None where the world has no login. A login that fails gives none: what the blob
    then answers says more than the failure."""
    credential = world.credential
    if credential is None:
        return None

    def token() -> str | None:
        from azure.core.exceptions import AzureError as SdkError

        try:
            return credential.get_token(SCOPE).token
        except SdkError:
            return None

    return token
