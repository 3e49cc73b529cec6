"""Lowering: distributors to what azure-arm publishes, and from what validators boot (lowering.md §1.5, §1.6, §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagesmith.lower import ValidateOn
from imagesmith.lower.vhd import parse_blob_uri
from imagesmith.plan import NeedKind, PublicationKind, StageName, VersionScheme
from tests.lowered import (
    BLOBS,
    CHECK,
    DEFINITION,
    GROUP,
    IMAGE,
    MANAGED,
    SHARED,
    SUBSCRIPTION,
    VHD,
    codes,
    compiled,
    lowered,
    seen,
)  # fmt: skip

GALLERY: Mapping[str, object] = {
    "shared_image_gallery_destination.subscription": SUBSCRIPTION.rpartition("/")[2],
    "shared_image_gallery_destination.resource_group": "contoso-images",
    "shared_image_gallery_destination.gallery_name": "contoso",
    "shared_image_gallery_destination.image_name": "base",
    "shared_image_gallery_destination.image_version": "1.2.3",
}
HERE: Mapping[str, object] = {"shared_image_gallery_destination.target_region.name": "westeurope"}
ACCOUNT: Mapping[str, object] = {
    "storage_account": "contosoimages",
    "resource_group_name": "var.vhd_resource_group_name",
    "capture_container_name": "vhds",
}
FROM_IMAGE: Mapping[str, object] = {"source": {"type": "ManagedImage", "imageId": IMAGE.replace("web", "golden")}}
SHELL: Mapping[str, object] = {"customize": [{"type": "Shell", "inline": ["true"]}]}


@dataclass(frozen=True, kw_only=True)
class Row:
    """Distributors, and a section of what they become."""

    name: str
    item: Mapping[str, object]
    section: str
    options: Mapping[str, object]
    settings: Mapping[str, Any] = field(default_factory=dict)


ROWS = [
    Row(
        name="managed image",
        item=MANAGED,
        section="managed-image",
        options={"managed_image_name": "web", "managed_image_resource_group_name": "contoso-images"},
    ),
    Row(
        name="gallery version",
        item=SHARED,
        section="gallery",
        options={**GALLERY, **HERE},
    ),
    Row(
        name="hidden gallery version",
        item={**SHARED, "excludeFromLatest": True},
        section="gallery",
        options={"shared_gallery_image_version_exclude_from_latest": True, **GALLERY, **HERE},
    ),
    Row(
        name="storage type",
        item={**SHARED, "replicationRegions": ["westeurope"], "storageAccountType": "Standard_ZRS"},
        section="gallery",
        options={**GALLERY, "shared_image_gallery_destination.storage_account_type": "Standard_ZRS", **HERE},
    ),
    Row(
        name="shallow",
        item={**SHARED, "replicationMode": "Shallow"},
        section="gallery",
        options={**GALLERY, "shared_image_gallery_destination.use_shallow_replication": True, **HERE},
    ),
    Row(
        name="one storage type for all regions",
        item={
            **SHARED,
            "targetRegions": [{"name": "West Europe", "replicaCount": 3, "storageAccountType": "Premium_LRS"}],
        },
        section="gallery",
        options={
            **GALLERY,
            "shared_image_gallery_destination.storage_account_type": "Premium_LRS",
            **HERE,
            "shared_image_gallery_destination.target_region.replicas": 3,
        },
    ),
    Row(
        name="version that is found at the run",
        item={**SHARED, "galleryImageId": DEFINITION},
        section="gallery",
        options={
            **GALLERY,
            "shared_image_gallery_destination.image_version": "var.gallery_image_version",
            **HERE,
        },
    ),
    Row(
        name="vhd in a container",
        item=VHD,
        section="vhd",
        options={**ACCOUNT, "capture_name_prefix": "web-"},
    ),
    Row(
        name="vhd in a folder",
        item={**VHD, "uri": f"{BLOBS}/vhds/linux/"},
        section="vhd",
        options={**ACCOUNT, "capture_name_prefix": "linux/web-"},
    ),
    Row(
        name="vhd of a name",
        item={**VHD, "uri": f"{BLOBS}/vhds/base.vhd"},
        section="vhd",
        options={**ACCOUNT, "temp_os_disk_name": "base"},
    ),
    Row(
        name="vhd of a name in folders",
        item={**VHD, "uri": f"{BLOBS}/vhds/linux/new/base.vhd"},
        section="vhd",
        options={**ACCOUNT, "capture_name_prefix": "linux/new/", "temp_os_disk_name": "base"},
    ),
    Row(
        name="vhd where the command line says",
        item={"type": "VHD", "runOutputName": "disk"},
        section="vhd",
        options={**ACCOUNT, "capture_name_prefix": "web-"},
        settings={"vhd_container": f"{BLOBS}/vhds"},
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_distributor_becomes_options(row: Row) -> None:
    """Exactly these, in Packer's newest words."""
    assert lowered({"distribute": [row.item]}, **row.settings).section(row.section) == row.options


