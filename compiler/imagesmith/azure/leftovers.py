"""What a run has left in Azure, found by its tag, and its removal.

Everything that a run makes carries its tag (architecture §6), so what is found does not depend on any record. Parts
of a machine that carry no tag of their own, a disk for instance, are told by the ten random characters that Packer
puts at the end of all names of one build (winrm.md §1.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from imagesmith.azure.clients import AZURE_SAID_NO, AzureError, attempt, resources, told
from imagesmith.azure.waiting import finished
from imagesmith.diagnostics import Diagnostic
from imagesmith.model.ids import IdError, ResourceId, parse_id
from imagesmith.plan import RUN_TAG, TEMPLATE_TAG
from imagesmith.world import World

INTERMEDIATE = "imagesmith-"
"""How the names of images begin that are only needed on the way."""

_SUFFIX = re.compile(r"pkr[a-z]{2}([a-z0-9]{10,})", re.IGNORECASE)
_BEGAN = re.compile(r"([0-9]{8}T[0-9]{6}Z)-[0-9a-f]{6}")


class LeftoverKind(StrEnum):
    """What a leftover is to its user."""

    GROUP = "resource group"
    PART = "part of a machine"
    RESULT = "result"
    """An image or a gallery version that was made as the template asks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftover:
    """One resource, or a resource group with all that is in it."""

    id: ResourceId
    kind: LeftoverKind
    run_id: str
    template: str = ""

    @property
    def began(self) -> datetime | None:
        """When its run began, in UTC, as the run's id says."""
        found = _BEGAN.fullmatch(self.run_id)
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Type:
    """A type of resource that Packer or a run makes: the version of its API, and its turn when all are removed."""

    name: str
    api_version: str
    turn: int


_TYPES = {
    row.name.lower(): row
    for row in (
        _Type(name="Microsoft.Compute/virtualMachines", api_version="2024-07-01", turn=0),
        _Type(name="Microsoft.Network/networkInterfaces", api_version="2024-05-01", turn=1),
        _Type(name="Microsoft.Network/publicIPAddresses", api_version="2024-05-01", turn=2),
        _Type(name="Microsoft.Network/virtualNetworks", api_version="2024-05-01", turn=2),
        _Type(name="Microsoft.Network/networkSecurityGroups", api_version="2024-05-01", turn=3),
        _Type(name="Microsoft.KeyVault/vaults", api_version="2023-07-01", turn=2),
        _Type(name="Microsoft.Compute/disks", api_version="2024-03-02", turn=2),
        _Type(name="Microsoft.Compute/snapshots", api_version="2024-03-02", turn=2),
        _Type(name="Microsoft.Compute/galleries/images/versions", api_version="2024-03-03", turn=2),
        _Type(name="Microsoft.Compute/images", api_version="2024-07-01", turn=3),
        _Type(name="Microsoft.Resources/deployments", api_version="2022-09-01", turn=4),
    )
}
_RESULTS = frozenset({"microsoft.compute/images", "microsoft.compute/galleries/images/versions"})


def find_leftovers(world: World, *, run_id: str | None = None) -> tuple[Leftover, ...]:
    """What carries the tag of one run, or of any; groups first, and nothing that stands in one of these groups.

    Raises:
        AzureError: without a login, or where Azure does not answer.
    """
    client = resources(world, world.subscription_id)
    condition = f"tagName eq '{RUN_TAG}'" + (f" and tagValue eq '{run_id}'" if run_id else "")
    with told("cannot look for what runs have left"):
        groups = list(_tagged(client.resource_groups.list(filter=condition), run_id))
        swept = {_group_of(leftover) for leftover in groups}
        tagged = _tagged(client.resources.list(filter=condition), run_id)
        loose = [leftover for leftover in tagged if _group_of(leftover) not in swept]
        parts = list(_untagged_parts(client, loose))
    return (*groups, *sorted((*loose, *parts), key=_turn))


