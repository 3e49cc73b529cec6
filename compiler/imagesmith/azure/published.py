"""What is done to results after the build: promote, withdraw, tag, and remove what was only needed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from imagesmith.azure.clients import compute
from imagesmith.model.ids import ResourceId
from imagesmith.world import World


def set_exclude_from_latest(version: ResourceId, world: World, *, exclude: bool) -> None:
    """Let `latest` see a gallery version, or not."""
    client = compute(world, version.subscription or world.subscription_id)
    group, gallery, image, name = _parts(version)
    current = client.gallery_image_versions.get(group, gallery, image, name)
    profile = current.properties.publishing_profile if current.properties else None
    if profile is None or profile.exclude_from_latest == exclude:
        return
    profile.exclude_from_latest = exclude
    client.gallery_image_versions.begin_create_or_update(group, gallery, image, name, current).result()


def withdraw_version(version: ResourceId, world: World) -> None:
    """Delete a gallery version that this run has published."""
    client = compute(world, version.subscription or world.subscription_id)
    client.gallery_image_versions.begin_delete(*_parts(version)).result()


def delete_image(image: ResourceId, world: World) -> None:
    """Delete a managed image that this run has made; one that does not exist is gone already."""
    from azure.core.exceptions import ResourceNotFoundError

    client = compute(world, image.subscription or world.subscription_id)
    with suppress(ResourceNotFoundError):
        client.images.begin_delete(image.resource_group or "", image.name).result()


def tag_version(version: ResourceId, tags: Mapping[str, str], world: World) -> None:
    """Add tags to a gallery version."""
    client = compute(world, version.subscription or world.subscription_id)
    current = client.gallery_image_versions.get(*_parts(version))
    current.tags = {**(current.tags or {}), **tags}
    client.gallery_image_versions.begin_create_or_update(*_parts(version), current).result()


def tag_image(image: ResourceId, tags: Mapping[str, str], world: World) -> None:
    """Add tags to a managed image."""
    client = compute(world, image.subscription or world.subscription_id)
    from azure.mgmt.compute.models import ImageUpdate

    current = client.images.get(image.resource_group or "", image.name)
    update = ImageUpdate(tags={**(current.tags or {}), **tags})
    client.images.begin_update(image.resource_group or "", image.name, update).result()


def _parts(version: ResourceId) -> tuple[str, str, str, str]:
    gallery, image, name = version.names
    return version.resource_group or "", gallery, image, name
