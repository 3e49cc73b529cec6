"""The proxy on loopback: answers CONNECT for Azure's names with our own TLS end, refuses and records all others.

It decides nothing about resources. Clients resolve no names themselves while they use a proxy, so nothing can reach
the real Azure (packer.md §9.1).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from imagesmith.sandbox.names import is_azure

if TYPE_CHECKING:
    import trustme

_LONGEST_HEAD = 16_384
"""Bytes of a CONNECT request's head; real ones have some hundred."""


class Authority:
    """A private certificate authority: one server context a name, made when it is first asked for."""

    def __init__(self, authority: trustme.CA) -> None:
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}

    @classmethod
    def create(cls) -> Authority:
        """A new authority; its key never leaves the process."""
        import trustme

        return cls(trustme.CA(organization_name="imagesmith sandbox"))

    @property
    def certificate(self) -> bytes:
        """What clients have to trust, as PEM."""
        return self._authority.cert_pem.bytes()

    def context(self, host: str) -> ssl.SSLContext:
        """The server side of TLS for a name."""
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]


class Proxy:
    """Listens on 127.0.0.1; `serve` makes the protocol that answers HTTP behind the TLS end."""

    def __init__(self, *, authority: Authority, serve: Callable[[], asyncio.Protocol]) -> None:
        self.authority = authority
        self.serve = serve
        self.refused: list[str] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()
        self._upgrades: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Tunnel(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._upgrades):
            task.cancel()
        for transport in tuple(self._open):
            transport.close()
        await asyncio.gather(*self._upgrades, return_exceptions=True)

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Remember a connection, to close it at the end."""
        self._open.add(transport)

    def closed(self, transport: asyncio.BaseTransport | None) -> None:
        """Forget a connection."""
        if transport is not None:
            self._open.discard(transport)

    def upgrade(self, transport: asyncio.Transport, host: str) -> None:
        """End TLS for `host` on this connection and hand what is inside to the application."""
        task = asyncio.get_running_loop().create_task(self._upgrade(transport, host))
        self._upgrades.add(task)
        task.add_done_callback(self._upgrades.discard)

    async def _upgrade(self, transport: asyncio.Transport, host: str) -> None:
        inner = self.serve()
        context = self.authority.context(host)
        try:
            secure = await asyncio.get_running_loop().start_tls(transport, inner, context, server_side=True)
        except (OSError, ssl.SSLError):
            # A client that does not trust the authority hangs up here; it says so itself.
            transport.close()
            return
        if secure is not None:
            self._open.add(secure)
            inner.connection_made(secure)


class _Tunnel(asyncio.Protocol):
    """One connection, until its CONNECT is read."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._proxy.opened(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's shape
        self._proxy.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._head += data
        if b"\r\n\r\n" not in self._head:
            if len(self._head) > _LONGEST_HEAD:
                self._transport.close()
            return
        self._answer(self._transport)

    def _answer(self, transport: asyncio.Transport) -> None:
        """Open the tunnel, or refuse it."""
        method, _, rest = self._head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        target = rest.split(" ")[0]
        host, _, port = target.rpartition(":")
        if method == "CONNECT" and port == "443" and is_azure(host):
            transport.pause_reading()
            transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._proxy.upgrade(transport, host.lower())
            return
        self._proxy.refused.append(target)
        text = f"imagesmith sandbox: {target} is not one of Azure's names and is not reached from here\n".encode()
        head = f"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
        transport.write(head.encode() + b"Connection: close\r\n\r\n" + text)
        transport.close()
