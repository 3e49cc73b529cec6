"""The sandbox's Azure as its parts see it: resources, operations, machines, and what a seeded world is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from imagesmith.sandbox.answers import Answer, Call, group_not_found
from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.faults import Faults
from imagesmith.sandbox.machine import Machines
from imagesmith.sandbox.operations import Operations
from imagesmith.sandbox.store import Resource, ResourceId, Store


@dataclass(kw_only=True, slots=True)
class Cloud:
    """One Azure. Everything in it is touched from one event loop only."""

    subscription_id: str
    tenant_id: str
    machines: Machines
    on_failure: Callable[[SandboxError], None]
    """Told of a `SandboxError` that ended a deployment, so that the user hears of it outside Packer's log, too."""
    strict: bool = False
    """Only what was seeded or made is there: no sku of the marketplace by itself."""
    os_type: str = "Linux"
    """Operating system of the images that are taken for granted."""
    marketplace: dict[str, set[str]] = field(default_factory=dict)
    """Versions by ``publisher:offer:sku`` in lower case."""
    store: Store = field(default_factory=Store)
    operations: Operations
    deleted_vaults: dict[str, str] = field(default_factory=dict)
    """Ids of deleted key vaults by name in lower case: the names are taken until somebody purges them."""
    scratch: Path
    """A folder of the sandbox's own, for files that exist for a moment."""
    faults: Faults = field(default_factory=Faults)
    newest_machine: str | None = None
    """The machine behind the port: the one deployed last."""

    def group(self, resource_id: ResourceId) -> Resource:
        """The resource group of an id. Raises `RefusedError` where it is missing."""
        found = self.store.get(ResourceId(subscription=resource_id.subscription, group=resource_id.group))
        if found is None:
            raise group_not_found(resource_id.group)
        return found


Handle: TypeAlias = Callable[[Cloud, Call], Awaitable[Answer]]
"""What a route leads to."""
