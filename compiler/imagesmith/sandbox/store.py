"""The resources of the sandbox's Azure, by id: the case of an id is kept, and ignored in comparisons."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

from imagesmith.sandbox.answers import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceId:
    """An ARM id in parts. `types` and `names` pair up: ``galleries``/``g``, ``images``/``d``."""

    subscription: str
    group: str
    provider: str = ""
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """``Microsoft.Compute/galleries/images/versions``."""
        return "/".join((self.provider, *self.types)) if self.provider else "Microsoft.Resources/resourceGroups"

    @property
    def name(self) -> str:
        """The last name; a resource group's own for a group."""
        return self.names[-1] if self.names else self.group

    @property
    def parent(self) -> ResourceId:
        """The id one level up; the resource group for a top-level resource."""
        if len(self.types) > 1:
            return ResourceId(
                subscription=self.subscription,
                group=self.group,
                provider=self.provider,
                types=self.types[:-1],
                names=self.names[:-1],
            )
        return ResourceId(subscription=self.subscription, group=self.group)

    def child(self, kind: str, name: str) -> ResourceId:
        """The id of a resource below this one."""
        return ResourceId(
            subscription=self.subscription,
            group=self.group,
            provider=self.provider,
            types=(*self.types, kind),
            names=(*self.names, name),
        )

    def __str__(self) -> str:
        text = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
        if self.provider:
            pairs = "".join(f"/{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
            text += f"/providers/{self.provider}{pairs}"
        return text


def parse_id(text: str) -> ResourceId | None:
    """Read an ARM id in any case; None for what is not the id of a resource group or of a resource in one."""
    parts = text.strip("/").split("/")
    if len(parts) < 4 or parts[0].lower() != "subscriptions" or parts[2].lower() != "resourcegroups":
        return None
    if not all(parts):
        return None
    if len(parts) == 4:
        return ResourceId(subscription=parts[1], group=parts[3])
    rest = parts[6:]
    if len(parts) < 8 or parts[4].lower() != "providers" or len(rest) % 2:
        return None
    return ResourceId(
        subscription=parts[1], group=parts[3], provider=parts[5], types=tuple(rest[::2]), names=tuple(rest[1::2])
    )


@dataclass(kw_only=True, slots=True)
class Resource:
    """A resource as clients see it (`body`), and what only the sandbox knows of it (`hidden`): its machine's image."""

    id: ResourceId
    body: dict[str, Json]
    hidden: dict[str, str] = field(default_factory=dict)

    @property
    def properties(self) -> dict[str, Json]:
        """`properties` of the body, made where it is missing."""
        properties: dict[str, Json] = self.body.setdefault("properties", {})
        return properties

    @property
    def location(self) -> str:
        """The region, in its short spelling."""
        return normal_location(str(self.body.get("location", "")))


def normal_location(text: str) -> str:
    """``West Europe`` and ``westeurope`` are one region: the latter spelling."""
    return text.replace(" ", "").lower()


class Store:
    """All resources, in the order in which they were made."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}

    def get(self, resource_id: ResourceId | str) -> Resource | None:
        """The resource with this id, None if there is none."""
        return self._resources.get(str(resource_id).rstrip("/").lower())

    def put(self, resource_id: ResourceId, body: dict[str, Json]) -> Resource:
        """Make or replace a resource; id, name and type stand in its body. A replaced one keeps the id's first case."""
        known = self.get(resource_id)
        kept = known.id if known else resource_id
        shown = {"id": str(kept), "name": kept.name, "type": kept.type}
        resource = Resource(id=kept, body={**body, **shown}, hidden=dict(known.hidden) if known else {})
        self._resources[str(kept).lower()] = resource
        return resource

    def delete(self, resource_id: ResourceId) -> list[Resource]:
        """Take away a resource and everything below it; the removed ones come back, the deepest last made first."""
        key = str(resource_id).lower()
        gone = [name for name in self._resources if name == key or name.startswith(key + "/")]
        return [self._resources.pop(name) for name in reversed(gone)]

    def below(self, parent: ResourceId, kind: str) -> list[Resource]:
        """Resources of one kind directly below a parent: ``versions`` of a definition."""
        prefix = f"{parent}/{kind}/".lower()
        return [r for key, r in self._resources.items() if key.startswith(prefix) and "/" not in key[len(prefix) :]]

    def of_type(self, resource_type: str, *, subscription: str, group: str | None = None) -> list[Resource]:
        """Resources of a type in a subscription or in one group of it."""
        return [
            resource
            for resource in self
            if resource.id.type.lower() == resource_type.lower()
            and resource.id.subscription.lower() == subscription.lower()
            and (group is None or resource.id.group.lower() == group.lower())
        ]

    def __iter__(self) -> Iterator[Resource]:
        return iter(tuple(self._resources.values()))

    def dump(self) -> list[dict[str, Json]]:
        """Everything as JSON data, for `load`."""
        return [{"id": str(r.id), "body": copy.deepcopy(r.body), "hidden": dict(r.hidden)} for r in self]

    def load(self, rows: list[dict[str, Json]]) -> None:
        """Take in what `dump` gave. Raises `ValueError` for anything else."""
        for row in rows:
            resource_id = parse_id(row["id"])
            if resource_id is None:
                raise ValueError(f"no resource id: {row['id']!r}")
            self.put(resource_id, row["body"]).hidden.update(row["hidden"])