def regions(**item: object) -> list[tuple[object, object]]:
    """The regions of a gallery version, with their replica counts."""
    found = lowered({"distribute": [{**SHARED, **item}]})
    (section,) = (one for one in found.stage.sections if one.name == "gallery")
    return [(block.get("name"), block.get("replicas")) for block in section.body.blocks[0].blocks]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, [("westeurope", None)]),
        ({"replicationRegions": ["West Europe"]}, [("westeurope", None)]),
        ({"replicationRegions": ["East US", "westeurope"]}, [("eastus", None), ("westeurope", None)]),
        ({"replicationRegions": ["eastus"]}, [("eastus", None), ("westeurope", None)]),
        ({"replicationRegions": ["westeurope", "West Europe", "westeurope"]}, [("westeurope", None)]),
        (
            {"targetRegions": [{"name": "westeurope", "replicaCount": 2}, {"name": "eastus"}]},
            [("westeurope", 2), ("eastus", None)],
        ),
        ({"targetRegions": [{"name": "eastus", "replicaCount": 5}]}, [("eastus", 5), ("westeurope", None)]),
    ],
    ids=["none", "own", "two", "another", "thrice", "replicas", "another with replicas"],
)
def test_regions_have_the_build_s_among_them_once(
    item: Mapping[str, object], expected: list[tuple[object, object]]
) -> None:
    """With `target_region` Packer does not add it (lowering.md §3 row 23)."""
    assert regions(**item) == expected


@pytest.mark.parametrize(
    ("item", "version", "expected"),
    [
        ({}, "2025-10-01", (VersionScheme.LATEST, None)),
        ({}, "2022-07-01", (VersionScheme.LATEST, None)),
        ({}, "2022-02-14", (VersionScheme.LEGACY, None)),
        ({}, "2019-05-01-preview", (VersionScheme.LEGACY, None)),
        ({"versioning": {"scheme": "Latest"}}, "2024-02-01", (VersionScheme.LATEST, None)),
        ({"versioning": {"scheme": "Latest", "major": 4}}, "2024-02-01", (VersionScheme.LATEST, 4)),
        ({"versioning": {"scheme": "Source"}}, "2024-02-01", (VersionScheme.SOURCE, None)),
    ],
)
def test_version_is_asked_for_as_the_template_says(
    item: Mapping[str, object], version: str, expected: tuple[VersionScheme, int | None]
) -> None:
    """And as its API version did where it says nothing (aib-templates.md §2.8)."""
    properties: dict[str, object] = {
        "distribute": [{**SHARED, "galleryImageId": DEFINITION, "replicationRegions": ["westeurope"], **item}]
    }
    plan = lowered(properties, api_version=version).plan
    assert [(one.scheme, one.major) for one in plan.versions] == [expected]
    assert plan.publications[0].artifact_id == f"{DEFINITION}/versions/{{gallery_image_version}}"


def test_a_version_in_the_template_needs_no_look_up() -> None:
    """It is the version."""
    plan = lowered({"distribute": [SHARED]}).plan
    assert plan.versions == ()
    assert plan.publications[0].artifact_id == f"{DEFINITION}/versions/1.2.3"