def remove_leftovers(leftovers: Iterable[Leftover], world: World) -> Iterator[tuple[Leftover, Diagnostic | None]]:
    """Remove them, each told with what went wrong, if anything. Machines go before what they hold on to."""
    client = resources(world, world.subscription_id)
    for leftover in leftovers:
        yield leftover, attempt(lambda found=leftover: _remove(client, found, world), f"cannot remove '{leftover.id}'")  # type: ignore[misc]


def _remove(
    client: Any, leftover: Leftover, world: World
) -> None:  # a ResourceManagementClient, which is imported lazily
    from azure.core.exceptions import ResourceNotFoundError

    try:
        if leftover.kind is LeftoverKind.GROUP:
            remove_group(leftover.id.name, world, run_id=leftover.run_id)
        else:
            version = _TYPES[leftover.id.resource_type.lower()].api_version
            finished(client.resources.begin_delete_by_id(str(leftover.id), api_version=version), world)
    except ResourceNotFoundError:
        return  # gone already, which is what was wanted


def remove_group(name: str, world: World, *, run_id: str) -> None:
    """Delete a resource group with everything in it, if its tag says that the run made it; one that does not exist is
    gone already.

    Raises:
        AzureError: the tag is missing, so somebody else made the group; or Azure refuses.
    """
    from azure.core.exceptions import ResourceNotFoundError

    client = resources(world, world.subscription_id)
    try:
        group = client.resource_groups.get(name)
    except ResourceNotFoundError:
        return
    if (group.tags or {}).get(RUN_TAG) != run_id:
        text = f"the resource group '{name}' has no tag {RUN_TAG}={run_id}; it is left alone"
        raise AzureError(AZURE_SAID_NO.at((), text))
    finished(client.resource_groups.begin_delete(name), world)


def _tagged(found: Iterable[Any], run_id: str | None) -> Iterator[Leftover]:  # groups or resources of the SDK
    """Those that carry the run's tag. Azure's filter is not taken on trust where something may be deleted."""
    for item in found:
        tags = item.tags or {}
        value = tags.get(RUN_TAG)
        if value is None or (run_id is not None and value != run_id):
            continue
        try:
            wanted = parse_id(item.id or "")
        except IdError:
            continue  # not of a resource group: no run makes such a thing
        yield Leftover(id=wanted, kind=_kind(wanted), run_id=value, template=tags.get(TEMPLATE_TAG, ""))


def _kind(wanted: ResourceId) -> LeftoverKind:
    if not wanted.types:
        return LeftoverKind.GROUP
    asked_for = wanted.resource_type.lower() in _RESULTS and not wanted.name.lower().startswith(INTERMEDIATE)
    return LeftoverKind.RESULT if asked_for else LeftoverKind.PART


def _untagged_parts(client: Any, tagged: Iterable[Leftover]) -> Iterator[Leftover]:  # the SDK's client
    """Resources without the tag that bear the suffix of a tagged one in the same group."""
    builds: dict[tuple[str, str], Leftover] = {}
    known: set[str] = set()
    for leftover in tagged:
        known.add(str(leftover.id).lower())
        suffix = _SUFFIX.fullmatch(leftover.id.name)
        if suffix:
            builds[(_group_of(leftover), suffix[1].lower())] = leftover
    for (group, ending), leftover in builds.items():
        for found in client.resources.list_by_resource_group(group):
            wanted = parse_id(found.id)
            if ending in wanted.name.lower() and str(wanted).lower() not in known:
                known.add(str(wanted).lower())
                yield Leftover(id=wanted, kind=LeftoverKind.PART, run_id=leftover.run_id, template=leftover.template)


def _group_of(leftover: Leftover) -> str:
    return (leftover.id.resource_group or "").lower()


def _turn(leftover: Leftover) -> int:
    row = _TYPES.get(leftover.id.resource_type.lower())
    return row.turn if row else -1


def is_removable(leftover: Leftover) -> bool:
    """Whether we know how to remove it: groups, and the types that Packer makes."""
    return leftover.kind is LeftoverKind.GROUP or leftover.id.resource_type.lower() in _TYPES
