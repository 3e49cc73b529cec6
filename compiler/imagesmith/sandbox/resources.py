"""Resources of every kind: made, shown, listed, changed and removed in one way; kinds add what is their own."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError, not_found, paged
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import Resource, ResourceId, parse_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A type of resource. `prepare` checks and completes a new or replaced one and may start what is behind it;
    `dispose` ends that; `show` adds what an expanded GET shows. `polled` ones answer a PUT with an operation.
    """

    type: str
    prepare: Callable[[Cloud, Resource, bool], Awaitable[None]] | None = None
    dispose: Callable[[Cloud, Resource], Awaitable[None]] | None = None
    show: Callable[[Resource, str], dict[str, Json]] | None = None
    polled: bool = False
    needs_location: bool = True
    created: int = 201
    """Status of the answer to a PUT that made one; clients accept only the ones that the service documents."""
    deleted: int = 202
    """Status of the answer to a DELETE; 200 for a service that is done then, with no operation to ask for."""


class Kinds:
    """The table of kinds, by type without regard to case."""

    def __init__(self, rows: tuple[Kind, ...]) -> None:
        self._by_type = {kind.type.lower(): kind for kind in rows}

    def get(self, resource_type: str) -> Kind | None:
        """The kind of a type, None for an unknown one."""
        return self._by_type.get(resource_type.lower())


def kinds() -> Kinds:
    """All kinds that the sandbox knows."""
    from imagesmith.sandbox.kinds import KINDS

    return KINDS


def resource_id(call: Call) -> ResourceId:
    """The id that a path names, without an action at its end."""
    found = parse_id(call.path)
    if found is None:
        raise RefusedError(404, "InvalidResourceId", f"The resource id '{call.path}' is not valid.")
    return found


async def show(cloud: Cloud, call: Call) -> Answer:
    """`GET` (and `HEAD`) of one resource."""
    wanted = resource_id(call)
    resource = cloud.store.get(wanted)
    if resource is None:
        cloud.group(wanted)
        raise not_found(wanted.type, "/".join(wanted.names), wanted.group)
    kind = kinds().get(wanted.type)
    extra = kind.show(resource, call.query.get("$expand", "")) if kind and kind.show else {}
    return Answer(body={**resource.body, "properties": {**resource.properties, **extra}})


async def put(cloud: Cloud, call: Call) -> Answer:
    """`PUT` of one resource: made, or replaced as a whole."""
    wanted = resource_id(call)
    body = call.body if isinstance(call.body, dict) else {}
    known = cloud.store.get(wanted) is not None
    kind = kinds().get(wanted.type)
    if kind is None or not kind.polled:
        resource = await make(cloud, wanted, body)
        return Answer(status=200 if known or kind is None else kind.created, body=resource.body)
    # Faults in the request itself are answered at once, as Azure does; the work goes on behind the operation.
    resource = await make(cloud, wanted, body)
    number = cloud.operations.start(_settled(resource))
    shown = {
        **resource.body,
        "properties": {**resource.properties, "provisioningState": "Updating" if known else "Creating"},
    }
    return Answer(
        status=200 if known else 201, body=shown, headers=cloud.operations.headers(call, number, styles="async")
    )


async def make(cloud: Cloud, wanted: ResourceId, body: dict[str, Json]) -> Resource:
    """Put a resource into the store, checked and completed by its kind. Raises `RefusedError`."""
    group = cloud.group(wanted)
    parent = wanted.parent
    if parent.provider and cloud.store.get(parent) is None:
        raise RefusedError(
            404,
            "ParentResourceNotFound",
            "Can not perform requested operation on nested resource. "
            f"Parent resource '{'/'.join(parent.names)}' not found.",
        )
    kind = kinds().get(wanted.type)
    if kind and kind.needs_location and not body.get("location"):
        body = {**body, "location": group.body["location"]}
    before = cloud.store.get(wanted)
    resource = cloud.store.put(wanted, _plain(body))
    resource.properties["provisioningState"] = "Succeeded"
    if kind and kind.prepare:
        try:
            await kind.prepare(cloud, resource, before is not None)
        except Exception:
            cloud.store.delete(wanted)
            if before is not None:
                cloud.store.put(before.id, before.body).hidden.update(before.hidden)
            raise
    return resource


async def patch(cloud: Cloud, call: Call) -> Answer:
    """`PATCH` of one resource: objects are merged, everything else replaced; tags are replaced as a whole."""
    wanted = resource_id(call)
    resource = cloud.store.get(wanted)
    if resource is None:
        cloud.group(wanted)
        raise not_found(wanted.type, "/".join(wanted.names), wanted.group)
    body = call.body if isinstance(call.body, dict) else {}
    merged = _merge(resource.body, {key: value for key, value in body.items() if key != "tags"})
    if "tags" in body:
        merged["tags"] = body["tags"]
    resource.body.clear()
    resource.body.update(merged)
    return Answer(body=resource.body)


async def delete(cloud: Cloud, call: Call) -> Answer:
    """`DELETE` of one resource and of everything below it; 204 where there is none."""
    wanted = resource_id(call)
    if cloud.store.get(wanted) is None:
        return Answer(status=204)
    kind = kinds().get(wanted.type)
    if kind and kind.deleted == 200:
        await remove(cloud, wanted)
        return Answer(status=200)
    number = cloud.operations.start(remove(cloud, wanted))
    return Answer(status=202, headers=cloud.operations.headers(call, number, styles="location"))


async def remove(cloud: Cloud, wanted: ResourceId) -> None:
    """Take a resource and everything below it away, and end what is behind them."""
    for resource in cloud.store.delete(wanted):
        kind = kinds().get(resource.id.type)
        if kind and kind.dispose:
            await kind.dispose(cloud, resource)


async def listing(cloud: Cloud, call: Call) -> Answer:
    """`GET` of all resources of a type: in a subscription, in a group, or below a parent."""
    parts = call.path.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "resourcegroups" not in lowered:
        found = cloud.store.of_type("/".join(parts[3:]), subscription=parts[1])
    elif len(parts) == 7:
        cloud.group(ResourceId(subscription=parts[1], group=parts[3]))
        found = cloud.store.of_type("/".join(parts[5:]), subscription=parts[1], group=parts[3])
    else:
        parent = parse_id("/".join(parts[:-1]))
        if parent is None or cloud.store.get(parent) is None:
            raise not_found(parent.type if parent else "", parts[-2], parts[3])
        found = cloud.store.below(parent, parts[-1])
    return paged(call, [resource.body for resource in found])


def fits_filter(body: dict[str, Json], text: str) -> bool:
    """Whether a resource fits `$filter`: ``tagName eq 'a' and tagValue eq 'b'``; other filters let everything pass."""
    wanted = dict(re.findall(r"(tagName|tagValue) eq '([^']*)'", text, flags=re.IGNORECASE))
    if "tagName" not in wanted:
        return True
    tags = body.get("tags") or {}
    return wanted["tagName"] in tags and tags[wanted["tagName"]] == wanted.get("tagValue", tags[wanted["tagName"]])


async def _settled(resource: Resource) -> Json:
    return resource.body


def _plain(body: dict[str, Json]) -> dict[str, Json]:
    """A body without what the sandbox writes itself; JSON data is copied, so that clients' bodies stay theirs."""
    import copy

    kept = {key: value for key, value in body.items() if key not in {"id", "name", "type"}}
    return copy.deepcopy({**kept, "properties": body.get("properties") or {}})


def _merge(old: dict[str, Json], new: dict[str, Json]) -> dict[str, Json]:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(old.get(key), dict)
        merged[key] = _merge(old[key], value) if both else value
    return merged
