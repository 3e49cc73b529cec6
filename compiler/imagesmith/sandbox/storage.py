"""Storage accounts, as far as the control plane goes."""

from __future__ import annotations

from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import Resource


async def prepare_account(cloud: Cloud, account: Resource, replaced: bool) -> None:  # noqa: ARG001  (a kind's shape)
    """An account has its addresses at once."""
    name = account.id.name
    account.properties["primaryEndpoints"] = {
        service: f"https://{name}.{service}.core.windows.net/" for service in ("blob", "file", "queue", "table")
    }
    account.properties["primaryLocation"] = account.location
    account.body.setdefault("kind", "StorageV2")
    account.body.setdefault("sku", {"name": "Standard_LRS", "tier": "Standard"})
