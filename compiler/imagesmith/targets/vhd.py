"""VHDs as Packers before azure plugin 2.5.0 make them: alone, and under a name of Azure's (lowering.md §1.6)."""

from __future__ import annotations

from dataclasses import replace

from imagesmith.diagnostics import Path, Rule, Severity
from imagesmith.hcl import Literal, Rendered, attributes
from imagesmith.plan import BuildPlan, StageName
from imagesmith.targets.shaping import Shaping, section_named, with_section, with_stage

NOT_TOGETHER = Rule(
    code="IMG453",
    severity=Severity.ERROR,
    title="this Packer cannot make these outputs in one build",
    cause="Before azure plugin 2.5.0 a VHD is made alone, and never from a gallery's image.",
    fix="use the azure plugin 2.5.0 or newer, or build the VHD from a copy of the template",
    example='"distribute": [{"type": "VHD", …}, {"type": "SharedImage", …}]   (Packer 1.6.6)',
    corrected='"distribute": [{"type": "SharedImage", …}]',
    source="packer.md §1.8, lowering.md §3 rows 4, 5, 7",
)
BLOB_NAME = Rule(
    code="IMG458",
    severity=Severity.ERROR,
    title="this Packer cannot choose the name of a VHD",
    cause="Before azure plugin 2.5.0 Azure names the blob itself, with an id of its own in the name.",
    fix="let `uri` name the container only, or use azure plugin 2.5.0 or newer",
    example='"uri": "https://contosoimages.blob.core.windows.net/vhds/base.vhd"   (Packer 1.6.6)',
    corrected='"uri": "https://contosoimages.blob.core.windows.net/vhds"',
    source="lowering.md §1.6",
)

BLOB_LEFT = Rule(
    code="IMG461",
    severity=Severity.WARNING,
    title="this Packer leaves the machine's disk in your storage account",
    cause="Packer 1.6 gives the machine a disk that is a blob in the container 'images' of the VHD's account, and never"
    " deletes it.",
    fix="delete the blob after the build, or use azure plugin 2.5.0 or newer, which makes no such blob",
    example='"distribute": [{"type": "VHD", …}]   (Packer 1.6.6)',
    corrected='"distribute": [{"type": "VHD", …}]   (Packer 1.16.0)',
    source="lowering.md §2.2",
)


def vhd_alone(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """Outputs that cannot be made in one build with a VHD, or a source that none can be made from."""
    build = plan.stage(StageName.BUILD)
    vhd = section_named(build, "vhd")
    if shaping.target.has_azure(2, 5) or build is None or vhd is None:
        return plan
    others = [name for name in ("managed-image", "gallery") if section_named(build, name)]
    image = section_named(build, "image")
    from_gallery = image is not None and any(block.type == "shared_image_gallery" for block in image.body.blocks)
    wanted = [output for output in plan.publications if not output.intermediate]
    if others and len(wanted) == 1:
        _say_on_the_way(plan, vhd.path, shaping)
    elif others:
        shaping.say(NOT_TOGETHER, vhd.path, f"{shaping.target} makes a VHD only when it is the only output")
    elif from_gallery and shaping.target.azure is None:
        shaping.say(NOT_TOGETHER, vhd.path, f"{shaping.target} makes no VHD from a gallery's image")
    elif shaping.target.azure is None:
        shaping.say(BLOB_LEFT, vhd.path)
    return plan


def _say_on_the_way(plan: BuildPlan, path: Path, shaping: Shaping) -> None:
    """The template asks for a VHD alone, but an image is made on the way to it."""
    alone = f"{shaping.target} makes a VHD only when it is the only output"
    if plan.stage(StageName.VALIDATE):
        hint = "validate on the build machine (--validate-on build-vm), or use azure plugin 2.5.0 or newer"
        shaping.say(NOT_TOGETHER, path, f"{alone}; validators on a new machine need an image beside it", hint=hint)
    else:
        shaping.say(NOT_TOGETHER, path, f"{alone}; a managed image as the source needs an image beside it")


def vhd_name(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """Before azure plugin 2.5.0 Azure's capture names the VHD `<prefix>-osDisk.<id>.vhd`: the hyphen is its own."""
    build = plan.stage(StageName.BUILD)
    vhd = section_named(build, "vhd")
    if shaping.target.has_azure(2, 5) or build is None or vhd is None:
        return plan
    # A prefix that has to be protected is one with the template's own folder in it.
    in_folder = isinstance(vhd.body.get("capture_name_prefix"), Rendered)
    if in_folder or vhd.body.get("temp_os_disk_name") is not None:
        shaping.say(BLOB_NAME, (*vhd.path, "uri"), f"{shaping.target} cannot choose the name of a VHD")
    rows = {**dict(vhd.body.attributes), "capture_name_prefix": _without_hyphen(vhd.body.get("capture_name_prefix"))}
    rows.pop("temp_os_disk_name", None)
    return with_stage(plan, with_section(build, replace(vhd, body=replace(vhd.body, attributes=attributes(**rows)))))


def _without_hyphen(prefix: Literal) -> Literal:
    return prefix.rstrip("-") if isinstance(prefix, str) else prefix
