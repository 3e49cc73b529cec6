"""The source image: PlatformImage, ManagedImage and SharedImageVersion in azure-arm's words (lowering.md §1.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from imagesmith.hcl import Block, Literal, attributes
from imagesmith.lower.words import Lowering
from imagesmith.model import ManagedImageSource, PlatformImage, SharedImageVersionSource, Source
from imagesmith.model.ids import ResourceId, parse_id
from imagesmith.plan import NeedKind, Section


def pinned(source: Source, version: str | None) -> Source:
    """The source with a version in the place of `latest`."""
    match source:
        case PlatformImage() if version and source.version.lower() == "latest":
            return replace(source, version=version)
        case SharedImageVersionSource() if version and source.image_version_id.lower().endswith("/latest"):
            return replace(source, image_version_id=f"{source.image_version_id[: -len('latest')]}{version}")
        case _:
            return source


def source_section(source: Source, lowering: Lowering) -> Section:
    """The options that name the image to start from."""
    return Section(name="image", body=_body(source, lowering), path=source.path)


def _body(source: Source, lowering: Lowering) -> Block:
    match source:
        case PlatformImage():
            return _platform_image(source, lowering)
        case ManagedImageSource():
            lowering.need(NeedKind.MANAGED_IMAGE, source.image_id, (*source.path, "imageId"))
            image = parse_id(source.image_id)
            return managed_image(image.name, image.resource_group)
        case SharedImageVersionSource():
            return _gallery_version(source, lowering)
        case _:
            assert_never(source)


def _platform_image(source: PlatformImage, lowering: Lowering) -> Block:
    """A marketplace image; `plan_info` also puts four tags on everything that is made."""
    urn = ":".join(part or "" for part in (source.publisher, source.offer, source.sku, source.version))
    lowering.need(NeedKind.PLATFORM_IMAGE, urn, source.path)
    plan = source.plan_info
    plan_block = plan and Block(
        type="plan_info",
        attributes=attributes(
            plan_name=lowering.deployed(plan.plan_name, (*plan.path, "planName")),
            plan_product=lowering.deployed(plan.plan_product, (*plan.path, "planProduct")),
            plan_publisher=lowering.deployed(plan.plan_publisher, (*plan.path, "planPublisher")),
        ),
    )
    return Block(
        type="image",
        attributes=attributes(
            image_publisher=lowering.rendered(source.publisher or "", (*source.path, "publisher")),
            image_offer=lowering.rendered(source.offer or "", (*source.path, "offer")),
            image_sku=lowering.rendered(source.sku or "", (*source.path, "sku")),
            image_version=lowering.rendered(source.version, (*source.path, "version")),
        ),
        blocks=(plan_block,) if plan_block else (),
    )


def managed_image(name: Literal, group: Literal) -> Block:
    """A managed image, which Packer finds by listing its resource group."""
    return Block(
        type="image",
        attributes=attributes(custom_managed_image_name=name, custom_managed_image_resource_group_name=group),
    )


def _gallery_version(source: SharedImageVersionSource, lowering: Lowering) -> Block:
    path = (*source.path, "imageVersionId")
    image = parse_id(source.image_version_id)
    lowering.need(NeedKind.GALLERY_IMAGE_VERSION, source.image_version_id, path)
    kind = image.types[0].lower()
    if kind == "communitygalleries":
        option = {"community_gallery_image_id": lowering.plain(source.image_version_id, path)}
    elif kind == "sharedgalleries":
        option = {"direct_shared_gallery_image_id": lowering.plain(source.image_version_id, path)}
    else:
        version = image.name
        return gallery_version(image.parent(), None if version.lower() == "latest" else version)
    return Block(type="image", blocks=(Block(type="shared_image_gallery", attributes=tuple(option.items())),))


def version_parts(definition: ResourceId, version: Literal) -> tuple[tuple[str, Literal], ...]:
    """A gallery's image version in the five words that azure-arm has for it, as a source and as a destination."""
    return attributes(
        subscription=definition.subscription,
        resource_group=definition.resource_group,
        gallery_name=definition.names[0],
        image_name=definition.names[1],
        image_version=version,
    )


def gallery_version(definition: ResourceId, version: Literal) -> Block:
    """A gallery's image version by its parts. Without a version Azure takes the newest."""
    source = Block(type="shared_image_gallery", attributes=version_parts(definition, version))
    return Block(type="image", blocks=(source,))