def published(properties: Mapping[str, object], **settings: Any) -> list[str]:  # arguments of `compiled`
    """The publications of a plan, in order; those on the way in brackets."""
    plan = lowered(properties, **settings).plan
    return [f"[{one.kind.value}]" if one.intermediate else one.kind.value for one in plan.publications]


ON_THE_WAY = {
    "managed_image_name": "var.intermediate_image_name",
    "managed_image_resource_group_name": "var.vhd_resource_group_name",
}
STAGING: Mapping[str, object] = {"stagingResourceGroup": f"{SUBSCRIPTION}/resourceGroups/staging"}
TEMPORARY = {
    "managed_image_name": "intermediate",
    "managed_image_resource_group_name": "var.temp_resource_group_name",
}


@pytest.mark.parametrize(
    ("properties", "kinds", "managed"),
    [
        ({"distribute": [VHD]}, ["VHD"], {}),
        ({"distribute": [VHD], "validate": CHECK}, ["[ManagedImage]", "VHD"], ON_THE_WAY),
        ({"distribute": [SHARED], "validate": CHECK}, ["SharedImage"], {}),
        ({"distribute": [VHD, SHARED], "validate": CHECK}, ["VHD", "SharedImage"], {}),
        ({**FROM_IMAGE, **SHELL, "distribute": [VHD]}, ["VHD"], TEMPORARY),
        ({**FROM_IMAGE, **SHELL, "distribute": [SHARED]}, ["SharedImage"], TEMPORARY),
        ({**FROM_IMAGE, **SHELL, "distribute": [VHD], "validate": CHECK}, ["[ManagedImage]", "VHD"], ON_THE_WAY),
        (
            {**FROM_IMAGE, **SHELL, **STAGING, "distribute": [SHARED]},
            ["[ManagedImage]", "SharedImage"],
            {**ON_THE_WAY, "managed_image_resource_group_name": "contoso-images"},
        ),
        (
            {**FROM_IMAGE, **SHELL, "distribute": [MANAGED]},
            ["ManagedImage"],
            {"managed_image_name": "web", "managed_image_resource_group_name": "contoso-images"},
        ),
        ({"distribute": [SHARED, VHD, MANAGED]}, ["ManagedImage", "VHD", "SharedImage"], None),
    ],
    ids=[
        "vhd",
        "vhd and validators",
        "gallery and validators",
        "vhd, gallery and validators",
        "vhd from a managed image",
        "gallery from a managed image",
        "vhd from a managed image and validators",
        "gallery from a managed image in a staging group",
        "managed image from one",
        "all in Packer's order",
    ],
)
def test_images_on_the_way(
    properties: Mapping[str, object], kinds: list[str], managed: Mapping[str, object] | None
) -> None:
    """A managed-image source demands a managed image; validators need something that outlives the build."""
    found = lowered(properties)
    assert published(properties) == kinds
    if managed is not None:
        assert found.section("managed-image") == managed


def test_an_image_on_the_way_is_not_needed_on_the_build_machine() -> None:
    """Validators are there before there is an image."""
    properties = {"distribute": [VHD], "validate": CHECK}
    assert published(properties, validate_on=ValidateOn.BUILD_VM) == ["VHD"]


@pytest.mark.parametrize(
    ("properties", "image"),
    [
        ({"distribute": [MANAGED]}, {"custom_managed_image_name": "web",
                                     "custom_managed_image_resource_group_name": "contoso-images"}),
        ({"distribute": [MANAGED, SHARED]}, "gallery"),
        ({"distribute": [SHARED]}, "gallery"),
        ({"distribute": [VHD]}, {"custom_managed_image_name": "var.intermediate_image_name",
                                 "custom_managed_image_resource_group_name": "var.vhd_resource_group_name"}),
    ],
    ids=["managed", "both", "gallery", "vhd"],
)  # fmt: skip
def test_validators_boot_what_was_published(properties: Mapping[str, object], image: object) -> None:
    """And make no image; a managed image as the source demands the name of one (lowering.md §1.5)."""
    found = seen(compiled({**properties, "validate": CHECK}), StageName.VALIDATE)
    if image == "gallery":
        assert found.option("image", "shared_image_gallery.image_version") == "1.2.3"
        assert found.section("nothing") == {"skip_create_image": True}
    else:
        assert found.section("image") == image
        assert found.section("nothing") == {
            "skip_create_image": True,
            "managed_image_name": "never-made",
            "managed_image_resource_group_name": "var.temp_resource_group_name",
        }
    assert {"managed-image", "gallery", "vhd"} & {section.name for section in found.stage.sections} == set()


