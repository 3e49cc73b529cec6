"""The image template resource itself: envelope, identity and `properties`. Facts: aib-templates.md §1.2, §1.3."""

from __future__ import annotations

from schema.kinds import (
    OLDEST,
    Anything,
    Choice,
    Definition,
    Items,
    MapOf,
    Part,
    Property,
    Structure,
    Text,
    Whole,
)

NAME = Text(pattern="^[-A-Za-z0-9_.]{1,64}$")


def _envelope(name: str, description: str, *, read_only: bool = False) -> Property:
    return Property(name=name, kind=Anything(), description=description, read_only=read_only)


ENVELOPE = (
    _envelope("$schema", "The schema that an editor checks the file against. Not sent to Image Builder."),
    _envelope("dependsOn", "Resources that a deployment creates first. Says nothing to a build, and is ignored."),
    _envelope("comments", "A remark for readers of the deployment file. Ignored."),
    _envelope("metadata", "Notes of the tool that wrote the deployment file. Ignored."),
    _envelope("condition", "Whether a deployment creates the resource. Answered before the template is read."),
    _envelope("copy", "A deployment's loop over the resource. Unrolled before the template is read."),
    _envelope("scope", "Where a deployment creates the resource. Ignored."),
    _envelope("resources", "Child resources, such as triggers. Not part of the image template itself, and ignored."),
    _envelope("id", "The resource id that Azure gave the template.", read_only=True),
    _envelope("systemData", "Who created and changed the resource, and when.", read_only=True),
    _envelope("etag", "Azure's mark of the resource's revision.", read_only=True),
    _envelope("resourceGroup", "The group that the template was read from, as the Azure CLI shows it.", read_only=True),
    _envelope("createdTime", "When the resource was created, as the Azure CLI shows it.", read_only=True),
    _envelope("changedTime", "When the resource was changed, as the Azure CLI shows it.", read_only=True),
    _envelope("provisioningState", "The resource's state, as the Azure CLI shows it.", read_only=True),
)

RESOURCE = Structure(
    name="ImageTemplate",
    title="image template",
    description="An Azure VM Image Builder template: which image to start from, what to do to it, where to put it.",
    properties=(
        Property(
            name="type",
            kind=Choice({"Microsoft.VirtualMachineImages/imageTemplates": ""}),
            description="The resource type. A file that holds one bare template may leave it out.",
            see="type and API version",
        ),
        Property(
            name="apiVersion",
            kind=Text(),
            description="The API version that the template is written for; it decides which properties exist and how "
            "strictly names are read. Without it the newest one is taken, leniently.",
            see="type and API version",
        ),
        Property(
            name="name",
            kind=NAME,
            description="The template's name: 1 to 64 letters, digits, dashes, underscores and dots.",
        ),
        Property(
            name="location",
            kind=Text(),
            description="The Azure region where the image is built, for example westeurope.",
            required_since=OLDEST,
            see="location",
        ),
        Property(
            name="tags",
            kind=MapOf(Text()),
            description="Tags of the template resource. Tags of the image are `artifactTags` of a distributor.",
            see="tags",
        ),
        Property(
            name="identity",
            kind=Part("Identity"),
            description="The managed identity that the service works with. A local build uses your own login instead.",
            required_since="2020-02-14",
            see="identity",
        ),
        Property(
            name="properties",
            kind=Part("Properties"),
            description="What the template says about the image.",
            required_since=OLDEST,
            see="properties",
        ),
        *ENVELOPE,
    ),
)

IDENTITY = Structure(
    name="Identity",
    title="identity",
    description="The managed identity that the service works with.",
    properties=(
        Property(
            name="type",
            kind=Choice({"UserAssigned": "", "None": ""}),
            description="UserAssigned, or None to take the identities away.",
        ),
        Property(
            name="userAssignedIdentities",
            kind=MapOf(Part("AssignedIdentity")),
            description="The identity's resource id as a key, with an empty object as its value. "
            "The service takes one identity.",
        ),
        Property(name="principalId", kind=Text(), description="The identity's object id.", read_only=True),
        Property(name="tenantId", kind=Text(), description="The identity's tenant.", read_only=True),
    ),
)

ASSIGNED_IDENTITY = Structure(
    name="AssignedIdentity",
    title="assigned identity",
    description="What Azure knows about an assigned identity; an empty object in a template.",
    properties=(
        Property(name="principalId", kind=Text(), description="The identity's object id.", read_only=True),
        Property(name="clientId", kind=Text(), description="The identity's application id.", read_only=True),
    ),
)

PROPERTIES = Structure(
    name="Properties",
    title="properties",
    description="What the template says about the image.",
    properties=(
        Property(
            name="source",
            kind=Part("Source"),
            description="The image to start from.",
            required_since=OLDEST,
            see="properties: source",
        ),
        Property(
            name="customize",
            kind=Items(Part("Customizer")),
            description="The steps that change the image, in order; the first one that fails stops the build.",
            see="properties: customize",
        ),
        Property(
            name="optimize",
            kind=Part("Optimize"),
            description="What to tune in the finished image.",
            since="2022-07-01",
            see="properties: optimize",
        ),
        Property(
            name="validate",
            kind=Part("Validate"),
            description="The checks that a new machine made from the image must pass.",
            since="2022-02-14",
            see="properties: validate",
        ),
        Property(
            name="distribute",
            kind=Items(Part("Distributor")),
            description="Where the finished image goes; each entry is one output.",
            required_since=OLDEST,
            see="properties: distribute",
        ),
        Property(
            name="errorHandling",
            kind=Part("ErrorHandling"),
            description="Whether the build machine is kept after a failure.",
            since="2023-07-01",
            see="properties: errorHandling",
        ),
        Property(
            name="buildTimeoutInMinutes",
            kind=Whole(minimum=0, maximum=960),
            description="The limit for the whole build, publishing included, in minutes: 6 to 960, or 0 for 240.",
            default=0,
            see="properties: buildTimeoutInMinutes",
        ),
        Property(
            name="vmProfile",
            kind=Part("VmProfile"),
            description="The machine that the image is built on, and its network.",
            see="properties: vmProfile",
        ),
        Property(
            name="additionalDataDisks",
            kind=Items(Part("DataDisk")),
            description="Empty data disks that become part of the image.",
            since="2025-10-01",
        ),
        Property(
            name="stagingResourceGroup",
            kind=Text(),
            description="The resource id of the group that holds the temporary resources of a build. "
            "Empty or absent means a new one.",
            since="2022-02-14",
            see="properties: stagingResourceGroup",
        ),
        Property(
            name="autoRun",
            kind=Part("AutoRun"),
            description="Whether the service builds the image as soon as the template is there.",
            since="2024-02-01",
            see="properties: autoRun",
        ),
        Property(
            name="managedResourceTags",
            kind=MapOf(Text()),
            description="Tags of the temporary resources that a build makes.",
            since="2024-02-01",
            see="properties: managedResourceTags",
        ),
        Property(
            name="exactStagingResourceGroup",
            kind=Text(),
            description="The staging group that the service really uses.",
            since="2022-02-14",
            read_only=True,
        ),
        Property(
            name="provisioningState",
            kind=Anything(),
            description="The state of the template resource.",
            read_only=True,
        ),
        Property(
            name="provisioningError",
            kind=Anything(),
            description="Why the service could not take the template.",
            read_only=True,
        ),
        Property(
            name="lastRunStatus",
            kind=Anything(),
            description="How the last build went.",
            read_only=True,
        ),
    ),
)

DEFINITIONS: tuple[Definition, ...] = (IDENTITY, ASSIGNED_IDENTITY, PROPERTIES)
