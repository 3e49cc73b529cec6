"""Resource groups of a run: removed only where their tag says that the run made them."""

from __future__ import annotations

from imagesmith.azure.clients import AZURE_SAID_NO, AzureError, resources
from imagesmith.azure.waiting import finished
from imagesmith.world import World


def delete_tagged_group(name: str, world: World, *, tag: str, value: str) -> None:
    """Delete a resource group with everything in it, if it carries the tag; one that does not exist is gone already.

    Raises AzureError where the tag is missing: then somebody else made the group.
    """
    from azure.core.exceptions import ResourceNotFoundError

    client = resources(world, world.subscription_id)
    try:
        group = client.resource_groups.get(name)
    except ResourceNotFoundError:
        return
    if (group.tags or {}).get(tag) != value:
        raise AzureError(
            AZURE_SAID_NO.at((), f"the resource group '{name}' has no tag {tag}={value}; it is left alone")
        )
    finished(client.resource_groups.begin_delete(name), world)
