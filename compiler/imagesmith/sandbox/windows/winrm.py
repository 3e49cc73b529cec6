"""The WinRM listener of a Windows machine: connections to logins, requests to shells, restarts to a closed gate.

Behaviour towards Packer's clients, with the two mistakes that crash or hang them, is in winrm.md §2, §3 and §6.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.windows import service, wsman
from imagesmith.sandbox.windows.connection import Connection, Post, Reply
from imagesmith.sandbox.windows.host import Host
from imagesmith.sandbox.windows.login import Login
from imagesmith.sandbox.windows.ntlm import Accepted, Challenge, Refused
from imagesmith.sandbox.windows.shells import Boot, Limits, Shell

PATH = "/wsman"
_MOST_REFUSALS = 1000


class Listener:
    """Serves WS-Management over HTTPS for one machine, and restarts it."""

    def __init__(
        self,
        host: Host,
        *,
        tls: ssl.SSLContext,
        on_failure: Callable[[SandboxError], None],
        limits: Limits | None = None,
    ) -> None:
        self.refusals: list[str] = []
        """Why logins were refused, in order; Packer itself only says that it waited in vain."""
        self.logins = 0
        self._host = host
        self._tls = tls
        self._on_failure = on_failure
        self._limits = limits or Limits()
        self._boot = self._new_boot()
        self._gate = asyncio.Event()
        self._gate.set()
        self._connections: dict[asyncio.Task[None], Connection | None] = {}
        self._restarting: asyncio.Task[None] | None = None
        self._restarts_after: Shell | None = None
        """The shell whose command asked for the restart that is under way."""
        self._closed = False
        host.attach(self.restart)

    async def serve(self, connection: socket.socket) -> None:
        """Speak HTTPS on a connection until it ends; returns with the socket closed."""
        task = asyncio.current_task()
        if task is None or self._closed or not self._make_room():
            connection.close()
            return
        self._connections[task] = None
        # Each answer is waited for: held back for 40 ms by Nagle's algorithm, they would take ten times as long.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._tls, ssl_handshake_timeout=self._limits.handshake_s
            )
            client = Connection(
                reader,
                asyncio.StreamWriter(transport, protocol, reader, loop),
                login=Login(self._host),
                answer=self._answer,
                limits=self._limits,
            )
            self._connections[task] = client
            await client.serve()
        except (OSError, ssl.SSLError):
            # A client that does not get through the handshake says so itself.
            return
        finally:
            self._connections.pop(task, None)

    def restart(self, downtime_s: float) -> None:
        """Restart the machine: see `Restart`. A second restart within one is the same one."""
        if self._closed or self._restarting is not None:
            return
        self._restarts_after = self._boot.shell_of(asyncio.current_task())
        self._restarting = asyncio.get_running_loop().create_task(self._restart(self._restarts_after, downtime_s))

    async def close(self) -> None:
        """The machine is turned off: commands and connections end."""
        self._closed = True
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)
        await self._boot.end()
        self._gate.set()
        tasks = [task for task in self._connections if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _new_boot(self) -> Boot:
        return Boot(self._host, self._limits, self._on_failure)

    async def _restart(self, shell: Shell | None, downtime_s: float) -> None:
        if shell is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(shell.deleted.wait(), self._limits.fetch_s)
        old, self._boot = self._boot, self._new_boot()
        self._gate.clear()
        await old.end()
        await asyncio.sleep(downtime_s)
        self._host.booted()
        self._restarting = self._restarts_after = None
        self._gate.set()

    def _make_room(self) -> bool:
        """Whether there is room for one more connection; the one that is idle longest goes for it."""
        if len(self._connections) < self._limits.connections:
            return True
        idle = [
            (client.idle_since, task)
            for task, client in self._connections.items()
            if client is not None and client.idle_since is not None
        ]
        if not idle:
            return False
        min(idle, key=lambda found: found[0])[1].cancel()
        return True

    async def _answer(self, connection: Connection, post: Post) -> Reply | None:
        if self._restarts_after is not None and self._restarts_after.deleted.is_set():
            self._gate.clear()  # the client was quicker than the task that restarts
        await self._gate.wait()
        boot = self._boot
        if self._closed:
            return None
        if post.path.lower() != PATH or post.method != "POST":
            return Reply(status=405 if post.path.lower() == PATH else 404)
        request = service.parse(post.body)
        # Whatever is answered to a Receive that has no command any more, Packer asks again at once and for ever. An
        # answer to its login would do as well, so the connection ends before that (winrm.md §3.4).
        if isinstance(request, wsman.Receive) and boot.find(request.head.shell, request.command) is None:
            return None
        if post.authorization:
            refused = self._log_in(connection, post.authorization, boot)
            if refused is not None:
                return refused
        user = connection.login.user(boot)
        if user is None:
            return Reply(status=401, authenticate="Negotiate")
        return await service.carry_out(request, boot=boot, user=user, hang_up=connection.gone, limits=self._limits)

    def _log_in(self, connection: Connection, authorization: str, boot: Boot) -> Reply | None:
        """Take a step of a login: the answer to it, None if it is complete."""
        match connection.login.step(authorization, boot):
            case Challenge(token=token):
                return Reply(status=401, authenticate=f"Negotiate {base64.b64encode(token).decode()}")
            case Refused(reason=reason):
                self._note_refusal(reason)
                return Reply(status=401, authenticate="Negotiate")
            case Accepted():
                self.logins += 1
                return None

    def _note_refusal(self, reason: str) -> None:
        if len(self.refusals) < _MOST_REFUSALS:
            self.refusals.append(reason)
