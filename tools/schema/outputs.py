"""Distributors. Facts: aib-templates.md §1.7."""

from __future__ import annotations

from schema.kinds import OLDEST, Choice, Definition, Family, Flag, Items, MapOf, Part, Property, Structure, Text, Whole
from schema.resource import NAME

STORAGE = Choice({"Standard_LRS": "", "Standard_ZRS": "", "Premium_LRS": "2022-07-01"})

OUTPUT = (
    Property(
        name="runOutputName",
        kind=NAME,
        description="The name that the output is found under after a run; each distributor has its own. "
        "1 to 64 letters, digits, dashes, underscores and dots.",
        required_since=OLDEST,
    ),
    Property(name="artifactTags", kind=MapOf(Text()), description="Tags of the image that this distributor makes."),
)

MANAGED_IMAGE = Structure(
    name="ManagedImageDistributor",
    title="ManagedImage distributor",
    value="ManagedImage",
    description="A managed image.",
    properties=(
        *OUTPUT,
        Property(
            name="imageId",
            kind=Text(),
            description="The resource id of the managed image to make; its resource group must be there.",
            required_since=OLDEST,
        ),
        Property(
            name="location",
            kind=Text(),
            description="The region of the managed image.",
            required_since=OLDEST,
        ),
    ),
)

SHARED_IMAGE = Structure(
    name="SharedImageDistributor",
    title="SharedImage distributor",
    value="SharedImage",
    description="A version of an image in a compute gallery.",
    properties=(
        *OUTPUT,
        Property(
            name="galleryImageId",
            kind=Text(),
            description="The resource id of the gallery's image definition; versions/1.2.3 at its end fixes the "
            "version's number.",
            required_since=OLDEST,
        ),
        Property(
            name="replicationRegions",
            kind=Items(Text()),
            description="The regions that the version is copied to. `targetRegions` says more; not both.",
            required_since=OLDEST,
            required_until="2022-02-14",
            deprecated_since="2022-07-01",
        ),
        Property(
            name="targetRegions",
            kind=Items(Part("TargetRegion")),
            description="The regions that the version is copied to, each with its copies and kind of storage.",
            since="2022-07-01",
        ),
        Property(
            name="storageAccountType",
            kind=STORAGE,
            description="The kind of storage in all `replicationRegions`.",
            since="2020-02-14",
            deprecated_since="2022-07-01",
        ),
        Property(
            name="excludeFromLatest",
            kind=Flag(),
            description="Whether the version is passed over when somebody asks for the latest one.",
            since="2020-02-14",
            default=False,
        ),
        Property(
            name="versioning",
            kind=Part("Versioning"),
            description="How the version's number is chosen where `galleryImageId` does not give it.",
            since="2022-07-01",
        ),
        Property(
            name="replicationMode",
            kind=Choice({"Full": "", "Shallow": ""}),
            description="Full copies the image to every region, Shallow only points at it (quick, for tests).",
            since="2025-10-01",
            default="Full",
        ),
    ),
)

TARGET_REGION = Structure(
    name="TargetRegion",
    title="target region",
    description="A region that a gallery version is copied to.",
    properties=(
        Property(name="name", kind=Text(), description="The region, for example westeurope.", required_since=OLDEST),
        Property(
            name="replicaCount",
            kind=Whole(minimum=1),
            description="How many copies the region holds.",
            default=1,
        ),
        Property(
            name="storageAccountType",
            kind=STORAGE,
            description="The kind of storage in this region.",
            default="Standard_LRS",
        ),
    ),
)

VERSIONING = Structure(
    name="Versioning",
    title="versioning",
    description="How a gallery version's number is chosen.",
    properties=(
        Property(
            name="scheme",
            kind=Choice({"Latest": "", "Source": ""}),
            description="Where the number comes from: Latest counts on from the highest version, Source takes the "
            "source image's number.",
            required_since=OLDEST,
        ),
        Property(
            name="major",
            kind=Whole(minimum=-1),
            description="The major version to stay in; -1 for any. Only with Latest.",
            default=-1,
        ),
    ),
)

VHD = Structure(
    name="VhdDistributor",
    title="VHD distributor",
    value="VHD",
    description="A VHD file in a storage account.",
    properties=(
        *OUTPUT,
        Property(
            name="uri",
            kind=Text(),
            description="The blob or container to write to; empty for a storage account of the build's own.",
            since="2022-07-01",
            default="",
        ),
    ),
)

DISTRIBUTOR = Family(
    name="Distributor",
    title="distributor",
    description="One output of the build.",
    type_description="What is made of the image: a managed image, a gallery version, or a VHD file.",
    members=(MANAGED_IMAGE, SHARED_IMAGE, VHD),
)

DEFINITIONS: tuple[Definition, ...] = (DISTRIBUTOR, MANAGED_IMAGE, SHARED_IMAGE, TARGET_REGION, VERSIONING, VHD)
