"""The number of a gallery version: the next one in its gallery, the source's, or the service's old time-based one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from imagesmith.azure.clients import AzureError, told
from imagesmith.azure.reading import exists, listed
from imagesmith.diagnostics import Path, Rule, Severity
from imagesmith.model.ids import ResourceId, is_version_number, parse_id
from imagesmith.plan import BuildPlan, NeedKind, VersionRequest, VersionScheme
from imagesmith.world import World

FIRST_VERSION = (0, 0, 1)

NO_SOURCE_VERSION = Rule(
    code="IMG812",
    severity=Severity.ERROR,
    title="the source has no version to take over",
    cause="`versioning.scheme` Source takes the number of the source image, which must have the form x.y.z.",
    fix="use scheme Latest, or write the version into galleryImageId",
    source="aib-templates.md §2.8",
)


def resolve_version(request: VersionRequest, plan: BuildPlan, world: World, now: datetime) -> str:
    """The number for a version request. Raises AzureError."""
    match request.scheme:
        case VersionScheme.LATEST:
            taken = _published(request, world)
            return ".".join(map(str, next_version(taken, request.major)))
        case VersionScheme.LEGACY:
            return legacy_version(now)
        case VersionScheme.SOURCE:
            return _of_source(request, plan, world)
        case _:
            assert_never(request.scheme)


def version_exists(version: ResourceId, world: World, path: Path) -> bool:
    """Whether a gallery has this version already. Raises AzureError."""
    _, image, name = version.names
    with told(f"cannot look for version {name} of '{image}'", path):
        return exists(world, version)


def next_version(taken: Iterable[tuple[int, int, int]], major: int | None) -> tuple[int, int, int]:
    """One more than the highest version, within a major number if one is given (aib-templates.md §2.8 rule 2)."""
    highest = max((version for version in taken if major in (None, version[0])), default=None)
    if highest is None:
        return (major, 0, 0) if major else FIRST_VERSION
    return highest[0], highest[1], highest[2] + 1


def legacy_version(now: datetime) -> str:
    """`0.<seconds / 65536>.<seconds modulo 65536>`, as before API version 2022-07-01 (aib-templates.md §2.8 rule 4)."""
    seconds = int(now.timestamp())
    return f"0.{seconds >> 16}.{seconds & 0xFFFF}"


def _published(request: VersionRequest, world: World) -> list[tuple[int, int, int]]:
    definition = parse_id(request.gallery_image_id)
    with told(f"cannot list the versions of '{definition.name}'", request.path):
        names = [str(version["name"]) for version in listed(world, f"{definition}/versions")]
    return [_numbers(name) for name in names if is_version_number(name)]


def _numbers(text: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def _of_source(request: VersionRequest, plan: BuildPlan, world: World) -> str:
    """The source's number as a gallery can have it: `22.04.202601020` becomes `22.4.202601020`."""
    number = ""
    for need in plan.needs:
        if need.kind is NeedKind.PLATFORM_IMAGE:
            number = _platform_version(need.id, plan.location, world, request)
        elif need.kind is NeedKind.GALLERY_IMAGE_VERSION:
            number = need.id.rpartition("/")[2]
    parts = _source_numbers(number)
    if parts is None:
        raise AzureError(
            NO_SOURCE_VERSION.at(request.path, f"the source's version is '{number}', not of the form x.y.z")
        )
    return ".".join(map(str, parts))


def _platform_version(urn: str, location: str, world: World, request: VersionRequest) -> str:
    publisher, offer, sku, version = urn.split(":")
    if version.lower() != "latest":
        return version
    place = f"/subscriptions/{world.subscription_id}/providers/Microsoft.Compute/locations/{location}"
    images = f"{place}/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
    with told(f"cannot find the latest version of {urn}", request.path):
        found = [str(item["name"]) for item in listed(world, images)]
    return max(
        (name for name in found if _source_numbers(name)), key=lambda name: _source_numbers(name) or (), default=""
    )


def _source_numbers(text: str) -> tuple[int, ...] | None:
    """A source's version as numbers; those of the marketplace may have leading zeros, those of a gallery none."""
    if not re.fullmatch(r"[0-9]{1,10}(?:\.[0-9]{1,10}){2}", text):
        return None
    parts = tuple(int(part) for part in text.split("."))
    return parts if is_version_number(".".join(map(str, parts))) else None
