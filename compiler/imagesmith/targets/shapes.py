"""What older Packers say in another shape: one function a difference, each from plan to plan (lowering.md §1, §3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from imagesmith.diagnostics import Rule, Severity
from imagesmith.hcl import Block, Call, InTemplateFolder, attributes
from imagesmith.lower.publish import INTERMEDIATE, TEMPORARY_IMAGE, intermediate_image
from imagesmith.lower.steps import STOP_EXIT_CODE
from imagesmith.plan import RUN_TAGS, BuildPlan, OnError, OsType, Stage, StageName, Step, StepFile, Variable
from imagesmith.targets.shaping import Shape, Shaping, section_named, with_attributes, with_section, with_stage
from imagesmith.targets.target import OLDEST
from imagesmith.targets.uploads import plain_paths
from imagesmith.targets.vhd import vhd_alone, vhd_name
from imagesmith.versions import Version

OLD_REPLICA_LIMIT = 10
PLAN_TAGS = 4
"""Tags that azure-arm adds for a purchase plan (lowering.md §1.2)."""
DEFAULT_STORAGE_TYPE = "Standard_LRS"
"""What Azure makes where no storage type is named."""
OLD_WINDOWS_UPDATE = Version(0, 10, 1)
"""The newest windows-update plugin that Packer 1.6 can load (lowering.md §4.4)."""

TOO_OLD = Rule(
    code="IMG451",
    severity=Severity.ERROR,
    title="this Packer is too old",
    cause="Before 1.6 Packer did not read HCL.",
    fix="use Packer 1.6.6 or newer; `imagesmith toolchain install` gets one",
    example="imagesmith compile image.json --packer-version 1.5.6",
    corrected="imagesmith compile image.json --packer-version 1.6.6",
    source="packer.md §8",
)
BASIC_IP = Rule(
    code="IMG452",
    severity=Severity.WARNING,
    title="this Packer asks for a public IP address that Azure no longer gives",
    cause="Without a network of yours it creates a public IP of the Basic kind; Azure stopped creating those on"
    " 31 March 2025. A sandbox still does.",
    fix="set vmProfile.vnetConfig.subnetId to a subnet that you can reach, or use the azure plugin 2.2.0 or newer",
    example='"vmProfile": {"vmSize": "Standard_D2ds_v4"}   (Packer 1.6.6)',
    corrected='"vmProfile": {"vmSize": "Standard_D2ds_v4", "vnetConfig": {"subnetId": "/subscriptions/…"}}',
    source="lowering.md §1.3",
)
TOO_MANY_TAGS = Rule(
    code="IMG454",
    severity=Severity.ERROR,
    title="too many tags for this Packer",
    cause="The builder refuses more than its limit, and counts the tags of a purchase plan and of the run among them.",
    fix="name fewer managedResourceTags, or use a newer Packer (50 tags instead of 15)",
    example='"managedResourceTags": {"a": "1", "b": "2", …}   (14 of them, Packer 1.6.6)',
    corrected='"managedResourceTags": {"a": "1"}',
    source="lowering.md §1.3, §3 row 21",
)
NO_WINDOWS_UPDATE = Rule(
    code="IMG455",
    severity=Severity.ERROR,
    title="the plugin for WindowsUpdate is missing",
    cause="WindowsUpdate is done by the plugin github.com/rgl/windows-update, which is not part of Packer; Packer 1.6"
    " loads no version of it after 0.10.1.",
    fix="install it: packer plugins install github.com/rgl/windows-update (Packer 1.7 or newer)",
    example='{"type": "WindowsUpdate"}   (Packer 1.6.6)',
    corrected='{"type": "WindowsUpdate"}   (Packer 1.16.0 with the plugin)',
    source="lowering.md §4.4",
)
REPLICAS = Rule(
    code="IMG456",
    severity=Severity.ERROR,
    title="this Packer knows one replica count for all regions",
    cause="Replica counts by region came with azure plugin 2.1.0; before, there is one, and 1.6 cuts it to 10.",
    fix="give every region the same replicaCount, at most 10, or use azure plugin 2.1.0 or newer",
    example='"targetRegions": [{"name": "a", "replicaCount": 2}, {"name": "b", "replicaCount": 3}]   (Packer 1.6.6)',
    corrected='"targetRegions": [{"name": "a", "replicaCount": 2}, {"name": "b", "replicaCount": 2}]',
    source="lowering.md §1.6, §3 rows 22, 32",
)
DISK_LEFT = Rule(
    code="IMG457",
    severity=Severity.WARNING,
    title="this Packer leaves the machine's disk in your staging resource group",
    cause="Packer 1.6 removes what its deployment lists from an existing group; the OS disk is not on that list.",
    fix="nothing to do: the run removes it; after a build by hand remove it yourself, or use a newer Packer",
    example='"stagingResourceGroup": "/subscriptions/…/resourceGroups/staging"   (Packer 1.6.6)',
    corrected='"stagingResourceGroup": "/subscriptions/…/resourceGroups/staging"   (Packer 1.16.0)',
    source="lowering.md §1.3",
)

NOT_KEPT = Rule(
    code="IMG459",
    severity=Severity.WARNING,
    title="this Packer cannot keep the machine that validators fail on",
    cause="Before azure plugin 1.0.8 a build that makes no image ends by failing on purpose, and Packer keeps the"
    " machine of every failure or of none.",
    fix="use azure plugin 1.0.8 or newer, or validate on the build machine (--validate-on build-vm)",
    example='"errorHandling": {"onValidationError": "abort"}   (Packer 1.6.6)',
    corrected='"errorHandling": {"onValidationError": "cleanup"}',
    source="architecture §4.2, lowering.md §1.3",
)

NO_SPARE_GROUP = Rule(
    code="IMG460",
    severity=Severity.ERROR,
    title="this Packer needs an existing resource group",
    cause="Before azure plugin 2.6.0 Packer wants to know where an image would go, even where it makes none, and looks"
    " whether that resource group exists.",
    fix="name an existing one with --resource-group, or use azure plugin 2.6.0 or newer",
    example='"validate": {"sourceValidationOnly": true, …}   (no distribute, Packer 1.6.6)',
    corrected="imagesmith build image.json --resource-group contoso-images",
    source="lowering.md §1.5, packer.md §1.8",
)


def _declared(stage: Stage, variable: Variable) -> Stage:
    known = any(item.name == variable.name for item in stage.variables)
    return stage if known else replace(stage, variables=(*stage.variables, variable))


def _old_enough(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    if shaping.target.packer < OLDEST:
        shaping.say(TOO_OLD, (), f"Packer {shaping.target.packer} does not read HCL; 1.6.6 is the oldest that is known")
    return plan


def _public_ip(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """Without a network: Basic addresses before 2.1.4, Standard ones by option before 2.2.0, by default since."""
    open_stages = [stage for stage in plan.stages if section_named(stage, "network") is None]
    if shaping.target.has_azure(2, 2) or not open_stages:
        return plan
    if not shaping.target.has_azure(2, 1, 4):
        shaping.say(BASIC_IP, ("properties", "vmProfile"))
        return replace(plan, needs_basic_public_ip=True)
    for stage in open_stages:
        machine = section_named(stage, "machine")
        if machine:
            plan = with_stage(plan, with_section(stage, with_attributes(machine, public_ip_sku="Standard")))
    return plan


def _regions(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """`target_region` blocks were `replication_regions` and one replica count before azure plugin 2.1.0."""
    build = plan.stage(StageName.BUILD)
    gallery = section_named(build, "gallery")
    if shaping.target.has_azure(2, 1) or build is None or gallery is None:
        return plan
    destination = gallery.body.blocks[0]
    counts = {block.get("replicas") or 1 for block in destination.blocks}
    count = max((count for count in counts if isinstance(count, int)), default=1)
    if len(counts) > 1 or (shaping.target.azure is None and count > OLD_REPLICA_LIMIT):
        shaping.say(REPLICAS, (*gallery.path, "targetRegions"))
    names = tuple(block.get("name") for block in destination.blocks)
    rows = (*destination.attributes, ("replication_regions", names))
    body = replace(gallery.body, blocks=(replace(destination, attributes=rows, blocks=()),))
    gallery = with_attributes(
        replace(gallery, body=body), shared_image_gallery_replica_count=count if count > 1 else None
    )
    return with_stage(plan, with_section(build, gallery))


def _storage_type(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """The built-in azure-arm of 1.6 cannot name a version's storage type; it makes Azure's default one."""
    build = plan.stage(StageName.BUILD)
    gallery = section_named(build, "gallery")
    if shaping.target.azure is not None or build is None or gallery is None:
        return plan
    destination = gallery.body.blocks[0]
    rows = tuple(row for row in destination.attributes if row != ("storage_account_type", DEFAULT_STORAGE_TYPE))
    body = replace(gallery.body, blocks=(replace(destination, attributes=rows),))
    return with_stage(plan, with_section(build, replace(gallery, body=body)))


def _intermediate(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """An image on the way, in a group that stays, where this Packer needs one and newer ones do not.

    The built-in azure-arm of 1.6 makes a gallery version only from a managed image; before 2.6.0 the image that a
    managed-image source demands cannot be in the build's temporary group (lowering.md §1.6, §3 rows 3, 6).
    """
    build = plan.stage(StageName.BUILD)
    if build is None:
        return plan
    managed, gallery = section_named(build, "managed-image"), section_named(build, "gallery")
    temporary = managed is not None and managed.body.get("managed_image_name") == TEMPORARY_IMAGE
    alone = managed is None and gallery is not None and shaping.target.azure is None
    if not alone and not (temporary and not shaping.target.has_azure(2, 6)):
        return plan
    output = intermediate_image(plan.spare_resource_group)
    build = _declared(with_section(build, output.section, before="gallery"), INTERMEDIATE)
    publications = (*plan.publications, output.publication) if output.publication else plan.publications
    return replace(with_stage(plan, build), publications=publications)


def _no_image(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """A stage that captures nothing: before 2.6.0 an output must be named all the same, before 1.0.8 we stop it."""
    stage = plan.stage(StageName.VALIDATE)
    nothing = section_named(stage, "nothing")
    if shaping.target.has_azure(2, 6) or stage is None or nothing is None:
        return plan
    group = plan.spare_resource_group
    if group is None:
        shaping.say(NO_SPARE_GROUP, ("properties", "validate"))
    rows = dict(attributes(managed_image_name="never-made", managed_image_resource_group_name=group))
    if shaping.target.has_azure(1, 0, 8):
        rows["skip_create_image"] = True
    else:
        if stage.on_error is OnError.ABORT:
            shaping.say(NOT_KEPT, ("properties", "errorHandling", "onValidationError"))
        stage = replace(_stopped(stage, plan.os_type), on_error=OnError.CLEANUP)
    body = replace(nothing.body, attributes=tuple(rows.items()))
    return with_stage(plan, with_section(stage, replace(nothing, body=body)))


def _stopped(stage: Stage, os_type: OsType) -> Stage:
    """The stage with a last step that ends it before the capture."""
    kind, ending = ("powershell", "ps1") if os_type is OsType.WINDOWS else ("shell", "sh")
    name = f"scripts/{len(stage.steps):02d}-stop.{ending}"
    step = Step(
        id="stop",
        kind="Stop",
        title="end the stage without making an image",
        path=None,
        blocks=(Block(type="provisioner", labels=(kind,), attributes=attributes(script=InTemplateFolder(name))),),
        files=(StepFile(name=name, template=f"scripts/stop.{ending}.j2"),),
        marker=name.rpartition("/")[2],
    )
    return replace(stage, steps=(*stage.steps, step), stop_exit_code=STOP_EXIT_CODE)


def _tags(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    limit = 15 if shaping.target.azure is None else 50
    for stage in plan.stages:
        machine, image = section_named(stage, "machine"), section_named(stage, "image")
        tags = machine.body.get("azure_tags") if machine else None
        own = len(tags.arguments[0]) if isinstance(tags, Call) and isinstance(tags.arguments[0], dict) else 0
        has_plan = image is not None and any(block.type == "plan_info" for block in image.body.blocks)
        total = own + len(RUN_TAGS) + (PLAN_TAGS if has_plan else 0)
        if total > limit:
            shaping.say(
                TOO_MANY_TAGS,
                ("properties", "managedResourceTags"),
                f"{total} tags ({own} of the template, {total - own} of the build); {shaping.target} takes {limit}",
            )
            break
    return plan


def _windows_update(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    version = shaping.target.windows_update
    fits = version is not None and (shaping.target.takes_plugins or version <= OLD_WINDOWS_UPDATE)
    for step in _steps(plan):
        if not fits and step.path is not None and any(block.labels == ("windows-update",) for block in step.blocks):
            shaping.say(NO_WINDOWS_UPDATE, step.path)
    return plan


def _staging_disk(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    build = plan.stage(StageName.BUILD)
    place = section_named(build, "place")
    if shaping.target.azure is None and place and place.body.get("build_resource_group_name") is not None:
        shaping.say(DISK_LEFT, ("properties", "stagingResourceGroup"))
    return plan


def _steps(plan: BuildPlan) -> Iterable[Step]:
    return (step for stage in plan.stages for step in stage.steps)


SHAPES: tuple[Shape, ...] = (
    _old_enough,
    _public_ip,
    _regions,
    _storage_type,
    vhd_alone,
    vhd_name,
    _intermediate,
    _no_image,
    _tags,
    _windows_update,
    _staging_disk,
    plain_paths,
)
