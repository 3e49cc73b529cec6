"""What is done to results after the build: promote, withdraw, tag, and remove what was only needed on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from imagesmith.azure.clients import compute
from imagesmith.azure.waiting import finished
from imagesmith.model.ids import ResourceId
from imagesmith.world import World


def delete_disks_of(build: str, group: ResourceId, world: World) -> list[str]:
    """Delete the managed disks of a Packer build that is over, found by its suffix in their names; their names."""
    client = compute(world, group.subscription or world.subscription_id)
    name = group.resource_group or ""
    found = [
        disk.name or "" for disk in client.disks.list_by_resource_group(name) if build in (disk.name or "").lower()
    ]
    for disk in found:
        finished(client.disks.begin_delete(name, disk), world)
    return found


def finish_version(
    version: ResourceId, world: World, *, tags: Mapping[str, str], without: Collection[str], show: bool
) -> None:
    """Give a gallery version its own tags in place of the run's, and let `latest` see it where `show` says so."""
    client = compute(world, version.subscription or world.subscription_id)
    current = client.gallery_image_versions.get(*_parts(version))
    wanted = _tags(current.tags, tags, without)
    profile = current.properties.publishing_profile if current.properties else None
    hidden = show and profile is not None and bool(profile.exclude_from_latest)
    if wanted == (current.tags or {}) and not hidden:
        return
    current.tags = wanted
    if profile is not None and hidden:
        profile.exclude_from_latest = False
    finished(
        client.gallery_image_versions.begin_create_or_update(*_parts(version), current),
        world,
        f"the change of {version}",
        cleans_up=False,
    )


def finish_image(image: ResourceId, world: World, *, tags: Mapping[str, str], without: Collection[str]) -> None:
    """Give a managed image its own tags in place of the run's."""
    from azure.mgmt.compute.models import ImageUpdate

    client = compute(world, image.subscription or world.subscription_id)
    current = client.images.get(image.resource_group or "", image.name)
    wanted = _tags(current.tags, tags, without)
    if wanted != (current.tags or {}):
        update = client.images.begin_update(image.resource_group or "", image.name, ImageUpdate(tags=wanted))
        finished(update, world, f"the change of {image}", cleans_up=False)


def _tags(there: Mapping[str, str] | None, tags: Mapping[str, str], without: Collection[str]) -> dict[str, str]:
    return {**{name: value for name, value in (there or {}).items() if name not in without}, **tags}


def withdraw_version(version: ResourceId, world: World) -> None:
    """Delete a gallery version that this run has published."""
    client = compute(world, version.subscription or world.subscription_id)
    finished(client.gallery_image_versions.begin_delete(*_parts(version)), world)


def delete_image(image: ResourceId, world: World) -> None:
    """Delete a managed image that this run has made; one that does not exist is gone already."""
    from azure.core.exceptions import ResourceNotFoundError

    client = compute(world, image.subscription or world.subscription_id)
    with suppress(ResourceNotFoundError):
        finished(client.images.begin_delete(image.resource_group or "", image.name), world)


def _parts(version: ResourceId) -> tuple[str, str, str, str]:
    gallery, image, name = version.names
    return version.resource_group or "", gallery, image, name
