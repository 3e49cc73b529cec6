"""HTTP to calls and answers to HTTP: the one aiohttp application behind the proxy; every request is recorded."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
import uuid
from dataclasses import dataclass

from aiohttp import web

from imagesmith.sandbox import routes
from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError, sandbox_failure
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.errors import as_failure
from imagesmith.sandbox.faults import Cut, Ended, Met, Refuse, Reset
from imagesmith.sandbox.faults.answers import ended, refusal

_LARGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A request that was answered, with the rule of the fault that it met instead, if any."""

    method: str
    host: str
    path: str
    api_version: str
    status: int
    fault: str = ""


class Application:
    """Answers for all of Azure's names."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.requests: list[Seen] = []
        self.unknown: list[Seen] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        call = await _read(request)
        known = call is not None and routes.find(call) is not None
        met = self.cloud.faults.meet(request.method, _host(request), request.path)
        await asyncio.sleep(met.delay_s)
        answer = await self._answer(call, met) if call is not None else _bad_content()
        seen = Seen(
            method=request.method,
            host=_host(request),
            path=request.path,
            api_version=request.query.get("api-version", ""),
            status=answer.status,
            fault=met.rule,
        )
        self.requests.append(seen)
        if call is not None and not known:
            self.unknown.append(seen)
        response = _response(answer, head=request.method == "HEAD")
        return await _broken(request, response, met) if isinstance(met.outcome, Reset | Cut) else response

    async def _answer(self, call: Call, met: Met) -> Answer:
        match met.outcome:
            case Refuse() as refused:
                return refusal(refused)
            case Reset():
                return Answer(status=0)
            case Ended() as fate:
                return await ended(self.cloud, call, fate, self._handled)
            case Cut() | None:
                return await self._handled(call)

    async def _handled(self, call: Call) -> Answer:
        found = routes.find(call)
        if found is None:
            return _unknown(call)
        route, params = found
        try:
            return await route.handle(self.cloud, dataclasses.replace(call, params=params))
        except RefusedError as refusal:
            return refusal.answer()
        except Exception as error:  # noqa: BLE001 - the edge to clients: told to the run and answered, not retried
            own = as_failure(error, doing=f"{call.method} {call.path}")
            self.cloud.on_failure(own)
            return sandbox_failure(own).answer()


async def _read(request: web.BaseRequest) -> Call | None:
    """The request as a call, None where its body is no JSON."""
    content = b""
    if not request.content.is_eof():
        _acknowledge(request)
    async for chunk in request.content.iter_any():
        content += chunk
        if len(content) > _LARGEST_BODY:
            return None
    form: dict[str, str] = {}
    body: Json = None
    if request.content_type == "application/x-www-form-urlencoded":
        from urllib.parse import parse_qsl

        form = dict(parse_qsl(content.decode(errors="replace")))
    elif content and request.content_type == "application/json":
        try:
            body = json.loads(content)
        except ValueError:
            return None
    return Call(
        method=request.method,
        host=_host(request),
        path=request.path,
        query={key: request.query[key] for key in request.query},
        headers=request.headers,
        body=body,
        form=form,
    )


def _acknowledge(request: web.BaseRequest) -> None:
    """Acknowledge the head of a request at once: Linux waits up to 40 ms with it (tcp(7), TCP_QUICKACK), and Python's
    clients wait for it before they send the body, since urllib3 leaves Nagle's algorithm on where there is a proxy."""
    connection = request.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _host(request: web.BaseRequest) -> str:
    return (request.host or "").partition(":")[0].lower()


def _response(answer: Answer, *, head: bool) -> web.Response:
    headers = {"x-ms-request-id": str(uuid.uuid4()), **answer.headers}
    if answer.body is None or head:
        return web.Response(status=answer.status, headers=headers)
    text = json.dumps(answer.body)
    return web.Response(status=answer.status, text=text, content_type="application/json", headers=headers)


async def _broken(request: web.BaseRequest, response: web.Response, met: Met) -> web.StreamResponse:
    """End the connection at once, or in the middle of the answer."""
    if isinstance(met.outcome, Cut):
        text = response.body if isinstance(response.body, bytes) else b""
        cut = web.StreamResponse(status=response.status, headers=response.headers)
        cut.content_length = len(text) + 1
        await cut.prepare(request)
        await cut.write(text[: len(text) // 2])
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _bad_content() -> Answer:
    return RefusedError(
        400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."
    ).answer()


def _unknown(call: Call) -> Answer:
    """Azure's words for what it does not know."""
    if call.host != routes.ARM:
        return RefusedError(404, "NotFound", f"There is nothing at {call.path}.").answer()
    parts = call.path.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "providers" not in lowered:
        return RefusedError(404, "NotFound", f"No route providers found for '{call.path}'.").answer()
    at = lowered.index("providers")
    provider = parts[at + 1] if len(parts) > at + 1 else ""
    resource_type = "/".join(parts[at + 2 :: 2])
    message = (
        f"The resource type '{resource_type}' could not be found in the namespace '{provider}' "
        f"for api version '{call.api_version}'."
    )
    return RefusedError(404, "InvalidResourceType", message).answer()