@pytest.mark.parametrize(("exclude", "where", "hidden"), [
    (False, ValidateOn.NEW_VM, True),
    (True, ValidateOn.NEW_VM, True),
    (False, ValidateOn.BUILD_VM, None),
    (True, ValidateOn.BUILD_VM, True),
])  # fmt: skip
def test_a_version_is_hidden_until_it_is_validated(exclude: bool, where: ValidateOn, hidden: bool | None) -> None:
    """What the template asks for stands in the publication."""
    item = {**SHARED, "excludeFromLatest": exclude}
    found = lowered({"distribute": [item], "validate": CHECK}, validate_on=where)
    assert found.option("gallery", "shared_gallery_image_version_exclude_from_latest") is hidden
    assert found.plan.publications[0].exclude_from_latest is exclude


def test_publications_say_what_will_be_there() -> None:
    """Ids, names of outputs, tags; a VHD's address is known only afterwards."""
    tagged = {**MANAGED, "artifactTags": {"team": "web"}}
    plan = lowered({"distribute": [tagged, SHARED, VHD]}).plan
    assert [(one.kind, one.run_output_name, one.artifact_id, dict(one.artifact_tags)) for one in plan.publications] == [
        (PublicationKind.MANAGED_IMAGE, "image", IMAGE, {"team": "web"}),
        (PublicationKind.VHD, "disk", None, {}),
        (PublicationKind.SHARED_IMAGE, "gallery", f"{DEFINITION}/versions/1.2.3", {}),
    ]


def test_the_group_of_a_storage_account_is_asked_for() -> None:
    """Its address does not say; `plan.json` shows what is known."""
    for options, value in (({}, "storage"), ({"resource_group": "g"}, "g"), ({"vhd_resource_group": "v"}, "v")):
        variables = lowered({"distribute": [VHD]}, **options).stage.variables
        (variable,) = (one for one in variables if one.name == "vhd_resource_group_name")
        assert (variable.required, variable.value) == (True, value)


@pytest.mark.parametrize(
    ("uri", "account", "container", "blob"),
    [
        ("https://contoso.blob.core.windows.net/vhds", "contoso", "vhds", None),
        ("https://contoso.blob.core.windows.net/vhds/", "contoso", "vhds", None),
        ("https://contoso.blob.core.windows.net/vhds/a/b.vhd", "contoso", "vhds", "a/b.vhd"),
        ("https://contoso.blob.core.windows.net/vhds/a/", "contoso", "vhds", "a/"),
        ("https://contoso.z01.blob.storage.azure.net/vhds", "contoso", "vhds", None),
        ("https://contoso.blob.core.chinacloudapi.cn/vhds", "contoso", "vhds", None),
        ("https://contoso.blob.core.usgovcloudapi.net/vhds", "contoso", "vhds", None),
        ("https://CONTOSO.blob.core.windows.net/vhds/a%20b.vhd", "contoso", "vhds", "a b.vhd"),
    ],
)
def test_address_of_a_vhd_taken_apart(uri: str, account: str, container: str, blob: str | None) -> None:
    """Of every cloud, and of accounts in a DNS zone."""
    place = parse_blob_uri(uri)
    assert place is not None
    assert (place.account, place.container, place.blob) == (account, container, blob)


@pytest.mark.parametrize(
    "uri",
    [
        "http://contoso.blob.core.windows.net/vhds",
        "https://contoso.blob.core.windows.net/",
        "https://contoso.file.core.windows.net/vhds",
        "https://user@contoso.blob.core.windows.net/vhds",
        "https://a.b.c.blob.core.windows.net/vhds",
        "vhds",
    ],
)
def test_other_addresses_are_none(uri: str) -> None:
    """The rules have told them by then."""
    assert parse_blob_uri(uri) is None


