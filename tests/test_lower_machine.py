"""Lowering: source, machine, network, place and limits of a template to azure-arm's options (lowering.md §1.1-1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagesmith.plan import NeedKind, OnError, StageName
from tests.lowered import DEFINITION, GROUP, IDENTITY, IMAGE, MANAGED, SUBNET, SUBSCRIPTION, codes, compiled, lowered

COMMUNITY = "/CommunityGalleries/contoso-1234/Images/base/Versions/1.0.0"
DIRECT = "/SharedGalleries/1234-CONTOSO/Images/base/Versions/latest"
LINUX = {"os_type": "Linux"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A piece of a template, and a section of what it becomes."""

    name: str
    properties: Mapping[str, object]
    section: str
    options: Mapping[str, object]
    settings: Mapping[str, Any] = field(default_factory=dict)


def source(**values: object) -> Mapping[str, object]:
    """Properties with this source."""
    return {"source": values}


ROWS = [
    Row(
        name="platform image",
        properties=source(type="PlatformImage", publisher="Canonical", offer="o", sku="s", version="22.04.1"),
        section="image",
        options={"image_publisher": "Canonical", "image_offer": "o", "image_sku": "s", "image_version": "22.04.1"},
    ),
    Row(
        name="platform image without a version",
        properties=source(type="PlatformImage", publisher="Canonical", offer="o", sku="s"),
        section="image",
        options={"image_publisher": "Canonical", "image_offer": "o", "image_sku": "s", "image_version": "latest"},
    ),
    Row(
        name="purchase plan",
        properties=source(
            type="PlatformImage",
            publisher="fabrikam",
            offer="o",
            sku="s",
            planInfo={"planName": "n", "planProduct": "p", "planPublisher": "fabrikam"},
        ),
        section="image",
        options={
            "image_publisher": "fabrikam",
            "image_offer": "o",
            "image_sku": "s",
            "image_version": "latest",
            "plan_info.plan_name": "n",
            "plan_info.plan_product": "p",
            "plan_info.plan_publisher": "fabrikam",
        },
        settings=LINUX,
    ),
    Row(
        name="managed image",
        properties=source(type="ManagedImage", imageId=f"{GROUP}/providers/Microsoft.Compute/images/golden"),
        section="image",
        options={
            "custom_managed_image_name": "golden",
            "custom_managed_image_resource_group_name": "contoso-images",
        },
        settings=LINUX,
    ),
    Row(
        name="gallery version",
        properties=source(type="SharedImageVersion", imageVersionId=f"{DEFINITION}/versions/1.0.0"),
        section="image",
        options={
            "shared_image_gallery.subscription": SUBSCRIPTION.rpartition("/")[2],
            "shared_image_gallery.resource_group": "contoso-images",
            "shared_image_gallery.gallery_name": "contoso",
            "shared_image_gallery.image_name": "base",
            "shared_image_gallery.image_version": "1.0.0",
        },
        settings=LINUX,
    ),
    Row(
        name="newest gallery version",
        properties=source(type="SharedImageVersion", imageVersionId=f"{DEFINITION}/versions/latest"),
        section="image",
        options={
            "shared_image_gallery.subscription": SUBSCRIPTION.rpartition("/")[2],
            "shared_image_gallery.resource_group": "contoso-images",
            "shared_image_gallery.gallery_name": "contoso",
            "shared_image_gallery.image_name": "base",
        },
        settings=LINUX,
    ),
    Row(
        name="community gallery",
        properties=source(type="SharedImageVersion", imageVersionId=COMMUNITY),
        section="image",
        options={"shared_image_gallery.community_gallery_image_id": COMMUNITY},
        settings=LINUX,
    ),
    Row(
        name="direct shared gallery",
        properties=source(type="SharedImageVersion", imageVersionId=DIRECT),
        section="image",
        options={"shared_image_gallery.direct_shared_gallery_image_id": DIRECT},
        settings=LINUX,
    ),
    Row(
        name="a machine that the template says nothing of",
        properties={},
        section="machine",
        options={"os_type": "Linux", "vm_size": "Standard_D2ds_v4", "azure_tags": "var.run_tags"},
    ),
    Row(
        name="size, disks and identities",
        properties={
            "vmProfile": {"vmSize": "Standard_D8s_v3", "osDiskSizeGB": 64, "userAssignedIdentities": [IDENTITY]},
            "additionalDataDisks": [{"sizeGB": 32}, {"sizeGB": 64}],
        },
        section="machine",
        options={
            "os_type": "Linux",
            "vm_size": "Standard_D8s_v3",
            "os_disk_size_gb": 64,
            "disk_additional_size": [32, 64],
            "user_assigned_managed_identities": [IDENTITY],
            "azure_tags": "var.run_tags",
        },
    ),
    Row(
        name="zero stands for what Azure would choose",
        properties={"vmProfile": {"vmSize": "", "osDiskSizeGB": 0}, "additionalDataDisks": []},
        section="machine",
        options={"os_type": "Linux", "vm_size": "Standard_D2ds_v4", "azure_tags": "var.run_tags"},
    ),
    Row(
        name="tags of everything that the build makes",
        properties={"managedResourceTags": {"cost": "42", "odd": "a {{b}} ${c}"}},
        section="machine",
        options={
            "os_type": "Linux",
            "vm_size": "Standard_D2ds_v4",
            "azure_tags": 'merge({\n  cost = "42"\n  odd  = "a {{`{{`}}b}} $${c}"\n}, var.run_tags)',
        },
    ),
    Row(
        name="windows",
        properties={},
        section="connection",
        options={
            "communicator": "winrm",
            "winrm_username": "packer",
            "winrm_port": "var.winrm_port",
            "winrm_use_ssl": True,
            "winrm_insecure": True,
            "winrm_timeout": "10m",
        },
        settings={"windows": True},
    ),
    Row(
        name="linux",
        properties={},
        section="connection",
        options={
            "ssh_username": "packer",
            "ssh_private_key_file": "var.ssh_private_key_file",
            "ssh_port": "var.ssh_port",
            "ssh_timeout": "20m",
        },
    ),
    Row(
        name="an existing subnet",
        properties={"vmProfile": {"vnetConfig": {"subnetId": SUBNET}}},
        section="network",
        options={
            "virtual_network_resource_group_name": "contoso-net",
            "virtual_network_name": "hub",
            "virtual_network_subnet_name": "build",
        },
    ),
    Row(
        name="the network of 2019",
        properties={
            "vmProfile": {"vnetConfig": {"name": "hub", "subnetName": "build", "resourceGroupName": "contoso-net"}}
        },
        section="network",
        options={
            "virtual_network_resource_group_name": "contoso-net",
            "virtual_network_name": "hub",
            "virtual_network_subnet_name": "build",
        },
        settings={"api_version": "2019-05-01-preview"},
    ),
    Row(name="no network", properties={}, section="network", options={}),
    Row(
        name="a place of its own",
        properties={},
        section="place",
        options={"location": "westeurope", "temp_resource_group_name": "var.temp_resource_group_name"},
    ),
    Row(
        name="a staging group that may exist or not",
        properties={"stagingResourceGroup": f"{SUBSCRIPTION}/resourceGroups/staging"},
        section="place",
        options={
            "build_resource_group_name": "var.build_resource_group_name",
            "location": 'var.build_resource_group_name == "" ? "westeurope" : null',
            "temp_resource_group_name": 'var.build_resource_group_name == "" ? "staging" : null',
        },
    ),
    Row(
        name="no limit",
        properties={},
        section="limits",
        options={"polling_duration_timeout": "240m", "shared_image_gallery_timeout": "240m"},
    ),
    Row(
        name="a short limit does not shorten Packer's waiting",
        properties={"buildTimeoutInMinutes": 60},
        section="limits",
        options={"polling_duration_timeout": "240m", "shared_image_gallery_timeout": "240m"},
    ),
    Row(
        name="a long limit",
        properties={"buildTimeoutInMinutes": 900},
        section="limits",
        options={"polling_duration_timeout": "900m", "shared_image_gallery_timeout": "900m"},
    ),
]


