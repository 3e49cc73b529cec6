"""One connection of a WinRM client: HTTP requests of bounded size that arrive in bounded time, and their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import h11

from imagesmith.sandbox.windows import soap
from imagesmith.sandbox.windows.login import Login
from imagesmith.sandbox.windows.shells import Limits

_LARGEST_HEAD = 32 * 1024
_READ = 64 * 1024
_CLOSE_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A request, read to its end. `authorization` is empty where there is none."""

    method: str
    path: str
    authorization: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer. A body is SOAP; an empty one goes without a content type, or Packer crashes (winrm.md §3.4).

    `authenticate` is the value of ``WWW-Authenticate``.
    """

    status: int
    body: bytes = b""
    authenticate: str | None = None
    close: bool = False


Answer: TypeAlias = Callable[["Connection", Post], Awaitable[Reply | None]]
"""What answers a request; None means to close the connection in order, without an answer."""


class _UnreadableError(Exception):
    """The request cannot be read to its end; the status says why, and the connection ends."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Connection:
    """Requests and answers in turn, until one side has enough."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        login: Login,
        answer: Answer,
        limits: Limits,
    ) -> None:
        self.login = login
        self.idle_since: float | None = asyncio.get_running_loop().time()
        """Loop time since which it waits for a request, None while one is at work."""
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._limits = limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)

    async def serve(self) -> None:
        """Answer requests; returns with the connection closed."""
        try:
            with suppress(OSError, TimeoutError):
                while await self._serve_one():
                    pass
        finally:
            await self.close()

    async def gone(self) -> None:
        """Wait until the client hangs up. To be cancelled; what the client sends meanwhile is not lost."""
        with suppress(OSError):
            while data := await self._reader.read(_READ):
                self._http.receive_data(data)
                if len(self._http.trailing_data[0]) > _LARGEST_HEAD:
                    return

    async def close(self) -> None:
        """End it in order: a reset would look like success to older Packers (winrm.md §5.5)."""
        self._writer.close()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def _serve_one(self) -> bool:
        """One request and its answer; whether another one may follow."""
        self.idle_since = asyncio.get_running_loop().time()
        try:
            post = await self._read_request()
        except _UnreadableError as error:
            await self._write(Reply(status=error.status, close=True))
            return False
        if post is None:
            return False
        reply = await self._answer(self, post)
        if reply is None:
            return False
        return await self._write(reply)

    async def _read_request(self) -> Post | None:
        """The next request, None at the end of the connection. Raises `_UnreadableError`, `TimeoutError`."""
        try:
            if self._http.trailing_data[0] == b"":
                patience_s = self._limits.idle_s if self.login.succeeded else self._limits.request_s
                async with asyncio.timeout(patience_s):
                    self._http.receive_data(await self._reader.read(_READ))
            self.idle_since = None
            async with asyncio.timeout(self._limits.request_s):
                return await self._read_whole()
        except h11.RemoteProtocolError as error:
            raise _UnreadableError(error.error_status_hint) from error

    async def _read_whole(self) -> Post | None:
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        length = headers.get("content-length", "0")
        if len(length) > 9 or int(length) > soap.LARGEST:
            raise _UnreadableError(413)
        body = bytearray()
        while isinstance(part := await self._event(), h11.Data):
            body += part.data
            if len(body) > soap.LARGEST:
                raise _UnreadableError(413)
        return Post(
            method=event.method.decode("latin-1"),
            path=event.target.decode("latin-1").partition("?")[0],
            authorization=headers.get("authorization", ""),
            body=bytes(body),
        )

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            self._http.receive_data(await self._reader.read(_READ))
        return event

    async def _write(self, reply: Reply) -> bool:
        """Send an answer; whether the connection can go on."""
        headers = [("Server", "Microsoft-HTTPAPI/2.0"), ("Content-Length", str(len(reply.body)))]
        if reply.body:
            headers.append(("Content-Type", "application/soap+xml;charset=UTF-8"))
        if reply.authenticate is not None:
            headers.append(("WWW-Authenticate", reply.authenticate))
        if reply.close:
            headers.append(("Connection", "close"))
        for event in (
            h11.Response(status_code=reply.status, headers=headers),
            h11.Data(reply.body),
            h11.EndOfMessage(),
        ):
            self._writer.write(self._http.send(event) or b"")
        async with asyncio.timeout(self._limits.request_s):
            await self._writer.drain()
        if reply.close or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True