def test_the_container_that_is_needed_keeps_its_host() -> None:
    """Other clouds have other names."""
    uri = "https://contoso.z01.blob.storage.azure.net/vhds/a.vhd"
    needs = lowered({"distribute": [{**VHD, "uri": uri}]}).plan.needs
    assert [need.id for need in needs if need.kind is NeedKind.STORAGE_CONTAINER] == [
        "https://contoso.z01.blob.storage.azure.net/vhds"
    ]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Distributors with a problem, and some that only nearly have it."""

    code: str
    items: tuple[Mapping[str, object], ...]
    near: tuple[Mapping[str, object], ...]
    properties: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def to(*names: str, **more: object) -> Mapping[str, object]:
    """A gallery version in these regions."""
    return {**SHARED, "targetRegions": [{"name": name, **more} for name in names]}


SECOND: Mapping[str, object] = {**VHD, "runOutputName": "second", "uri": f"{BLOBS}/other"}
BY_REGION: Mapping[str, object] = {
    **SHARED,
    "targetRegions": [{"name": "westeurope", "storageAccountType": "Standard_ZRS"}, {"name": "eastus"}],
}
FAULTS = [
    Fault(code="IMG420", items=(VHD, SECOND), near=(VHD, MANAGED, SHARED)),
    Fault(code="IMG421", items=({**MANAGED, "location": "eastus"},), near=({**MANAGED, "location": "West Europe"},)),
    Fault(code="IMG422", items=(to("eastus"),), near=(to("eastus", "West Europe"),)),
    Fault(code="IMG423", items=(BY_REGION,), near=(to("westeurope", "eastus", storageAccountType="Standard_ZRS"),)),
    Fault(
        code="IMG424",
        items=({**to("eastus"), "replicationMode": "Shallow"},),
        near=({**to("West Europe"), "replicationMode": "Shallow"},),
    ),
    Fault(code="IMG425", items=({"type": "VHD", "runOutputName": "disk"},), near=(VHD,)),
    Fault(code="IMG426", items=({**VHD, "uri": f"{BLOBS}/vhds/web"},), near=({**VHD, "uri": f"{BLOBS}/vhds/web/"},)),
    Fault(
        code="IMG427",
        items=({**VHD, "uri": f"{BLOBS}/vhds/a(b).vhd"},),
        near=({**VHD, "uri": f"{BLOBS}/vhds/(a b)/a-b_c.1.vhd"},),
    ),
    Fault(
        code="IMG427",
        items=({**VHD, "uri": f"{BLOBS}/vhds/{'a' * 81}.vhd"},),
        near=({**VHD, "uri": f"{BLOBS}/vhds/{'a' * 80}.vhd"},),
    ),
    Fault(code="IMG428", items=({**VHD, "artifactTags": {"a": "b"}},), near=({**VHD, "artifactTags": {}},)),
    Fault(
        code="IMG413",
        items=(MANAGED,),
        near=(MANAGED,),
        properties={"validate": {**CHECK, "continueDistributeOnFailure": True}},
        settings={"validate_on": ValidateOn.BUILD_VM},
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.code)
def test_what_one_build_cannot_do_is_told(fault: Fault) -> None:
    """And what it nearly cannot is not."""
    given = {**fault.properties, "distribute": fault.items}
    assert fault.code in codes(compiled(given, **fault.settings))
    assert fault.code not in codes(compiled({**fault.properties, "distribute": fault.near}))


def test_a_spare_group_exists_for_certain() -> None:
    """The one that something is published to; it is among the needs where its id is known."""
    for item, group in ((MANAGED, "contoso-images"), (SHARED, "contoso-images")):
        plan = lowered({"distribute": [item]}).plan
        assert plan.spare_resource_group == group
        assert GROUP in [need.id for need in plan.needs if need.kind is NeedKind.RESOURCE_GROUP]