def given(row: Row) -> dict[str, Any]:
    """The arguments of a row; the OS type in the form of the options."""
    from imagesmith.model import OsType

    settings = dict(row.settings)
    if "os_type" in settings:
        settings["os_type"] = OsType(settings["os_type"])
    return settings


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_property_becomes_options(row: Row) -> None:
    """Exactly these, in Packer's newest words."""
    assert lowered(row.properties, **given(row)).section(row.section) == row.options


@pytest.mark.parametrize(
    ("spelt", "meant"), [("West Europe", "westeurope"), ("westeurope", "westeurope"), ("EastUS2", "eastus2")]
)
def test_regions_are_written_in_their_short_form(spelt: str, meant: str) -> None:
    """Packer sends them on as they are."""
    found = lowered({"distribute": [{**MANAGED, "location": spelt}]}, envelope={"location": spelt})
    assert found.option("place", "location") == meant
    assert found.plan.location == meant


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 14400), (60, 3600), (960, 57600)])
def test_time_limit_is_the_run_s(minutes: int, seconds: int) -> None:
    """0 is the service's default of four hours."""
    assert lowered({"buildTimeoutInMinutes": minutes}).plan.timeout_s == seconds


@pytest.mark.parametrize("wish", ["cleanup", "abort"])
def test_error_handling_is_each_stage_s_own(wish: str) -> None:
    """Two Packer runs, two flags."""
    other = {"cleanup": "abort", "abort": "cleanup"}[wish]
    check = {"inVMValidations": [{"type": "Shell", "inline": ["true"]}]}
    handling = {"onCustomizerError": wish, "onValidationError": other}
    plan = lowered({"errorHandling": handling, "validate": check}).plan
    assert [(stage.name, stage.on_error) for stage in plan.stages] == [
        (StageName.BUILD, OnError(wish)),
        (StageName.VALIDATE, OnError(other)),
    ]


