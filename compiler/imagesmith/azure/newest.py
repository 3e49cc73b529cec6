"""The version that Azure means by `latest`: of a marketplace image, and of an image definition in a gallery."""

from __future__ import annotations

import re

from imagesmith.artifacts.sources import image_of
from imagesmith.azure.clients import AzureError, compute, told
from imagesmith.diagnostics import Rule, Severity
from imagesmith.model.ids import parse_id
from imagesmith.plan import BuildPlan, Need, NeedKind
from imagesmith.world import World

NO_NEWEST = Rule(
    code="IMG647",
    severity=Severity.ERROR,
    title="the version behind `latest` is not known",
    cause="The image has no version that counts, or lies in a gallery of others, whose versions cannot be listed.",
    fix="write the version into the template's source",
    source="Azure Compute, Virtual Machine Images - List; Gallery Image Versions - List By Gallery Image",
)


def newest_version(need: Need, plan: BuildPlan, world: World) -> str:
    """The newest version now. Raises AzureError."""
    found = _platform(need, plan, world) if need.kind is NeedKind.PLATFORM_IMAGE else _gallery(need, world)
    numbered = [name for name in found if re.fullmatch(r"[0-9]+(\.[0-9]+)*", name)]
    if not numbered:
        raise AzureError(NO_NEWEST.at(need.path, f"{image_of(need)} has no version"))
    return max(numbered, key=lambda name: [int(part) for part in name.split(".")])


def _platform(need: Need, plan: BuildPlan, world: World) -> list[str]:
    publisher, offer, sku, _ = need.id.split(":")
    client = compute(world, world.subscription_id)
    with told(f"cannot list the versions of {image_of(need)}", need.path):
        return [item.name or "" for item in client.virtual_machine_images.list(plan.location, publisher, offer, sku)]


def _gallery(need: Need, world: World) -> list[str]:
    """The versions that count for `latest` (Azure Compute Gallery, "exclude from latest")."""
    image = parse_id(need.id).parent()
    if image.types[0].lower() != "galleries":
        raise AzureError(NO_NEWEST.at(need.path, f"the versions of {image_of(need)} cannot be listed"))
    client = compute(world, image.subscription or world.subscription_id)
    with told(f"cannot list the versions of '{image.name}'", need.path):
        return [
            version.name or ""
            for version in client.gallery_image_versions.list_by_gallery_image(
                image.resource_group or "", image.names[0], image.names[1]
            )
            if not (version.publishing_profile and version.publishing_profile.exclude_from_latest)
        ]
