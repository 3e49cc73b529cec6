"""One fixed port on 127.0.0.1 for all machines of a sandbox: Packer is told the port before any VM is there.

A connection goes to the machine that was deployed last. Builds of one sandbox follow one another, so that is the one
that is meant.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from imagesmith.sandbox.machine import Machines


class Port:
    """Listens, and hands every connection to the newest machine."""

    def __init__(self, machines: Machines, newest: Callable[[], str | None]) -> None:
        self.machines = machines
        self.newest = newest
        self.number = 0
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take a free port."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(16)
        self._socket.setblocking(False)  # noqa: FBT003 - the library's own shape
        self.number = self._socket.getsockname()[1]
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self._socket))

    async def stop(self) -> None:
        """Stop listening; connections end."""
        tasks = [*self._connections, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            name = self.newest()
            if name is None:
                connection.close()
                continue
            task = loop.create_task(self._serve(name, connection))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, name: str, connection: socket.socket) -> None:
        # A machine that is gone, or a client that hung up: the client sees a closed connection and tries again.
        with suppress(OSError):
            await self.machines.serve(name, connection)
        connection.close()