def test_the_login_is_nothing_but_variables() -> None:
    """The same files for every login; a secret with a template sign arrives as it is."""
    login = lowered().section("login")
    secrets = {"client_secret", "client_jwt", "oidc_request_token"}
    assert {name: value for name, value in login.items() if name not in secrets} == {
        name: f"var.{name}" for name in login if name not in secrets
    }
    for name in secrets:
        assert login[name] == f'var.{name} == null ? null : replace(var.{name}, "{{{{", "{{{{`{{{{`}}}}")'


def test_secrets_are_sensitive_and_everything_of_a_run_has_no_value() -> None:
    """Nothing that differs from run to run stands in the files."""
    variables = {variable.name: variable for variable in lowered().stage.variables}
    assert {name for name, variable in variables.items() if variable.sensitive} == {
        "client_secret", "client_jwt", "oidc_request_token"
    }  # fmt: skip
    assert all(not variable.required for variable in variables.values())
    assert [name for name, variable in variables.items() if variable.default is not None] == [
        "temp_resource_group_name", "run_tags"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("group", "name"),
    [(None, "web"), ("g" * 90, "n" * 64), ("rg.with-(all)_signs", "web"), ("größe", "web"), ("g", "n-" * 30)],
)
def test_temporary_group_has_a_name_that_azure_takes(group: str | None, name: str) -> None:
    """With the 37 characters that a run adds."""
    found = lowered(envelope={"name": name[:64].rstrip("-")}, resource_group=group)
    (variable,) = (one for one in found.stage.variables if one.name == "temp_resource_group_name")
    stem = str(variable.default)
    assert stem.startswith("IT_")
    assert stem.isascii()
    assert len(stem) + 37 <= 90
    assert not stem.endswith(("-", "."))


