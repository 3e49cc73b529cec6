"""Compute galleries: definitions, versions and how far their replication has come."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from imagesmith.sandbox.answers import Json, RefusedError, conflict, invalid, not_found
from imagesmith.sandbox.capture import BASE, GENERALIZED, IMAGE, capture
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import Resource, ResourceId, normal_location

_VERSION = re.compile(r"(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})")
_LARGEST = 2**31 - 1
VERSIONS = "Microsoft.Compute/galleries/images/versions"


async def prepare_definition(cloud: Cloud, definition: Resource, replaced: bool) -> None:  # noqa: ARG001  (a kind's shape)
    """A definition says what its images are: `osType`, `osState` and an identifier of three parts."""
    properties = definition.properties
    for name in ("osType", "osState", "identifier"):
        if not properties.get(name):
            raise invalid("InvalidParameter", f"Required parameter 'galleryImage.properties.{name}' is missing (null).")
    properties.setdefault("hyperVGeneration", "V1")
    properties.setdefault("architecture", "x64")


async def prepare_version(cloud: Cloud, version: Resource, replaced: bool) -> None:
    """Complete a version: a number of three parts, a source that is there, and its regions."""
    name = version.id.name
    if not _VERSION.fullmatch(name) or any(int(part) > _LARGEST for part in name.split(".")):
        raise invalid(
            "InvalidParameter",
            f"The value '{name}' of parameter 'galleryImageVersionName' is invalid: Major(int).Minor(int).Patch(int).",
        )
    profile = version.properties.setdefault("publishingProfile", {})
    regions = profile.get("targetRegions") or [{"name": version.body["location"]}]
    profile["targetRegions"] = [_region(region, profile) for region in regions]
    profile.setdefault("excludeFromLatest", False)
    profile.setdefault("publishedDate", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00"))
    version.properties.setdefault("safetyProfile", {"allowDeletionOfReplicatedLocations": True})
    if replaced and (version.hidden.get(IMAGE) or version.hidden.get(BASE)):
        return
    await _take_source(cloud, version, profile)


def _region(region: dict[str, Json], profile: dict[str, Json]) -> dict[str, Json]:
    return {
        **region,
        "regionalReplicaCount": region.get("regionalReplicaCount") or profile.get("replicaCount") or 1,
        "storageAccountType": region.get("storageAccountType") or profile.get("storageAccountType") or "Standard_LRS",
    }


async def _take_source(cloud: Cloud, version: Resource, profile: dict[str, Json]) -> None:
    """Find what the version is made from, in the words of old and new API versions (lowering.md §2.2)."""
    source = (version.properties.get("storageProfile") or {}).get("source") or {}
    old = ((profile.get("source") or {}).get("managedImage") or {}).get("id")
    text = str(source.get("id") or source.get("virtualMachineId") or old or "")
    found = cloud.store.get(text) if text else None
    if found is None:
        raise invalid("InvalidParameter", f"The source '{text}' of the gallery image version was not found.")
    if found.id.type.lower() == "microsoft.compute/virtualmachines":
        version.hidden[IMAGE] = await _machine_image(cloud, version, found)
    else:
        version.hidden.update({key: value for key, value in found.hidden.items() if key in {IMAGE, BASE}})
    storage = version.properties.setdefault("storageProfile", {})
    storage.setdefault("osDiskImage", {"sizeInGB": 30, "hostCaching": "ReadWrite", "source": {}})


async def _machine_image(cloud: Cloud, version: Resource, vm: Resource) -> str:
    definition = cloud.store.get(version.id.parent)
    generalized = definition is not None and definition.properties.get("osState") == "Generalized"
    if generalized and GENERALIZED not in vm.hidden:
        raise conflict(
            "OperationNotAllowed", f"The Virtual Machine '{vm.id.name}' has to be Generalized for this gallery image."
        )
    return await capture(cloud, vm)


def show_version(version: Resource, expand: str) -> dict[str, Json]:
    """What `$expand=ReplicationStatus` adds: all regions are done at once."""
    if expand.lower() != "replicationstatus":
        return {}
    regions = version.properties["publishingProfile"]["targetRegions"]
    summary = [{"region": region["name"], "state": "Completed", "details": "", "progress": 100} for region in regions]
    return {"replicationStatus": {"aggregatedState": "Completed", "summary": summary}}


def newest_version(cloud: Cloud, definition: ResourceId, *, location: str = "") -> Resource:
    """The version that ``latest`` means: the highest that is not excluded. Raises `RefusedError`: there is none."""
    candidates = [
        version
        for version in cloud.store.below(definition, "versions")
        if not version.properties["publishingProfile"].get("excludeFromLatest")
        and (
            not location
            or location
            in {normal_location(r["name"]) for r in version.properties["publishingProfile"]["targetRegions"]}
        )
    ]
    if not candidates:
        raise not_found(VERSIONS, f"{definition.name}/latest", definition.group)
    return max(candidates, key=lambda version: tuple(int(part) for part in version.id.name.split(".")))


async def dispose_image(cloud: Cloud, resource: Resource) -> None:
    """Let go of what a managed image or a version was captured as, once nothing else refers to it."""
    image = resource.hidden.get(IMAGE)
    if image and not any(other.hidden.get(IMAGE) == image for other in cloud.store):
        await cloud.machines.forget(image)


def refuse_unless_empty(cloud: Cloud, definition: ResourceId) -> None:
    """Azure deletes no definition that has versions, and no gallery that has definitions."""
    for kind in ("versions", "images"):
        if cloud.store.below(definition, kind):
            raise RefusedError(
                409,
                "CannotDeleteResource",
                f"Can not delete resource before nested resources are deleted: {definition}.",
            )
