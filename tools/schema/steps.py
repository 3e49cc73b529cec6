"""Sources, customizers and validators. Facts: aib-templates.md §1.4, §1.5, §1.6."""

from __future__ import annotations

from dataclasses import replace

from schema.kinds import OLDEST, Definition, Family, Flag, Items, Part, Property, Structure, Text, Whole

CHECKSUM = Property(
    name="sha256Checksum",
    kind=Text(),
    description="The file's SHA-256 in lower-case hex digits; empty for no check.",
    default="",
)
STEP_NAME = Property(name="name", kind=Text(), description="What the step is for; shown while it runs.")

SCRIPT_URI = Property(
    name="scriptUri",
    kind=Text(),
    description="Where the script is. Give this or `inline`, not both.",
    former=("script",),
)
INLINE = Property(
    name="inline",
    kind=Items(Text()),
    description="The script's lines. Give this or `scriptUri`, not both.",
)

PLATFORM_IMAGE = Structure(
    name="PlatformImageSource",
    title="PlatformImage source",
    value="PlatformImage",
    description="An image of the Azure Marketplace.",
    properties=(
        Property(name="publisher", kind=Text(), description="The image's publisher, for example Canonical."),
        Property(name="offer", kind=Text(), description="The publisher's offer."),
        Property(name="sku", kind=Text(), description="The offer's SKU; it also decides the machine's generation."),
        Property(name="version", kind=Text(), description="The image's version, or latest: looked up at every build."),
        Property(
            name="planInfo",
            kind=Part("PlanInfo"),
            description="The purchase plan, for images that have one.",
            since="2020-02-14",
        ),
        Property(
            name="exactVersion",
            kind=Text(),
            description="The version that latest stood for.",
            since="2021-10-01",
            read_only=True,
        ),
    ),
)

PLAN_INFO = Structure(
    name="PlanInfo",
    title="planInfo",
    description="The purchase plan of a marketplace image.",
    properties=tuple(
        Property(name=name, kind=Text(), description=f"The plan's {what}.", required_since=OLDEST)
        for name, what in (("planName", "name"), ("planProduct", "product"), ("planPublisher", "publisher"))
    ),
)

MANAGED_IMAGE_SOURCE = Structure(
    name="ManagedImageSource",
    title="ManagedImage source",
    value="ManagedImage",
    description="A managed image of your own, generalized, in the template's region.",
    properties=(
        Property(
            name="imageId",
            kind=Text(),
            description="The managed image's resource id.",
            required_since=OLDEST,
        ),
    ),
)

SHARED_IMAGE_SOURCE = Structure(
    name="SharedImageVersionSource",
    title="SharedImageVersion source",
    value="SharedImageVersion",
    description="A version of an image in a compute gallery.",
    properties=(
        Property(
            name="imageVersionId",
            kind=Text(),
            description="The resource id of the image version; it may end in versions/latest from 2022-07-01 on.",
            required_since=OLDEST,
        ),
        Property(
            name="exactVersion",
            kind=Text(),
            description="The id of the version that latest stood for.",
            since="2022-07-01",
            read_only=True,
        ),
    ),
)

SOURCE = Family(
    name="Source",
    title="source",
    description="The image to start from.",
    type_description="Where the image comes from: the marketplace, a managed image, or a gallery.",
    members=(PLATFORM_IMAGE, MANAGED_IMAGE_SOURCE, SHARED_IMAGE_SOURCE),
    gone={
        "ISO": "Image Builder stopped taking ISO sources in March 2020; start from a marketplace image "
        "(`PlatformImage`), for example RedHat RHEL, instead",
    },
)

SHELL = Structure(
    name="ShellCustomizer",
    title="Shell customizer",
    value="Shell",
    description="A script for Linux.",
    properties=(
        STEP_NAME,
        replace(INLINE, description=INLINE.description + " Runs as the build user: write sudo where root is needed."),
        SCRIPT_URI,
        CHECKSUM,
    ),
)

POWERSHELL = Structure(
    name="PowerShellCustomizer",
    title="PowerShell customizer",
    value="PowerShell",
    description="A script for Windows.",
    properties=(
        STEP_NAME,
        INLINE,
        SCRIPT_URI,
        CHECKSUM,
        Property(
            name="runElevated",
            kind=Flag(),
            description="Whether the script runs with full administrator rights.",
            default=False,
        ),
        Property(
            name="runAsSystem",
            kind=Flag(),
            description="Whether the script runs as Local System; needs `runElevated`.",
            since="2020-02-14",
            default=False,
        ),
        Property(
            name="validExitCodes",
            kind=Items(Whole(minimum=-2_147_483_648)),
            description="The exit codes that mean success.",
            default=(0,),
        ),
    ),
)