def test_needs_are_what_the_plan_refers_to() -> None:
    """Each once, with the place that names it."""
    properties = {
        "vmProfile": {"vnetConfig": {"subnetId": SUBNET}, "userAssignedIdentities": [IDENTITY]},
        "stagingResourceGroup": f"{SUBSCRIPTION}/resourceGroups/staging",
    }
    needs = {need.kind: need.id for need in lowered(properties).plan.needs if need.path[-1] != "imageId"}
    assert needs == {
        NeedKind.RESOURCE_GROUP: f"{SUBSCRIPTION}/resourceGroups/staging",
        NeedKind.IDENTITY: IDENTITY,
        NeedKind.SUBNET: SUBNET,
        NeedKind.PLATFORM_IMAGE: "Canonical:ubuntu:server:latest",
    }


OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"


@pytest.mark.parametrize(
    ("properties", "options", "found"),
    [
        ({"vmProfile": {"vnetConfig": {"subnetId": SUBNET.replace(SUBSCRIPTION, OTHER)}}}, {}, True),
        ({"stagingResourceGroup": f"{OTHER}/resourceGroups/staging"}, {}, True),
        ({}, {"subscription_id": OTHER.rpartition("/")[2]}, True),
        ({"distribute": [{**MANAGED, "imageId": IMAGE.replace("000001", "00000A").lower()}],
          "stagingResourceGroup": f"{SUBSCRIPTION.replace('000001', '00000A')}/resourceGroups/staging"}, {}, False),
        ({"source": {"type": "SharedImageVersion",
                     "imageVersionId": DEFINITION.replace(SUBSCRIPTION, OTHER) + "/versions/1.0.0"},
          "customize": [{"type": "Shell", "inline": ["true"]}]}, {}, False),
        ({"distribute": [MANAGED, {"type": "SharedImage", "runOutputName": "g", "galleryImageId":
                                   DEFINITION.replace(SUBSCRIPTION, OTHER) + "/versions/1.0.0"}]}, {}, False),
    ],
    ids=["subnet", "staging group", "option", "another case", "gallery as source", "gallery as target"],
)  # fmt: skip
def test_two_subscriptions_are_told(properties: Mapping[str, object], options: Mapping[str, Any], found: bool) -> None:
    """Only galleries may lie in another one (lowering.md §1.1)."""
    assert ("IMG412" in codes(compiled(properties, **options))) is found


@pytest.mark.parametrize(
    ("properties", "envelope", "code"),
    [
        ({}, {}, None),
        ({}, {"identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}}, "IMG410"),
        ({"autoRun": {"state": "Enabled"}}, {}, "IMG410"),
        ({"autoRun": {"state": "Disabled"}}, {}, None),
        ({"vmProfile": {"vnetConfig": {"subnetId": SUBNET, "proxyVmSize": "Standard_A1_v2"}}}, {}, "IMG410"),
        ({"optimize": {"vmBoot": {"state": "Enabled"}}}, {}, "IMG411"),
        ({"optimize": {"vmBoot": {"state": "Disabled"}}}, {}, None),
    ],
)
def test_what_only_the_service_does_is_said(
    properties: Mapping[str, object], envelope: Mapping[str, object], code: str | None
) -> None:
    """Silence would be a guess."""
    assert codes(compiled(properties, envelope=envelope)) == ([code] if code else [])


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"a": "1"}, None),
        ({"a": "x{{y"}, None),
        ({"a": "e\u0301"}, "IMG400"),
        ({"a": "[x]"}, "IMG406"),
        ({"a": "x[y]"}, None),
    ],
)
def test_text_of_tags_arrives_or_is_refused(tags: Mapping[str, str], code: str | None) -> None:
    """Nothing changes it silently."""
    assert codes(compiled({"managedResourceTags": tags})) == ([code] if code else [])
