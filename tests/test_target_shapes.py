"""Targets: the shapes that older Packers and older azure plugins want, version by version (lowering.md §1, §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from imagesmith.hcl import Block
from imagesmith.lower import STOP_EXIT_CODE, ValidateOn
from imagesmith.pipeline import Compilation
from imagesmith.plan import BuildPlan, OnError, StageName
from imagesmith.targets import NEWEST, OPTIONS, Target, retarget, target_for
from imagesmith.targets.options import FIRST
from imagesmith.versions import Version
from tests.lowered import (
    CHECK,
    DEFINITION,
    IMAGE,
    MANAGED,
    SHARED,
    SUBNET,
    SUBSCRIPTION,
    VHD,
    Seen,
    codes,
    compiled,
    seen,
)  # fmt: skip

UPDATE = Version(0, 18, 4)


def plugin(version: str, packer: str = "1.14.3") -> Target:
    """A Packer of today with an azure plugin of this version."""
    return target_for(Version.parse(packer), Version.parse(version), UPDATE)


OLD = target_for(Version(1, 6, 6))
TARGETS: Mapping[str, Target] = {
    "1.6.6": OLD,
    **{
        text: plugin(text)
        for text in ("1.0.7", "1.0.8", "1.4.0", "2.0.3", "2.1.0", "2.1.4", "2.2.0", "2.4.0", "2.5.0", "2.6.0")
    },
    "newest": NEWEST,
}
NETWORK: Mapping[str, object] = {"vmProfile": {"vnetConfig": {"subnetId": SUBNET}}}
FROM_IMAGE: Mapping[str, object] = {
    "source": {"type": "ManagedImage", "imageId": IMAGE.replace("web", "golden")},
    "customize": [{"type": "Shell", "inline": ["true"]}],
}
FROM_GALLERY: Mapping[str, object] = {
    "source": {"type": "SharedImageVersion", "imageVersionId": f"{DEFINITION}/versions/1.0.0"},
    "customize": [{"type": "Shell", "inline": ["true"]}],
}


def build(properties: Mapping[str, object], target: str, **settings: Any) -> Seen:  # arguments of `compiled`
    """The build stage for a target, in a network of its own."""
    return seen(compiled({**NETWORK, **properties}, target=TARGETS[target], **settings))


def from_version(first: str, values: Mapping[bool, object]) -> list[tuple[str, object]]:
    """Every target with the value that it should have: `True` from that version on."""
    limit = Version.parse(first)
    return [
        (name, values[target.azure is not None and target.azure >= limit]) for name, target in TARGETS.items()
    ]  # fmt: skip


@pytest.mark.parametrize(("target", "known"), from_version("2.1.0", {True: True, False: False}))
def test_regions(target: str, known: bool) -> None:
    """One list and one count before 2.1.0, blocks since."""
    two = {**SHARED, "targetRegions": [{"name": name, "replicaCount": 3} for name in ("westeurope", "eastus")]}
    found = build({"distribute": [MANAGED, two]}, target)
    replicas = "shared_image_gallery_destination.target_region.replicas"
    assert found.section("gallery").get(replicas) == (3 if known else None)
    assert found.option("gallery", "shared_image_gallery_destination.replication_regions") == (
        None if known else ["westeurope", "eastus"]
    )
    assert found.option("gallery", "shared_image_gallery_replica_count") == (None if known else 3)


@pytest.mark.parametrize(("target", "known"), from_version("2.1.0", {True: True, False: False}))
def test_replica_counts_that_differ(target: str, known: bool) -> None:
    """Only by blocks."""
    regions = [{"name": "westeurope", "replicaCount": 2}, {"name": "eastus", "replicaCount": 3}]
    compilation = compiled(
        {**NETWORK, "distribute": [MANAGED, {**SHARED, "targetRegions": regions}]}, target=TARGETS[target]
    )
    assert ("IMG456" in codes(compilation)) is not known


@pytest.mark.parametrize(
    ("target", "windows", "found"), [("1.6.6", True, True), ("1.6.6", False, False), ("newest", True, False)]
)
def test_a_path_beyond_ascii(target: str, windows: bool, found: bool) -> None:
    """Only WinRM, and only that of Packer 1.6."""
    step = {"type": "File", "sourceUri": "a.txt", "destination": "C:/Größe/a.txt" if windows else "/tmp/größe.txt"}
    compilation = compiled({**NETWORK, "customize": [step]}, windows=windows, target=TARGETS[target])
    assert ("IMG462" in codes(compilation)) is found


@pytest.mark.parametrize(("count", "found"), [(10, False), (11, True)])
def test_the_oldest_packer_cuts_replica_counts(count: int, found: bool) -> None:
    """To 10, silently (lowering.md §3 row 32)."""
    regions = [{"name": "westeurope", "replicaCount": count}]
    compilation = compiled({**NETWORK, "distribute": [MANAGED, {**SHARED, "targetRegions": regions}]}, target=OLD)
    assert ("IMG456" in codes(compilation)) is found


@pytest.mark.parametrize(
    ("version", "sku", "warned"),
    [
        ("2.1.3", None, True),
        ("2.1.4", "Standard", False),
        ("2.1.9", "Standard", False),
        ("2.2.0", None, False),
    ],
)
def test_public_address(version: str, sku: str | None, warned: bool) -> None:
    """Basic, which Azure no longer gives; then Standard on request; then Standard."""
    found = seen(compiled(target=plugin(version)))
    assert found.option("machine", "public_ip_sku") == sku
    assert ("IMG452" in found.codes) is found.plan.needs_basic_public_ip is warned


@pytest.mark.parametrize("target", TARGETS)
def test_with_a_network_there_is_no_public_address(target: str) -> None:
    """Nor a word about one."""
    found = build({}, target)
    assert found.option("machine", "public_ip_sku") is None
    assert "IMG452" not in found.codes
    assert not found.plan.needs_basic_public_ip


@pytest.mark.parametrize("target", TARGETS)
def test_a_gallery_version_alone(target: str) -> None:
    """The oldest makes it from a managed image only, which is then on the way."""
    found = build({"distribute": [SHARED]}, target)
    kinds = [(one.kind.value, one.intermediate) for one in found.plan.publications]
    if target != "1.6.6":
        assert kinds == [("SharedImage", False)]
        assert found.section("managed-image") == {}
        return
    assert kinds == [("SharedImage", False), ("ManagedImage", True)]
    assert found.section("managed-image") == {
        "managed_image_name": "var.intermediate_image_name",
        "managed_image_resource_group_name": "contoso-images",
    }
    assert [section.name for section in found.stage.sections][-3:] == ["managed-image", "gallery", "limits"]
    (variable,) = (one for one in found.stage.variables if one.name == "intermediate_image_name")
    assert variable.required


@pytest.mark.parametrize(("target", "temporary"), from_version("2.6.0", {True: True, False: False}))
def test_a_managed_image_as_the_source(target: str, temporary: bool) -> None:
    """Demands a managed image: in the temporary group since 2.6.0, in one that stays before."""
    found = build({**FROM_IMAGE, "distribute": [SHARED]}, target)
    group = "var.temp_resource_group_name" if temporary else "contoso-images"
    assert found.option("managed-image", "managed_image_resource_group_name") == group
    assert any(one.intermediate for one in found.plan.publications) is not temporary
    assert len([section for section in found.stage.sections if section.name == "managed-image"]) == 1


@pytest.mark.parametrize("target", TARGETS)
def test_a_stage_that_makes_no_image(target: str) -> None:
    """By option since 1.0.8, with an output named all the same before 2.6.0; before, by an agreed exit code."""
    compilation = compiled({**NETWORK, "validate": CHECK, "distribute": [SHARED]}, target=TARGETS[target])
    found = seen(compilation, StageName.VALIDATE)
    named = {"managed_image_name": "never-made", "managed_image_resource_group_name": "contoso-images"}
    version = TARGETS[target].azure
    if version is None or version < Version(1, 0, 8):
        assert found.section("nothing") == named
        assert found.stage.stop_exit_code == STOP_EXIT_CODE
        assert found.stage.steps[-1].id == "stop"
    else:
        skip = {"skip_create_image": True}
        assert found.section("nothing") == (skip if version >= Version(2, 6) else {**named, **skip})
        assert found.stage.stop_exit_code is None
        assert [step.id for step in found.stage.steps] == ["validate[0]"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("distribute", [[VHD], [MANAGED], [SHARED]], ids=["vhd", "managed", "gallery"])
@pytest.mark.parametrize("source", [{}, FROM_IMAGE, FROM_GALLERY], ids=["platform", "managed", "gallery"])
def test_every_variable_that_is_read_is_declared(
    target: str, distribute: list[Mapping[str, object]], source: Mapping[str, object]
) -> None:
    """And every one that is declared is read: also where the source alone is validated."""
    for validate in ({}, {"validate": CHECK}, {"validate": {**CHECK, "sourceValidationOnly": True}}):
        compilation = compiled({**NETWORK, **source, **validate, "distribute": distribute}, target=TARGETS[target])
        for name, content in compilation.files.items():
            if name.endswith(".hcl"):
                _variables_match(content.decode())


def _variables_match(text: str) -> None:
    import re

    assert set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE)) == set(re.findall(r"\bvar\.(\w+)", text))


@pytest.mark.parametrize("windows", [False, True])
def test_the_step_that_stops_is_for_the_machine_s_system(windows: bool) -> None:
    """With the code that the supervisor reads as success."""
    validator = {"type": "PowerShell" if windows else "Shell", "inline": ["a"]}
    properties = {**NETWORK, "validate": {"inVMValidations": [validator]}}
    compilation = compiled(properties, windows=windows, target=OLD)
    name = f"validate/scripts/01-stop.{'ps1' if windows else 'sh'}"
    assert compilation.files[name].decode().rstrip().endswith(f"exit {STOP_EXIT_CODE}")


@pytest.mark.parametrize("target", TARGETS)
def test_a_validation_machine_is_kept_where_that_can_be(target: str) -> None:
    """A Packer that ends every stage by failing would keep the machine of every success."""
    properties = {**NETWORK, "validate": CHECK, "errorHandling": {"onValidationError": "abort"}}
    found = seen(compiled(properties, target=TARGETS[target]), StageName.VALIDATE)
    stops = target in ("1.6.6", "1.0.7")
    assert found.stage.on_error is (OnError.CLEANUP if stops else OnError.ABORT)
    assert ("IMG459" in found.codes) is stops


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a target cannot say, and what it nearly cannot."""

    code: str
    target: str
    properties: Mapping[str, object]
    near: Mapping[str, object]
    settings: Mapping[str, Any] = field(default_factory=dict)


