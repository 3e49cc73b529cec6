"""What a plan refers to and does not make, put in place before a run."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.answers import Json
from imagesmith.sandbox.capture import BASE, IMAGE
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import Resource, ResourceId, parse_id

DEFAULT_LOCATION = "westeurope"


async def seed(cloud: Cloud, needs: Iterable[Need], *, os_type: str, location: str) -> None:
    """Make everything that the needs name and that is not there; base images of platform sources are made ready.

    Raises `SandboxError`: IMG901, IMG902 for a source that no machine can start from.
    """
    cloud.os_type = os_type
    for need in needs:
        if need.kind is NeedKind.PLATFORM_IMAGE:
            await _platform_image(cloud, need.id)
        elif need.kind is NeedKind.STORAGE_CONTAINER:
            _storage_container(cloud, need.id, location)
        else:
            await _resource(cloud, need, os_type=os_type, location=location)


async def _platform_image(cloud: Cloud, text: str) -> None:
    publisher, offer, sku, version = (*text.split(":"), "", "", "", "")[:4]
    source = f"{publisher}:{offer}:{sku}"
    if version and version.lower() != "latest":
        cloud.marketplace.setdefault(source.lower(), set()).add(version)
    if cloud.os_type == "Linux":
        await cloud.machines.prepare(source)


async def _resource(cloud: Cloud, need: Need, *, os_type: str, location: str) -> None:
    wanted = parse_id(need.id)
    if wanted is None:
        return
    _group(cloud, wanted, location)
    match need.kind:
        case NeedKind.GALLERY_IMAGE:
            _definition(cloud, wanted, os_type=os_type, location=location)
        case NeedKind.GALLERY_IMAGE_VERSION:
            _definition(cloud, wanted.parent, os_type=os_type, location=location)
            await _version(cloud, wanted, location)
        case NeedKind.MANAGED_IMAGE:
            os_disk = {"osType": os_type, "osState": "Generalized"}
            properties = {"storageProfile": {"osDisk": os_disk, "dataDisks": []}, "hyperVGeneration": "V2"}
            await _image(cloud, _make(cloud, wanted, location, properties))
        case NeedKind.SUBNET:
            network = _make(cloud, wanted.parent, location, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}})
            subnet = _make(cloud, wanted, "", {"addressPrefix": "10.0.0.0/24"})
            known = network.properties.setdefault("subnets", [])
            if not any(entry["id"].lower() == str(wanted).lower() for entry in known):
                known.append(subnet.body)
        case NeedKind.IDENTITY:
            _make(cloud, wanted, location, {"principalId": "00000000-0000-0000-0000-0000000000cc"})
        case _:
            pass


def _group(cloud: Cloud, wanted: ResourceId, location: str) -> None:
    group = ResourceId(subscription=wanted.subscription, group=wanted.group)
    if cloud.store.get(group) is None:
        cloud.store.put(group, {"location": location, "tags": {}, "properties": {"provisioningState": "Succeeded"}})


def _definition(cloud: Cloud, wanted: ResourceId, *, os_type: str, location: str) -> None:
    _make(cloud, wanted.parent, location, {})
    identifier = {"publisher": "imagesmith", "offer": wanted.parent.name, "sku": wanted.name}
    properties = {
        "osType": os_type,
        "osState": "Generalized",
        "hyperVGeneration": "V2",
        "architecture": "x64",
        "identifier": identifier,
    }
    _make(cloud, wanted, location, properties)


async def _version(cloud: Cloud, wanted: ResourceId, location: str) -> None:
    """A version; ``latest`` means the definition's newest, made as 1.0.0 where there is none."""
    if wanted.name.lower() == "latest":
        if cloud.store.below(wanted.parent, "versions"):
            return
        wanted = wanted.parent.child("versions", "1.0.0")
    region = {"name": location, "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"}
    properties = {
        "publishingProfile": {"targetRegions": [region], "excludeFromLatest": False},
        "storageProfile": {"osDiskImage": {"sizeInGB": 30}},
    }
    await _image(cloud, _make(cloud, wanted, location, properties))


async def _image(cloud: Cloud, image: Resource) -> None:
    """A seeded image has nothing behind it that was captured: a base stands for it."""
    if IMAGE in image.hidden:
        return
    image.hidden[BASE] = f"canonical:seeded:{image.id.names[-2] if len(image.id.names) > 1 else image.id.name}"
    if cloud.os_type == "Linux":
        await cloud.machines.prepare(image.hidden[BASE])


def _storage_container(cloud: Cloud, url: str, location: str) -> None:
    """The account of a container's address, in the first group that the sandbox has."""
    account = (urlsplit(url).hostname or "").partition(".")[0]
    group = next((resource for resource in cloud.store if not resource.id.provider), None)
    if not account or group is None:
        return
    wanted = ResourceId(
        subscription=group.id.subscription,
        group=group.id.group,
        provider="Microsoft.Storage",
        types=("storageAccounts",),
        names=(account,),
    )
    endpoints = {"blob": f"https://{account}.blob.core.windows.net/"}
    _make(cloud, wanted, location, {"primaryEndpoints": endpoints, "primaryLocation": location})


def _make(cloud: Cloud, wanted: ResourceId, location: str, properties: dict[str, Json]) -> Resource:
    known = cloud.store.get(wanted)
    if known is not None:
        return known
    body: dict[str, Json] = {"properties": {**properties, "provisioningState": "Succeeded"}, "tags": {}}
    return cloud.store.put(wanted, {**body, "location": location} if location else body)
