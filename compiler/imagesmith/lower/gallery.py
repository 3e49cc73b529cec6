"""SharedImage distributors to `shared_image_gallery_destination` (lowering.md §1.6, packer.md §1.3)."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Rule, Severity
from imagesmith.hcl import Block, Expression, Literal, attributes
from imagesmith.lower.image import gallery_version, version_parts
from imagesmith.lower.machine import build_location
from imagesmith.lower.output import Output, validates_later
from imagesmith.lower.words import Lowering
from imagesmith.model import ImageTemplate, SharedImageDistributor
from imagesmith.model.ids import ResourceId, is_version_number, parse_id, region_name
from imagesmith.plan import NeedKind, Publication, PublicationKind, Section, VersionRequest, VersionScheme

VERSION_VARIABLE = "gallery_image_version"
PLACEHOLDER_VERSION = "0.0.1"
"""What stands for a version that is resolved just before the build, so that the files can be validated without one."""
_SCHEMES_SINCE = "2022-07-01"

REGION_ADDED = Rule(
    code="IMG422",
    severity=Severity.NOTE,
    title="the region of the build is added to the gallery version's regions",
    cause="Azure creates a gallery version in the region of its source, so that region must be among its targets.",
    fix="name the template's location among the regions to see it in the template too",
    example='"location": "westeurope", … "replicationRegions": ["eastus"]',
    corrected='"location": "westeurope", … "replicationRegions": ["westeurope", "eastus"]',
    source="lowering.md §1.6",
)
STORAGE_BY_REGION = Rule(
    code="IMG423",
    severity=Severity.ERROR,
    title="a storage type for each region is not possible in one build",
    cause="Packer has one storage account type for the whole gallery version.",
    fix="give every region the same storageAccountType",
    example='"targetRegions": [{"name": "a", "storageAccountType": "Standard_ZRS"}, {"name": "b"}]',
    corrected='"targetRegions": [{"name": "a"}, {"name": "b"}]',
    source="lowering.md §1.6, aib-templates.md §1.7",
)
SHALLOW_REGIONS = Rule(
    code="IMG424",
    severity=Severity.ERROR,
    title="shallow replication knows only the region of the build",
    cause="A shallow gallery version has one region, and it is the one that the image is built in.",
    fix="name only the template's location, or take replicationMode Full",
    example='"location": "westeurope", … "replicationMode": "Shallow", "replicationRegions": ["eastus"]',
    corrected='"location": "westeurope", … "replicationMode": "Shallow", "replicationRegions": ["westeurope"]',
    source="lowering.md §1.6",
)


def shared_image(item: SharedImageDistributor, template: ImageTemplate, lowering: Lowering) -> Output:
    """A version of a gallery's image, by the number that the template gives or one that a run finds."""
    target = parse_id(item.gallery_image_id)
    explicit = target.names[2] if len(target.names) == 3 else None
    definition = target.parent() if explicit else target
    lowering.need(NeedKind.GALLERY_IMAGE, str(definition), (*item.path, "galleryImageId"))
    version = (
        explicit
        if explicit and is_version_number(explicit)
        else _version_variable(item, template, definition, lowering)
    )
    section = _section(item, definition, version, template, lowering)
    number = version if isinstance(version, str) else f"{{{VERSION_VARIABLE}}}"
    publication = Publication(
        kind=PublicationKind.SHARED_IMAGE,
        run_output_name=item.run_output_name,
        path=item.path,
        artifact_id=f"{definition}/versions/{number}",
        artifact_tags=item.artifact_tags,
        exclude_from_latest=item.exclude_from_latest,
    )
    return Output(section=section, publication=publication, as_source=gallery_version(definition, version))


def _section(
    item: SharedImageDistributor, definition: ResourceId, version: Literal, template: ImageTemplate, lowering: Lowering
) -> Section:
    """What azure-arm is told of the version that it publishes."""
    hidden = item.exclude_from_latest or validates_later(template, lowering)
    regions = tuple(_regions(item, template, lowering))
    block = Block(
        type="shared_image_gallery_destination",
        attributes=(
            *version_parts(definition, version),
            *attributes(
                storage_account_type=_storage_type(item, lowering),
                use_shallow_replication=True if item.replication_mode == "Shallow" else None,
            ),
        ),
        blocks=regions,
    )
    return Section(
        name="gallery",
        body=Block(
            type="gallery",
            attributes=attributes(shared_gallery_image_version_exclude_from_latest=True if hidden else None),
            blocks=(block,),
        ),
        path=item.path,
    )


def _version_variable(
    item: SharedImageDistributor, template: ImageTemplate, definition: ResourceId, lowering: Lowering
) -> Expression:
    """A version that only the gallery can tell (aib-templates.md §2.8)."""
    if item.versioning:
        scheme = VersionScheme(item.versioning.scheme)
    else:
        scheme = VersionScheme.LATEST if template.api_version >= _SCHEMES_SINCE else VersionScheme.LEGACY
    lowering.versions.append(
        VersionRequest(
            variable=VERSION_VARIABLE,
            gallery_image_id=str(definition),
            scheme=scheme,
            major=item.versioning.major if item.versioning else None,
            path=item.path,
        )
    )
    return lowering.variable(
        VERSION_VARIABLE,
        "Number of the gallery version, found just before the build.",
        required=True,
        value=PLACEHOLDER_VERSION,
    )


def _regions(item: SharedImageDistributor, template: ImageTemplate, lowering: Lowering) -> Iterator[Block]:
    """Target regions, the build's own among them: with `target_region` Packer does not add it."""
    own = build_location(template, lowering)
    replicas: dict[str, int | None] = {}
    if item.target_regions is not None:
        replicas = {region_name(region.name): region.replica_count for region in item.target_regions}
    elif item.replication_regions is not None:
        replicas = {region_name(name): None for name in item.replication_regions}
    named = "targetRegions" if item.target_regions is not None else "replicationRegions"
    if item.replication_mode == "Shallow" and set(replicas) - {own}:
        lowering.say(SHALLOW_REGIONS, (*item.path, named), f"shallow replication is possible to '{own}' only")
    elif replicas and own not in replicas:
        lowering.say(
            REGION_ADDED, (*item.path, named), f"'{own}', the region of the build, is added to the version's regions"
        )
    replicas.setdefault(own, None)
    for name, count in replicas.items():
        yield Block(
            type="target_region",
            attributes=attributes(name=lowering.plain(name, (*item.path, named)), replicas=count),
        )


def _storage_type(item: SharedImageDistributor, lowering: Lowering) -> str | None:
    if item.target_regions is None:
        return item.storage_account_type
    types = {region.storage_account_type or "Standard_LRS" for region in item.target_regions}
    if len(types) > 1:
        lowering.say(
            STORAGE_BY_REGION,
            (*item.path, "targetRegions"),
            f"the regions ask for different storage types ({', '.join(sorted(types))}); one version has one",
        )
    given = {region.storage_account_type for region in item.target_regions} - {None}
    return next(iter(given), None)
