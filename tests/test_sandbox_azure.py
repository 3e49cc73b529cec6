"""The sandbox's Azure, spoken to by the real Azure SDKs for Python through its proxy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient

from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.options import SUBSCRIPTION_ID, SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.world import World

IMAGES = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/images"
DEFINITION = f"{IMAGES}/providers/Microsoft.Compute/galleries/gal/images/def"
SOURCE = f"{IMAGES}/providers/Microsoft.Compute/images/base"
SUBNET = f"{IMAGES}/providers/Microsoft.Network/virtualNetworks/net/subnets/build"
MARKET = "/providers/Microsoft.Compute/locations/westeurope/publishers/Canonical/artifactTypes/vmImage/offers/o/skus/s"
NEEDS = (
    Need(kind=NeedKind.GALLERY_IMAGE, id=DEFINITION, path=()),
    Need(kind=NeedKind.MANAGED_IMAGE, id=SOURCE, path=()),
    Need(kind=NeedKind.SUBNET, id=SUBNET, path=()),
    Need(kind=NeedKind.IDENTITY, id=f"{IMAGES}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me", path=()),
    Need(kind=NeedKind.PLATFORM_IMAGE, id="Canonical:o:s:22.4.1", path=()),
    Need(kind=NeedKind.STORAGE_CONTAINER, id="https://vhds.blob.core.windows.net/images", path=()),
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    options = SandboxOptions(state=tmp_path / "state", run_id="sdk", steps="record")
    with Sandbox(options, environment={"PATH": "/usr/bin", "AZURE_CLIENT_SECRET": "the user's"}) as started:
        started.seed(NEEDS, os_type="Linux")
        yield started


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return sandbox.world


Compute: TypeAlias = Any
"""A `ComputeManagementClient`: it takes JSON bodies as well, of which its annotations do not know."""


@pytest.fixture
def compute(world: World) -> Compute:
    assert world.credential is not None
    options: dict[str, Any] = dict(world.sdk_options)  # what clients take besides is untyped
    return ComputeManagementClient(world.credential, world.subscription_id, **options)


def arm(world: World, method: str, path: str, **arguments: Any) -> requests.Response:  # requests' own arguments
    """One call of the control plane, as any HTTP client makes it."""
    session = requests.Session()
    session.trust_env = False
    proxy = world.environment["HTTPS_PROXY"]
    return session.request(
        method,
        f"https://management.azure.com{path}",
        params={"api-version": "2022-09-01"},
        proxies={"https": proxy, "http": proxy},
        verify=world.environment["SSL_CERT_FILE"],
        headers={"Authorization": "Bearer x"},
        **{"timeout": 30, **arguments},
    )


def test_the_real_credential_gets_a_token(world: World) -> None:
    assert world.credential is not None
    token = world.credential.get_token("https://management.azure.com/.default")
    assert token.token.count(".") == 2
    assert token.expires_on > time.time() + 3600


def test_the_world_has_nothing_of_the_users_login(world: World) -> None:
    assert not [name for name in world.environment if name.startswith(("AZURE_", "ARM_", "NO_PROXY"))]
    assert world.environment["PATH"] == "/usr/bin"
    assert world.gives_basic_public_ips
    assert world.records_steps
    assert world.secrets == (world.variables["client_secret"],)
    assert world.secrets[0] not in repr(world)


def test_images_are_made_listed_changed_and_deleted(compute: Compute) -> None:
    assert [image.name for image in compute.images.list_by_resource_group("images")] == ["base"]
    disk = {
        "os_type": "Linux",
        "os_state": "Generalized",
        "blob_uri": "https://vhds.blob.core.windows.net/images/x.vhd",
    }
    made = compute.images.begin_create_or_update(
        "images", "Web", {"location": "westeurope", "properties": {"storageProfile": {"osDisk": disk}}}
    ).result()
    assert made.provisioning_state == "Succeeded"
    assert compute.images.get("IMAGES", "web").id == f"{IMAGES}/providers/Microsoft.Compute/images/Web"
    changed = compute.images.begin_update("images", "web", {"tags": {"run": "1"}}).result()
    assert changed.tags == {"run": "1"}
    compute.images.begin_delete("images", "web").result()
    with pytest.raises(ResourceNotFoundError, match="images/web"):
        compute.images.get("images", "web")


def version_body(*, source: str = SOURCE) -> dict[str, Any]:  # a request's JSON
    regions = [{"name": "West Europe"}, {"name": "North Europe", "regionalReplicaCount": 2}]
    return {
        "location": "westeurope",
        "properties": {
            "storageProfile": {"source": {"id": source}},
            "publishingProfile": {"targetRegions": regions, "excludeFromLatest": True},
        },
    }


def test_gallery_versions_are_made_replicated_promoted_and_deleted(compute: Compute) -> None:
    versions = compute.gallery_image_versions
    made = versions.begin_create_or_update("images", "gal", "def", "1.0.0", version_body()).result()
    assert made.publishing_profile is not None
    assert made.publishing_profile.exclude_from_latest is True

    shown = versions.get("images", "gal", "def", "1.0.0", expand="ReplicationStatus")
    assert shown.replication_status is not None
    assert shown.replication_status.aggregated_state == "Completed"
    assert [state.region for state in shown.replication_status.summary or []] == ["West Europe", "North Europe"]
    assert versions.get("images", "gal", "def", "1.0.0").replication_status is None

    promoted = versions.begin_update(
        "images",
        "gal",
        "def",
        "1.0.0",
        {"tags": {"a": "b"}, "properties": {"publishingProfile": {"excludeFromLatest": False}}},
    ).result()
    assert promoted.tags == {"a": "b"}
    assert promoted.publishing_profile is not None
    assert promoted.publishing_profile.exclude_from_latest is False
    assert len(promoted.publishing_profile.target_regions or []) == 2

    copy = versions.begin_create_or_update(
        "images", "gal", "def", "1.0.1", version_body(source=f"{DEFINITION}/versions/1.0.0")
    ).result()
    assert copy.provisioning_state == "Succeeded"
    assert [found.name for found in versions.list_by_gallery_image("images", "gal", "def")] == ["1.0.0", "1.0.1"]
    versions.begin_delete("images", "gal", "def", "1.0.0").result()
    assert [found.name for found in versions.list_by_gallery_image("images", "gal", "def")] == ["1.0.1"]


@pytest.mark.parametrize(
    ("gallery", "version", "source", "expected"),
    [
        ("gal", "latest", SOURCE, "Major"),
        ("gal", "1.0.4294967296", SOURCE, "Major"),
        ("gal", "1.0.0", f"{IMAGES}/providers/Microsoft.Compute/images/none", "was not found"),
        ("other", "1.0.0", SOURCE, "ParentResourceNotFound"),
    ],
)
def test_versions_that_azure_would_refuse(
    compute: Compute, gallery: str, version: str, source: str, expected: str
) -> None:
    with pytest.raises(HttpResponseError, match=expected):
        compute.gallery_image_versions.begin_create_or_update(
            "images", gallery, "def", version, version_body(source=source)
        )
    assert list(compute.gallery_image_versions.list_by_gallery_image("images", "gal", "def")) == []


def test_definitions_say_what_they_hold(compute: Compute) -> None:
    definition = compute.gallery_images.get("images", "gal", "def")
    assert (definition.os_type, definition.os_state) == ("Linux", "Generalized")
    with pytest.raises(HttpResponseError, match="identifier"):
        compute.gallery_images.begin_create_or_update(
            "images",
            "gal",
            "x",
            {"location": "westeurope", "properties": {"osType": "Linux", "osState": "Generalized"}},
        )


def test_the_marketplace_knows_the_plans_version(compute: Compute) -> None:
    listed = compute.virtual_machine_images.list("westeurope", "canonical", "O", "s")
    assert [entry.name for entry in listed] == ["22.4.1"]
    assert compute.virtual_machine_images.get("westeurope", "Canonical", "o", "s", "22.4.1").hyper_v_generation == "V2"
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machine_images.get("westeurope", "Canonical", "o", "s", "0.0.1")
    assert [entry.name for entry in compute.virtual_machine_images.list("westeurope", "any", "any", "any")] == ["1.0.0"]


def test_what_the_plan_refers_to_is_there(world: World) -> None:
    assert arm(world, "GET", SUBNET).json()["name"] == "build"
    network = arm(world, "GET", SUBNET.rpartition("/subnets/")[0]).json()
    assert [subnet["name"] for subnet in network["properties"]["subnets"]] == ["build"]
    account = arm(world, "GET", f"{IMAGES}/providers/Microsoft.Storage/storageAccounts/vhds").json()
    assert account["properties"]["primaryEndpoints"]["blob"] == "https://vhds.blob.core.windows.net/"


def test_a_strict_sandbox_has_nothing_by_itself(tmp_path: Path) -> None:
    options = SandboxOptions(state=tmp_path / "strict", run_id="strict", steps="record", strict=True)
    with Sandbox(options, environment={}) as sandbox:
        sandbox.seed(NEEDS, os_type="Linux")
        assert arm(sandbox.world, "GET", IMAGES).json()["error"]["code"] == "ResourceGroupNotFound"
        assert arm(sandbox.world, "GET", f"/subscriptions/{SUBSCRIPTION_ID}{MARKET}/versions").status_code == 404


def test_unknown_routes_are_answered_as_azure_does_and_recorded(sandbox: Sandbox, world: World) -> None:
    answer = arm(world, "PUT", f"{IMAGES}/providers/Microsoft.Web/sites/x", json={"location": "westeurope"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "InvalidResourceType"
    assert "'sites' could not be found in the namespace 'Microsoft.Web' for api version '2022-09-01'" in answer.text
    assert [(seen.method, seen.path, seen.api_version) for seen in sandbox.unknown] == [
        ("PUT", f"{IMAGES}/providers/Microsoft.Web/sites/x", "2022-09-01")
    ]


def test_requests_are_recorded_with_their_answers(sandbox: Sandbox, world: World) -> None:
    arm(world, "GET", IMAGES.lower())
    seen = sandbox.requests[-1]
    assert (seen.method, seen.host, seen.status) == ("GET", "management.azure.com", 200)
    assert seen.path == IMAGES.lower()


def test_a_subscription_tells_its_tenant_to_whom_has_no_token(world: World) -> None:
    proxy = world.environment["HTTPS_PROXY"]
    session = requests.Session()
    session.trust_env = False
    answer = session.get(
        f"https://management.azure.com/subscriptions/{SUBSCRIPTION_ID}?api-version=2022-12-01",
        proxies={"https": proxy},
        verify=world.environment["SSL_CERT_FILE"],
        timeout=30,
    )
    assert answer.status_code == 401
    assert f"https://login.microsoftonline.com/{world.tenant_id}" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("url", ["https://example.com/", "http://example.com/", "https://management.azure.com:8443/"])
def test_other_hosts_are_refused_and_recorded(sandbox: Sandbox, world: World, url: str) -> None:
    proxy = world.environment["HTTPS_PROXY"]
    session = requests.Session()
    session.trust_env = False
    proxies = {"https": proxy, "http": proxy}
    if url.startswith("http://"):
        answer = session.get(url, proxies=proxies, timeout=30)
        assert answer.status_code == 502
        assert "not one of Azure's names" in answer.text
    else:
        with pytest.raises(requests.exceptions.ProxyError, match="502"):
            session.get(url, proxies=proxies, timeout=30)
    assert len(sandbox.refused) == 1
    assert url.removeprefix("https://").removeprefix("http://").split("/")[0].split(":")[0] in sandbox.refused[0]


def deployment(**resource: Any) -> dict[str, Any]:  # a request's JSON
    template = {
        "$schema": "http://schema.management.azure.com/schemas/2014-04-01-preview/deploymentTemplate.json",
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}},
        "resources": [
            {
                "apiVersion": "2023-04-01",
                "type": "Microsoft.Network/networkInterfaces",
                "name": "[concat(parameters('name'), '-nic')]",
                "location": "[resourceGroup().location]",
                "dependsOn": ["[resourceId('Microsoft.Network/publicIPAddresses', parameters('name'))]"],
                "properties": {"ipConfigurations": [{"name": "ipconfig"}]},
            },
            {
                "apiVersion": "2023-04-01",
                "type": "Microsoft.Network/publicIPAddresses",
                "name": "[parameters('name')]",
                "location": "[resourceGroup().location]",
            },
            {
                "apiVersion": "2023-04-01",
                "type": "Microsoft.Compute/disks",
                "name": "never",
                "condition": "[empty(parameters('name'))]",
            },
            *([resource] if resource else []),
        ],
    }
    return {"properties": {"mode": "Incremental", "template": template, "parameters": {"name": {"value": "web"}}}}


def test_a_deployment_makes_what_its_template_says(world: World) -> None:
    place = f"{IMAGES}/providers/Microsoft.Resources/deployments/d"
    assert arm(world, "POST", place + "/validate", json=deployment()).status_code == 200
    assert arm(world, "GET", place).status_code == 404
    made = arm(world, "PUT", place, json=deployment())
    assert made.json()["properties"]["provisioningState"] == "Succeeded"
    listed = arm(world, "GET", f"{IMAGES}/deployments/d/operations").json()["value"]
    targets = [entry["properties"]["targetResource"] for entry in listed]
    assert [(target["resourceType"], target["resourceName"]) for target in targets] == [
        ("Microsoft.Network/networkInterfaces", "web-nic"),
        ("Microsoft.Network/publicIPAddresses", "web"),
    ]
    address = arm(world, "GET", f"{IMAGES}/providers/Microsoft.Network/publicIPAddresses/web").json()
    assert address["properties"]["ipAddress"] == "127.0.0.1"
    nic = arm(world, "GET", f"{IMAGES}/providers/Microsoft.Network/networkInterfaces/web-nic").json()
    assert nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == "127.0.0.1"

    deleted = arm(world, "DELETE", place)
    assert deleted.status_code == 202
    ended = arm(
        world, "GET", deleted.headers["Location"].removeprefix("https://management.azure.com").partition("?")[0]
    )
    assert ended.status_code == 204
    assert arm(world, "GET", place).status_code == 404


@pytest.mark.parametrize(
    ("place", "properties"),
    [
        (f"{IMAGES}/providers/Microsoft.Network/networkInterfaces/nic", {"ipConfigurations": [{"no name": 1}]}),
        (f"{DEFINITION}/versions/1.0.0", {"publishingProfile": 5, "storageProfile": {"source": {"id": SOURCE}}}),
    ],
    ids=["a nameless part", "a number for an object"],
)
def test_what_the_sandbox_cannot_digest_is_told_and_not_worth_a_retry(
    sandbox: Sandbox, world: World, place: str, properties: dict[str, Any]
) -> None:
    answer = arm(world, "PUT", place, json={"location": "westeurope", "properties": properties})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "SandboxFailure"
    assert [failure.diagnostic.code for failure in sandbox.failures] == ["IMG908"]
    assert f"PUT {place}" in sandbox.failures[0].diagnostic.message
    assert arm(world, "GET", place).status_code == 404


def test_a_template_that_cannot_be_evaluated_is_refused(world: World) -> None:
    body = deployment(apiVersion="1", type="Microsoft.Compute/disks", name="[parameters('missing')]")
    answer = arm(world, "PUT", f"{IMAGES}/providers/Microsoft.Resources/deployments/d", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidTemplate"
    assert "missing" in answer.text


def test_an_image_needs_a_generalized_machine(world: World) -> None:
    body = {"location": "westeurope", "properties": {"sourceVirtualMachine": {"id": f"{IMAGES}/providers/x/y/z"}}}
    answer = arm(world, "PUT", f"{IMAGES}/providers/Microsoft.Compute/images/web", json=body)
    assert answer.status_code == 404
    assert arm(world, "GET", f"{IMAGES}/providers/Microsoft.Compute/images/web").status_code == 404


def test_a_group_goes_with_everything_in_it(world: World) -> None:
    assert arm(world, "HEAD", IMAGES).status_code == 204
    assert arm(world, "DELETE", IMAGES).status_code == 202
    assert arm(world, "HEAD", IMAGES).status_code == 404
    assert arm(world, "GET", DEFINITION).json()["error"]["code"] == "ResourceGroupNotFound"
