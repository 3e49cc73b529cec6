"""Distributors to what azure-arm publishes in one build (lowering.md §1.6, packer.md §1.3, §1.8).

Packer has no post-processor for galleries or VHDs: publishing is azure-arm's own. One build makes at most one managed
image, one gallery version and one VHD; what does not fit is a diagnostic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar, assert_never

from imagesmith.diagnostics import Path, Rule, Severity
from imagesmith.hcl import Block, Expression, Literal
from imagesmith.lower.gallery import shared_image
from imagesmith.lower.image import managed_image
from imagesmith.lower.machine import build_location, temporary_group
from imagesmith.lower.output import Output, section_of, validates_later
from imagesmith.lower.vhd import vhd as lower_vhd
from imagesmith.lower.vhd import vhd_group
from imagesmith.lower.words import Lowering
from imagesmith.model import (
    Distributor,
    ImageTemplate,
    ManagedImageDistributor,
    ManagedImageSource,
    SharedImageDistributor,
    VhdDistributor,
)
from imagesmith.model.ids import ResourceId, parse_id, region_name
from imagesmith.plan import NeedKind, Publication, PublicationKind, Section, Variable

D = TypeVar("D", bound=Distributor)

INTERMEDIATE = Variable(
    name="intermediate_image_name",
    description="Managed image that the run needs on the way and removes.",
    required=True,
    value="intermediate",
)
TEMPORARY_IMAGE = "intermediate"
"""Name of the image that is made in the build's temporary group and goes away with it."""
_DISTRIBUTE: Path = ("properties", "distribute")