WINDOWS_RESTART = Structure(
    name="WindowsRestartCustomizer",
    title="WindowsRestart customizer",
    value="WindowsRestart",
    description="A restart of a Windows machine, waited for.",
    properties=(
        STEP_NAME,
        Property(
            name="restartCommand",
            kind=Text(),
            description="The command that restarts the machine.",
            default='shutdown /r /f /t 0 /c "packer restart"',
        ),
        Property(
            name="restartCheckCommand",
            kind=Text(),
            description="The command that succeeds once the machine is back; it runs in cmd, not PowerShell.",
            default="",
        ),
        Property(
            name="restartTimeout",
            kind=Text(),
            description="How long to wait: a number and a unit, for example 5m or 2h.",
            default="5m",
        ),
    ),
)

WINDOWS_UPDATE = Structure(
    name="WindowsUpdateCustomizer",
    title="WindowsUpdate customizer",
    value="WindowsUpdate",
    description="Windows updates, with the restarts that they need.",
    properties=(
        STEP_NAME,
        Property(
            name="searchCriteria",
            kind=Text(),
            description="Which updates to look for, in the words of the Windows Update Agent.",
            default="BrowseOnly=0 and IsInstalled=0",
        ),
        Property(
            name="filters",
            kind=Items(Text()),
            description="Which of the updates found to install: include:EXPRESSION or exclude:EXPRESSION, "
            "the first that holds decides.",
        ),
        Property(
            name="updateLimit",
            kind=Whole(minimum=0),
            description="How many updates to install at a time; 0 means 1000.",
            default=0,
        ),
    ),
)

FILE = Structure(
    name="FileCustomizer",
    title="File customizer",
    value="File",
    description="A file that is put on the machine.",
    properties=(
        STEP_NAME,
        Property(name="sourceUri", kind=Text(), description="Where the file is."),
        Property(
            name="destination",
            kind=Text(),
            description="The full path on the machine, file name included; on Linux below /tmp.",
        ),
        CHECKSUM,
    ),
)

CUSTOMIZER = Family(
    name="Customizer",
    title="customizer",
    description="A step that changes the image.",
    type_description="What the step does.",
    members=(SHELL, POWERSHELL, WINDOWS_RESTART, WINDOWS_UPDATE, FILE),
)


def _validator(customizer: Structure, *, since: str) -> Structure:
    """The validator that looks like a customizer; it is as old as validation itself, so its properties have no age."""
    return replace(
        customizer,
        name=customizer.name.replace("Customizer", "Validator"),
        title=customizer.title.replace("customizer", "validator"),
        properties=tuple(replace(part, since=OLDEST, former=()) for part in customizer.properties),
        since=since,
    )


VALIDATORS = (
    _validator(SHELL, since="2022-02-14"),
    _validator(POWERSHELL, since="2022-02-14"),
    _validator(FILE, since="2022-07-01"),
)

VALIDATOR = Family(
    name="Validator",
    title="validator",
    description="A check on a new machine made from the image.",
    type_description="What the check does.",
    members=VALIDATORS,
)

VALIDATE = Structure(
    name="Validate",
    title="validate",
    description="The checks that a new machine made from the image must pass.",
    since="2022-02-14",
    properties=(
        Property(
            name="continueDistributeOnFailure",
            kind=Flag(),
            description="Whether the image is published even if a check fails; the run counts as failed all the same.",
            default=False,
        ),
        Property(
            name="sourceValidationOnly",
            kind=Flag(),
            description="Whether to check the source image itself and build nothing.",
            default=False,
        ),
        Property(
            name="inVMValidations",
            kind=Items(Part("Validator")),
            description="The checks, in order; the first one that fails ends them.",
        ),
    ),
)

DEFINITIONS: tuple[Definition, ...] = (
    SOURCE,
    PLATFORM_IMAGE,
    PLAN_INFO,
    MANAGED_IMAGE_SOURCE,
    SHARED_IMAGE_SOURCE,
    CUSTOMIZER,
    SHELL,
    POWERSHELL,
    WINDOWS_RESTART,
    WINDOWS_UPDATE,
    FILE,
    VALIDATE,
    VALIDATOR,
    *VALIDATORS,
)