def source(id_: str) -> Mapping[str, object]:
    """Properties with a gallery version as the source."""
    return {**FROM_GALLERY, "source": {"type": "SharedImageVersion", "imageVersionId": id_}}


COMMUNITY = source("/CommunityGalleries/contoso-1234/Images/base/Versions/1.0.0")
DIRECT = source("/SharedGalleries/1234-CONTOSO/Images/base/Versions/1.0.0")
SHALLOW: Mapping[str, object] = {"distribute": [MANAGED, {**SHARED, "replicationMode": "Shallow"}]}
ZRS: Mapping[str, object] = {
    "distribute": [
        MANAGED, {**SHARED, "replicationRegions": ["westeurope"], "storageAccountType": "Standard_ZRS"}
    ]
}  # fmt: skip
NAMED: Mapping[str, object] = {"distribute": [{**VHD, "uri": f"{VHD['uri']}/base.vhd"}]}
FOLDER: Mapping[str, object] = {"distribute": [{**VHD, "uri": f"{VHD['uri']}/linux/"}]}


def tags(number: int) -> Mapping[str, object]:
    """Properties with so many tags."""
    return {"managedResourceTags": {f"t{index}": "x" for index in range(number)}}


PLAN = {"planName": "n", "planProduct": "p", "planPublisher": "fabrikam"}
BOUGHT = {"source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "o", "sku": "s", "planInfo": PLAN}}
FAULTS = [
    Fault(code="IMG450", target="1.0.8", properties=COMMUNITY, near=FROM_GALLERY),
    Fault(code="IMG450", target="1.6.6", properties=DIRECT, near=FROM_GALLERY),
    Fault(code="IMG450", target="1.4.0", properties=SHALLOW, near=ZRS),
    Fault(code="IMG450", target="1.6.6", properties=ZRS, near={"distribute": [MANAGED, SHARED]}),
    Fault(code="IMG453", target="2.4.0", properties={"distribute": [VHD, MANAGED]}, near={"distribute": [VHD]}),
    Fault(code="IMG453", target="1.6.6", properties={"distribute": [VHD, SHARED]}, near={"distribute": [VHD]}),
    Fault(
        code="IMG453",
        target="1.6.6",
        properties={**FROM_GALLERY, "distribute": [VHD]},
        near={**FROM_GALLERY, "distribute": [MANAGED]},
    ),
    Fault(
        code="IMG453",
        target="2.4.0",
        properties={**FROM_IMAGE, "distribute": [VHD]},
        near={**FROM_GALLERY, "distribute": [VHD]},
    ),
    Fault(code="IMG453", target="2.4.0", properties={"distribute": [VHD], "validate": CHECK}, near=FOLDER),
    Fault(code="IMG454", target="1.6.6", properties=tags(14), near=tags(13)),
    Fault(code="IMG454", target="newest", properties=tags(49), near=tags(48)),
    Fault(code="IMG454", target="1.6.6", properties={**BOUGHT, **tags(10)}, near={**BOUGHT, **tags(9)}),
    Fault(
        code="IMG457",
        target="1.6.6",
        properties={"stagingResourceGroup": f"{SUBSCRIPTION}/resourceGroups/staging"},
        near={},
    ),
    Fault(code="IMG458", target="2.4.0", properties=NAMED, near={"distribute": [VHD]}),
    Fault(code="IMG458", target="1.6.6", properties=FOLDER, near={"distribute": [VHD]}),
    Fault(
        code="IMG460",
        target="2.5.0",
        properties={"distribute": [], "validate": {**CHECK, "sourceValidationOnly": True}},
        near={"distribute": [MANAGED], "validate": {**CHECK, "sourceValidationOnly": True}},
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.code} {fault.target}")
def test_what_a_target_cannot_say_is_told(fault: Fault) -> None:
    """For that target; a newer one can, a near miss is left alone."""
    target = TARGETS[fault.target]
    assert fault.code in codes(compiled({**NETWORK, **fault.properties}, target=target))
    assert fault.code not in codes(compiled({**NETWORK, **fault.near}, target=target))
    if fault.target != "newest":
        assert fault.code not in codes(compiled({**NETWORK, **fault.properties}))


def test_an_unknown_option_is_named_with_the_version_that_brings_it() -> None:
    """And with the Packer that has none."""
    (found,) = (one for one in compiled({**NETWORK, **SHALLOW}, target=TARGETS["1.4.0"]).diagnostics if one.is_error)
    assert found.message == (
        "Packer 1.14.3 with azure plugin 1.4.0 has no option"
        " 'shared_image_gallery_destination.use_shallow_replication'; azure plugin 2.0.1 brings it"
    )
    assert found.path[:3] == ("properties", "distribute", 1)


@pytest.mark.parametrize(
    ("packer", "update", "found"),
    [
        ("1.6.6", None, True),
        ("1.6.6", "0.10.1", False),
        ("1.6.6", "0.11.0", True),
        ("1.16.0", None, True),
        ("1.16.0", "0.18.4", False),
        ("1.16.0", "0.10.0", False),
    ],
)
def test_the_plugin_for_windows_update(packer: str, update: str | None, found: bool) -> None:
    """Packer 1.6 loads no version after 0.10.1 (lowering.md §4.4)."""
    target = target_for(Version.parse(packer), Version(2, 6, 3), Version.parse(update) if update else None)
    properties = {**NETWORK, "customize": [{"type": "WindowsUpdate"}]}
    assert ("IMG455" in codes(compiled(properties, windows=True, target=target))) is found


def test_packers_before_hcl_are_too_old() -> None:
    """1.6 was the first that read it."""
    assert "IMG451" in codes(compiled(NETWORK, target=target_for(Version(1, 5, 9))))
    assert "IMG451" not in codes(compiled(NETWORK, target=target_for(Version(1, 6, 0))))


@pytest.mark.parametrize("target", TARGETS)
def test_quiet_options_are_left_out_without_a_word(target: str) -> None:
    """They are null unless a login asks for them; their variables go with them."""
    found = build({}, target)
    version = TARGETS[target].azure
    known = version is not None and version >= Version(2, 1, 5)
    assert ("oidc_request_url" in found.section("login")) is known
    assert ("oidc_request_url" in {one.name for one in found.stage.variables}) is known
    assert found.codes == []


def settings(compilation: Compilation, stage: StageName = StageName.BUILD) -> Mapping[str, object] | None:
    """The plugins that a stage requires."""
    block: Block | None = seen(compilation, stage).stage.settings
    return dict(block.blocks[0].attributes) if block else None


def test_plugins_are_required_from_1_7_on_in_the_version_at_hand() -> None:
    """Exactly, and only those that the stage uses."""
    azure = {"source": "github.com/hashicorp/azure", "version": "= 2.6.3"}
    update = {"source": "github.com/rgl/windows-update", "version": "= 0.18.4"}
    steps = {
        "customize": [{"type": "WindowsUpdate"}],
        "validate": {"inVMValidations": [{"type": "PowerShell", "inline": ["a"]}]},
    }
    compilation = compiled(steps, windows=True)
    assert settings(compilation) == {"azure": azure, "windows-update": update}
    assert settings(compilation, StageName.VALIDATE) == {"azure": azure}
    assert settings(compiled(NETWORK, target=OLD)) is None
    assert settings(compiled(target=target_for(Version(1, 7, 0), Version(2, 6, 3)))) == {"azure": azure}


def test_a_target_from_versions() -> None:
    """The plugin's version counts from 1.7 on; where it is not given, the newest is taken, or what was bundled."""
    assert target_for(Version(1, 6, 6), Version(2, 6, 3)) == Target(
        packer=Version(1, 6, 6), azure=None, windows_update=None
    )
    assert target_for(Version(1, 16, 0)).azure == NEWEST.azure
    assert target_for(Version(1, 9, 5)).azure == Version(1, 4, 0)
    assert target_for(Version(1, 9, 5), Version(2, 0, 0)).azure == Version(2, 0, 0)
    assert str(OLD) == "Packer 1.6.6 with its built-in azure-arm"
    assert str(NEWEST) == "Packer 1.16.0 with azure plugin 2.6.3"


def test_prereleases_of_a_plugin_stand_before_their_release() -> None:
    """They may not have what the release has."""
    assert not plugin("2.6.0-dev").has_azure(2, 6)
    assert plugin("2.6.1-dev").has_azure(2, 6)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"{option.component} {option.name}")
def test_options_are_known_from_their_version_on(option: Any) -> None:  # an Option
    """In the table's own words."""
    assert NEWEST.knows(option)
    if option.component == "azure-arm":
        assert OLD.knows(option) is option.old
        if option.azure != FIRST:
            before = replace(option.azure, prerelease="dev")
            assert not replace(NEWEST, azure=before).knows(option)
            assert replace(NEWEST, azure=option.azure).knows(option)


RICH: Mapping[str, object] = {
    **NETWORK, **tags(2), "validate": CHECK, "distribute": [MANAGED, SHARED, VHD],
    "customize": [{"type": "Shell", "name": "a", "inline": ["true"]}],
}  # fmt: skip


def test_the_newest_target_changes_nothing_but_settings() -> None:
    """Lowering speaks its words."""
    from imagesmith.lower import LowerOptions, lower
    from imagesmith.model import OsType

    template = compiled(RICH).template
    assert template is not None
    plan = lower(template, LowerOptions(os_type=OsType.LINUX, name="web")).plan

    def bare(plan: BuildPlan) -> BuildPlan:
        return replace(plan, stages=tuple(replace(stage, settings=None, variables=()) for stage in plan.stages))

    assert bare(retarget(plan, NEWEST).plan) == bare(plan)


@pytest.mark.parametrize("target", ["1.6.6", "1.0.8", "2.4.0", "2.6.0", "newest"])
def test_the_same_target_gives_the_same_plan(target: str) -> None:
    """Whatever the order of dictionaries and sets."""
    properties = {**RICH, "distribute": [MANAGED, SHARED]}
    assert compiled(properties, target=TARGETS[target]).files == compiled(properties, target=TARGETS[target]).files


def test_validators_on_the_build_machine_need_nothing_of_the_kind() -> None:
    """No stage, no stop, no image on the way."""
    found = build({"validate": CHECK, "distribute": [VHD]}, "1.6.6", validate_on=ValidateOn.BUILD_VM)
    assert [stage.name for stage in found.plan.stages] == [StageName.BUILD]
    assert [one.kind.value for one in found.plan.publications] == ["VHD"]