TOO_MANY = Rule(
    code="IMG420",
    severity=Severity.ERROR,
    title="one build makes one output of each kind",
    cause="Packer's azure-arm builder takes one managed image, one gallery version and one VHD a build.",
    fix="keep one distributor of each kind in the template, and build the other ones from copies of the file",
    example='"distribute": [{"type": "VHD", "runOutputName": "a"}, {"type": "VHD", "runOutputName": "b"}]',
    corrected='"distribute": [{"type": "VHD", "runOutputName": "a"}]',
    source="packer.md §1.8",
)
OTHER_REGION = Rule(
    code="IMG421",
    severity=Severity.ERROR,
    title="a managed image is made in the region of the build",
    cause="Packer creates the managed image where the build machine stands; the service copies it to another region.",
    fix="give the distributor the template's location, or publish to a gallery, which replicates to any region",
    example='"location": "westeurope", … {"type": "ManagedImage", "location": "eastus", …}',
    corrected='"location": "westeurope", … {"type": "ManagedImage", "location": "westeurope", …}',
    source="lowering.md §1.6",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What the build stage publishes, and from what the validate stage boots."""

    sections: tuple[Section, ...] = ()
    publications: tuple[Publication, ...] = ()
    boots_from: Block | None = None
    boots_from_managed_image: bool = False


def publish(template: ImageTemplate, lowering: Lowering) -> Published:
    """Lower all distributors, and the intermediate image where something on the way needs one."""
    _refuse_repeated_kinds(template.distribute, lowering)
    managed = _first(template.distribute, ManagedImageDistributor)
    shared = _first(template.distribute, SharedImageDistributor)
    vhd = _first(template.distribute, VhdDistributor)
    outputs: list[Output] = []
    if managed:
        outputs.append(_managed_image(managed, template, lowering))
    else:
        outputs.extend(_intermediate(template, shared, vhd, lowering))
    image = outputs[0].as_source if outputs else None
    if vhd:
        outputs.append(lower_vhd(vhd, lowering))
    version = None
    if shared:
        outputs.append(shared_image(shared, template, lowering))
        version = outputs[-1].as_source
    return Published(
        sections=tuple(output.section for output in outputs),
        publications=tuple(output.publication for output in outputs if output.publication),
        boots_from=version or image,
        boots_from_managed_image=version is None and image is not None,
    )


def _first(distributors: Iterable[Distributor], kind: type[D]) -> D | None:
    return next((item for item in distributors if isinstance(item, kind)), None)


def _refuse_repeated_kinds(distributors: Iterable[Distributor], lowering: Lowering) -> None:
    seen: Counter[str] = Counter()
    for item in distributors:
        kind = kind_of(item).value
        seen[kind] += 1
        if seen[kind] > 1:
            lowering.say(TOO_MANY, item.path, f"this is {kind} number {seen[kind]}; one build makes only one")


def kind_of(item: Distributor) -> PublicationKind:
    """The kind of a distributor, in the template's word."""
    match item:
        case ManagedImageDistributor():
            return PublicationKind.MANAGED_IMAGE
        case SharedImageDistributor():
            return PublicationKind.SHARED_IMAGE
        case VhdDistributor():
            return PublicationKind.VHD
        case _:
            assert_never(item)


def _managed_image(item: ManagedImageDistributor, template: ImageTemplate, lowering: Lowering) -> Output:
    image = parse_id(item.image_id)
    location = build_location(template, lowering)
    if region_name(item.location) != location:
        lowering.say(
            OTHER_REGION,
            (*item.path, "location"),
            f"the managed image is to be in '{item.location}', but the build is in '{location}'",
        )
    _need_group(image, (*item.path, "imageId"), lowering)
    section = section_of(
        "managed-image",
        item.path,
        managed_image_name=image.name,
        managed_image_resource_group_name=image.resource_group,
    )
    publication = Publication(
        kind=PublicationKind.MANAGED_IMAGE,
        run_output_name=item.run_output_name,
        path=item.path,
        artifact_id=str(image),
        artifact_tags=item.artifact_tags,
    )
    return Output(section=section, publication=publication, as_source=managed_image(image.name, image.resource_group))


def _intermediate(
    template: ImageTemplate, shared: SharedImageDistributor | None, vhd: VhdDistributor | None, lowering: Lowering
) -> Iterator[Output]:
    """The managed image that a build needs on the way though the template asks for none.

    A managed-image source demands a managed image as output; one in the build's temporary group goes away with it
    (lowering.md §3 row 3). Validators need an image that outlives the build stage, and a VHD alone is none.
    """
    outlives = vhd is not None and shared is None and validates_later(template, lowering)
    demanded = isinstance(template.source, ManagedImageSource)
    if not (outlives or demanded):
        return
    if outlives or template.staging_resource_group:
        lowering.variables.setdefault(INTERMEDIATE.name, INTERMEDIATE)
        yield intermediate_image(spare_group(template, lowering))
        return
    section = section_of(
        "managed-image",
        _DISTRIBUTE,
        managed_image_name=TEMPORARY_IMAGE,
        managed_image_resource_group_name=temporary_group(template, lowering),
    )
    yield Output(section=section, publication=None, as_source=None)


def intermediate_image(group: Literal) -> Output:
    """A managed image named by the run, in a group that stays; it is removed when the run has published."""
    name = Expression(f"var.{INTERMEDIATE.name}")
    text = group if isinstance(group, str) else "{vhd_resource_group_name}"
    publication = Publication(
        kind=PublicationKind.MANAGED_IMAGE,
        run_output_name="",
        path=_DISTRIBUTE,
        artifact_id=f"/subscriptions/{{subscription_id}}/resourceGroups/{text}/providers/Microsoft.Compute/images/"
        f"{{{INTERMEDIATE.name}}}",
        intermediate=True,
    )
    section = section_of("managed-image", _DISTRIBUTE, managed_image_name=name, managed_image_resource_group_name=group)
    return Output(section=section, publication=publication, as_source=managed_image(name, group))


def spare_group(template: ImageTemplate, lowering: Lowering) -> Literal:
    """A resource group that must exist anyway, for what is only needed on the way."""
    for item in template.distribute:
        match item:
            case ManagedImageDistributor():
                image = parse_id(item.image_id)
                _need_group(image, (*item.path, "imageId"), lowering)
                return image.resource_group
            case SharedImageDistributor():
                definition = parse_id(item.gallery_image_id)
                _need_group(definition, (*item.path, "galleryImageId"), lowering)
                return definition.resource_group
            case VhdDistributor():
                return vhd_group(lowering)
            case _:
                assert_never(item)
    return lowering.options.resource_group


def _need_group(resource: ResourceId, path: Path, lowering: Lowering) -> None:
    lowering.need(
        NeedKind.RESOURCE_GROUP,
        f"/subscriptions/{resource.subscription}/resourceGroups/{resource.resource_group}",
        path,
    )
