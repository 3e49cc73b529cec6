"""Distributors: regions and replicas of gallery versions, version numbers, and results that get in each other's way."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import (
    Distributor,
    ImageTemplate,
    ManagedImageDistributor,
    ManagedImageSource,
    SharedImageDistributor,
    SharedImageVersionSource,
    VhdDistributor,
)
from imagesmith.model.ids import IdError, parse_id, region_name, same_id
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.regions import target_regions

NO_DISTRIBUTE = Rule(
    code="IMG360",
    severity=Severity.ERROR,
    title="'distribute' is empty: the image would go nowhere",
    cause="A build ends in at least one result; the service refuses a template without distributors.",
    fix="add a distributor",
    example='{"distribute": []}',
    corrected='{"distribute": [{"type": "SharedImage", "galleryImageId": "<id>", "runOutputName": "web"}]}',
    source="aib-templates.md §1.3",
)
TWO_REGION_LISTS = Rule(
    code="IMG361",
    severity=Severity.ERROR,
    title="'replicationRegions' and 'targetRegions' exclude each other",
    cause="Both name the regions of the gallery version; 'targetRegions' replaces the deprecated 'replicationRegions'.",
    fix="keep 'targetRegions'",
    example='{"replicationRegions": ["westeurope"], "targetRegions": [{"name": "westeurope"}]}',
    corrected='{"targetRegions": [{"name": "westeurope"}]}',
    source="aib-templates.md §1.7",
)
STORAGE_TYPE_PLACE = Rule(
    code="IMG362",
    severity=Severity.ERROR,
    title="'storageAccountType' belongs to 'replicationRegions'",
    cause="Beside 'targetRegions', each region has a storage account type of its own.",
    fix="move 'storageAccountType' into each entry of 'targetRegions'",
    example='{"storageAccountType": "Standard_ZRS", "targetRegions": [{"name": "westeurope"}]}',
    corrected='{"targetRegions": [{"name": "westeurope", "storageAccountType": "Standard_ZRS"}]}',
    source="aib-templates.md §1.7",
)
DUPLICATE_REGION = Rule(
    code="IMG363",
    severity=Severity.WARNING,
    title="the region is named twice",
    cause="A gallery version is in a region once; case and spaces make no difference.",
    fix="take one of them away; more copies in a region are 'replicaCount'",
    example='{"replicationRegions": ["westeurope", "West Europe"]}',
    corrected='{"replicationRegions": ["westeurope"]}',
    source="lowering.md §1.1, §1.6",
)
REPLICA_COUNT = Rule(
    code="IMG364",
    severity=Severity.ERROR,
    title="'replicaCount' is too large",
    cause="A region holds up to 100 replicas of a gallery version; Packer would lower the number without a word.",
    fix="write a number from 1 to 100, or leave it away for 1",
    example='{"targetRegions": [{"name": "westeurope", "replicaCount": 250}]}',
    corrected='{"targetRegions": [{"name": "westeurope", "replicaCount": 100}]}',
    source="aib-templates.md §1.7, lowering.md §1.6",
)
SHALLOW_REGIONS = Rule(
    code="IMG365",
    severity=Severity.ERROR,
    title="a shallow gallery version has one region only",
    cause="Shallow replication keeps the image where it was made; Packer refuses it for several regions.",
    fix='keep one region, or take "replicationMode": "Full"',
    example='{"replicationMode": "Shallow", "targetRegions": [{"name": "westeurope"}, {"name": "northeurope"}]}',
    corrected='{"replicationMode": "Shallow", "targetRegions": [{"name": "westeurope"}]}',
    source="lowering.md §1.6, §3 row 25",
)
NUMBER_AND_VERSIONING = Rule(
    code="IMG366",
    severity=Severity.WARNING,
    title="'versioning' has no effect beside a version number",
    cause="The number at the end of 'galleryImageId' is the version's; there is nothing left to be found.",
    fix="take 'versioning' away, or the '/versions/<number>' at the end of 'galleryImageId'",
    example='{"galleryImageId": "<definition>/versions/1.0.0", "versioning": {"scheme": "Latest"}}',
    corrected='{"galleryImageId": "<definition>", "versioning": {"scheme": "Latest"}}',
    source="aib-templates.md §2.8, §5 item 16",
)
MAJOR_WITHOUT_LATEST = Rule(
    code="IMG367",
    severity=Severity.WARNING,
    title="'major' has no effect with this scheme",
    cause="Only the scheme 'Latest' counts on within a major version; 'Source' takes the number of the source image.",
    fix="take 'major' away, or take the scheme 'Latest'",
    example='{"versioning": {"scheme": "Source", "major": 2}}',
    corrected='{"versioning": {"scheme": "Latest", "major": 2}}',
    source="aib-templates.md §1.7, §2.8",
)
SAME_TARGET = Rule(
    code="IMG368",
    severity=Severity.ERROR,
    title="two distributors write to the same place",
    cause="The second result would meet the first: Azure refuses it or replaces the first.",
    fix="give each distributor a target of its own",
    example='{"distribute": [{"type": "ManagedImage", "imageId": "<id>", "runOutputName": "a"},'
    ' {"type": "ManagedImage", "imageId": "<id>", "runOutputName": "b"}]}',
    corrected='{"distribute": [{"type": "ManagedImage", "imageId": "<id>", "runOutputName": "a"}]}',
    source="aib-templates.md §2.8, §2.9",
)
SOURCE_IS_TARGET = Rule(
    code="IMG369",
    severity=Severity.ERROR,
    title="the result would replace its own source",
    cause="The source exists already, and an image or a gallery version with an explicit number is not overwritten.",
    fix="give the result another name or number",
    example='{"source": {"type": "ManagedImage", "imageId": "<id>"},'
    ' "distribute": [{"type": "ManagedImage", "imageId": "<id>"}]}',
    corrected='{"source": {"type": "ManagedImage", "imageId": "<id>"},'
    ' "distribute": [{"type": "ManagedImage", "imageId": "<id>-2"}]}',
    source="aib-templates.md §2.8, lowering.md §1.6",
)


def check_presence(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """At least one result, unless only the source is validated."""
    source_only = template.validate is not None and template.validate.source_validation_only
    if not template.distribute and not source_only:
        yield NO_DISTRIBUTE.at(("properties", "distribute"))


def check_galleries(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """What of a gallery distributor goes together."""
    for target in template.distribute:
        if isinstance(target, SharedImageDistributor):
            yield from _regions(target)
            yield from _versioning(target)


def _regions(target: SharedImageDistributor) -> Iterator[Diagnostic]:
    if target.replication_regions and target.target_regions:
        yield TWO_REGION_LISTS.at((*target.path, "replicationRegions"))
    elif target.storage_account_type and target.target_regions:
        yield STORAGE_TYPE_PLACE.at((*target.path, "storageAccountType"))
    else:
        yield from _repeated(target)
    for region in target.target_regions or ():
        if (region.replica_count or 0) > 100:
            message = f"'replicaCount' is {region.replica_count}; a region holds up to 100 replicas"
            yield REPLICA_COUNT.at((*region.path, "replicaCount"), message)
    names = {region_name(text) for text, _ in target_regions(target)}
    if target.replication_mode == "Shallow" and len(names) > 1:
        message = f"a shallow gallery version has one region only; here are {len(names)}"
        yield SHALLOW_REGIONS.at((*target.path, "replicationMode"), message)


def _repeated(target: SharedImageDistributor) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for text, path in target_regions(target):
        name = region_name(text)
        if name in first:
            same = text == first[name]
            message = f"'{text}' is named twice" if same else f"'{text}' is the same region as '{first[name]}'"
            yield DUPLICATE_REGION.at(path, message)
        first.setdefault(name, text)


def _versioning(target: SharedImageDistributor) -> Iterator[Diagnostic]:
    versioning = target.versioning
    if versioning is None:
        return
    if "/versions/" in target.gallery_image_id.lower():
        yield NUMBER_AND_VERSIONING.at(versioning.path)
    elif versioning.major is not None and versioning.scheme != "Latest":
        message = f"'major' has no effect with the scheme '{versioning.scheme}'"
        yield MAJOR_WITHOUT_LATEST.at((*versioning.path, "major"), message)


def check_targets(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """No two results in one place, and none in the place of the source."""
    first: dict[str, Path] = {}
    for target in template.distribute:
        place, path = _place(target)
        if not place:
            continue
        if place in first:
            yield _collision(target, path, first[place])
        first.setdefault(place, path)
        source = _source_place(template)
        if source and same_id(source, place):
            yield SOURCE_IS_TARGET.at(path)


def _place(target: Distributor) -> tuple[str, Path]:
    """Where a result goes, in lower case; empty for a VHD whose name is made for it."""
    match target:
        case ManagedImageDistributor():
            return target.image_id.rstrip("/").lower(), (*target.path, "imageId")
        case SharedImageDistributor():
            return target.gallery_image_id.rstrip("/").lower(), (*target.path, "galleryImageId")
        case VhdDistributor():
            uri = target.uri or ""
            return (uri if uri.lower().endswith(".vhd") else ""), (*target.path, "uri")


def _collision(target: Distributor, path: Path, earlier: Path) -> Diagnostic:
    message = f"distribute[{earlier[2]}] already writes here"
    if isinstance(target, SharedImageDistributor) and not _has_number(target):
        message = (
            f"distribute[{earlier[2]}] makes a version of the same definition: both would take the same next number"
        )
        return SAME_TARGET.at(path, message, hint="keep one, with the regions of both", severity=Severity.WARNING)
    return SAME_TARGET.at(path, message)


def _has_number(target: SharedImageDistributor) -> bool:
    try:
        return len(parse_id(target.gallery_image_id).names) == 3
    except IdError:
        return False


def _source_place(template: ImageTemplate) -> str:
    match template.source:
        case ManagedImageSource(image_id=text) | SharedImageVersionSource(image_version_id=text):
            return text
        case _:
            return ""


CHECKS: tuple[Check, ...] = (check_presence, check_galleries, check_targets)
