"""What a request meets to the answer that the client gets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError
from imagesmith.sandbox.faults.effects import Ended, OperationFate, Refuse

if TYPE_CHECKING:
    from imagesmith.sandbox.cloud import Cloud

_STARTED = {"PUT": 201, "DELETE": 202, "POST": 202, "PATCH": 202}
"""Status of the answer that begins an operation, by method; the clients take no other."""


def refusal(refused: Refuse) -> Answer:
    """An error in the shape of the service that is asked: Resource Manager's, or the login's (packer.md §9.4)."""
    body: Json = RefusedError(refused.status, refused.code, refused.message).answer().body
    if refused.login:
        body = {
            "error": refused.code,
            "error_description": refused.message,
            "error_codes": [int("".join(filter(str.isdecimal, refused.message.partition(":")[0])))],
        }
    return Answer(status=refused.status, body=body, headers=dict(refused.headers))


async def ended(cloud: Cloud, call: Call, end: Ended, handle: Callable[[Call], Awaitable[Answer]]) -> Answer:
    """The answer that begins an operation with this fate; a request that begins none is answered as ever."""
    if call.method not in _STARTED:
        return await handle(call)
    answer = Answer(status=_STARTED[call.method], body=_being_made(call))
    if end.fate is not OperationFate.FAIL:
        answer = await handle(call)
        if answer.status >= 400:
            return answer
    style = "async" if call.method == "PUT" else "location"
    headers = cloud.operations.headers(call, _number(cloud, call, end), styles=style)
    kept = {name: value for name, value in answer.headers.items() if name not in headers and name != "Location"}
    return replace(answer, status=_STARTED[call.method], headers={**kept, **headers})


async def make_inside(cloud: Cloud, resource_id: object, make: Callable[[], Awaitable[object]]) -> None:
    """Make a resource of a deployment, or let it meet its fault. Raises `RefusedError`, as its making does."""
    met = cloud.faults.meet_inside(str(resource_id))
    await asyncio.sleep(met.delay_s)
    match met.outcome:
        case Refuse() as refused:
            raise RefusedError(refused.status, refused.code, refused.message)
        case Ended(fate=OperationFate.FAIL) as end:
            raise RefusedError(409, end.code, end.message)
        case Ended(fate=OperationFate.PARTLY) as end:
            await make()
            raise RefusedError(409, end.code, end.message)
        case Ended(fate=OperationFate.NEVER):
            await make()
            await asyncio.Event().wait()
        case _:
            await make()


def _number(cloud: Cloud, call: Call, end: Ended) -> str:
    match end.fate:
        case OperationFate.NEVER:
            return cloud.operations.start(_never())
        case OperationFate.LOST:
            return cloud.operations.lost()
        case OperationFate.FAIL | OperationFate.PARTLY:
            return cloud.operations.start(_failing(cloud, call, end))


async def _never() -> Json:
    await asyncio.Event().wait()


async def _failing(cloud: Cloud, call: Call, end: Ended) -> Json:
    """Fail; what the operation was to make stays behind in that state."""
    from imagesmith.sandbox.store import parse_id

    wanted = parse_id(call.path)
    resource = cloud.store.get(wanted) if wanted else None
    if resource is not None and end.fate is OperationFate.PARTLY:
        resource.properties["provisioningState"] = "Failed"
    raise RefusedError(409, end.code, end.message)


def _being_made(call: Call) -> Json:
    """The body that answers a PUT while the resource is made."""
    if call.method != "PUT":
        return None
    body = call.body if isinstance(call.body, dict) else {}
    properties = body.get("properties") or {}
    name = call.path.rstrip("/").rpartition("/")[2]
    return {**body, "id": call.path, "name": name, "properties": {**properties, "provisioningState": "Creating"}}
