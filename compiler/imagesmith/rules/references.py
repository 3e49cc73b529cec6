"""Where ids stand in a template, and of which kind each of them has to be (aib-templates.md §1.2-1.9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imagesmith.diagnostics import On, Path
from imagesmith.model import (
    ImageTemplate,
    ManagedImageDistributor,
    ManagedImageSource,
    SharedImageDistributor,
    SharedImageVersionSource,
)
from imagesmith.rules.resource_types import (
    GALLERY_IMAGE,
    GALLERY_VERSION,
    IDENTITY,
    MANAGED_IMAGE,
    RESOURCE_GROUP,
    SUBNET,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A text of the template that has to be an id, and of which kinds."""

    text: str
    path: Path
    kinds: tuple[str, ...]
    on: On = On.VALUE


def references(template: ImageTemplate) -> Iterator[Reference]:
    """Every property of the template that holds an id."""
    yield from _source_references(template)
    for target in template.distribute:
        match target:
            case ManagedImageDistributor(image_id=text):
                yield Reference(text=text, path=(*target.path, "imageId"), kinds=(MANAGED_IMAGE,))
            case SharedImageDistributor(gallery_image_id=text):
                kinds = (GALLERY_IMAGE, GALLERY_VERSION)
                yield Reference(text=text, path=(*target.path, "galleryImageId"), kinds=kinds)
            case _:
                pass  # a VHD goes to a URL
    yield from _machine_references(template)


def _source_references(template: ImageTemplate) -> Iterator[Reference]:
    match template.source:
        case ManagedImageSource(path=path, image_id=text):
            yield Reference(text=text, path=(*path, "imageId"), kinds=(MANAGED_IMAGE,))
        case SharedImageVersionSource(path=path, image_version_id=text):
            yield Reference(text=text, path=(*path, "imageVersionId"), kinds=(GALLERY_VERSION,))
        case _:
            pass  # a platform image has a name, not an id


def _machine_references(template: ImageTemplate) -> Iterator[Reference]:
    profile = template.vm_profile
    network = profile.vnet_config
    if network and network.subnet_id:
        yield Reference(text=network.subnet_id, path=(*network.path, "subnetId"), kinds=(SUBNET,))
    if network and network.container_instance_subnet_id:
        path = (*network.path, "containerInstanceSubnetId")
        yield Reference(text=network.container_instance_subnet_id, path=path, kinds=(SUBNET,))
    for index, text in enumerate(profile.user_assigned_identities):
        yield Reference(text=text, path=(*profile.path, "userAssignedIdentities", index), kinds=(IDENTITY,))
    for text in template.identities:
        yield Reference(text=text, path=("identity", "userAssignedIdentities", text), kinds=(IDENTITY,), on=On.KEY)
    if template.staging_resource_group:
        path = ("properties", "stagingResourceGroup")
        yield Reference(text=template.staging_resource_group, path=path, kinds=(RESOURCE_GROUP,))
