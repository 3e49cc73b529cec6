"""Shells and commands of one boot of a Windows machine: output waits here until a client fetches it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imagesmith.sandbox.errors import SandboxError, as_failure
from imagesmith.sandbox.windows.host import Command, Host

_PLENTY = 256 * 1024
"""Bytes of output that wait for a client before a command has to wait, too."""
_MOST_INPUT = 1024 * 1024
"""Bytes of input that a command may leave unread."""
_ABORTED = 0xC000013A
"""STATUS_CONTROL_C_EXIT: the exit code of a command that was ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a client may cost, and how long the machine waits. Seconds and counts."""

    hold_s: float = 20.0
    """A Receive without output is answered with a time-out after so long; the client asks again (winrm.md §3.3)."""
    request_s: float = 30.0
    """A request has to arrive whole within this time after its first byte, and the next one of somebody who has not
    logged in yet within this time after the last."""
    handshake_s: float = 10.0
    idle_s: float = 3600.0
    """So long may somebody who has logged in wait with the next request: Packer's own waits are much shorter."""
    grace_s: float = 0.2
    """How long a command may take to end by itself once it was given up."""
    fetch_s: float = 0.5
    """How long a restart waits for the client to fetch the exit code of the command that asked for it."""
    connections: int = 32
    """Packer leaves one open for every upload, so the one that is idle longest makes room for a new one."""
    shells: int = 100
    commands: int = 25
    """In one shell."""


class Running:
    """One command that was started, with its streams: the `Streams` of its host."""

    def __init__(self) -> None:
        self.id = str(uuid.uuid4()).upper()
        self.terminated = asyncio.Event()
        self.exit_code: int | None = None
        self.task: asyncio.Task[None]
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._taken = asyncio.Event()
        self._input: deque[bytes] = deque()
        self._input_size = 0
        self._input_ended = False
        self._input_news = asyncio.Event()

    def stdout(self, data: bytes) -> None:
        """Add output."""
        self._add("stdout", data)

    def stderr(self, data: bytes) -> None:
        """Add error output."""
        self._add("stderr", data)

    def _add(self, stream: str, data: bytes) -> None:
        if data and not self.terminated.is_set():
            self._waiting.append((stream, bytes(data)))
            self._size += len(data)
            self._news.set()

    async def drain(self) -> None:
        """Wait until the client has fetched enough, or has given up."""
        while self._size > _PLENTY and not self.terminated.is_set():
            self._taken.clear()
            await self._taken.wait()

    async def stdin(self) -> bytes:
        """The next input, ``b""`` at its end."""
        while not self._input:
            if self._input_ended or self.terminated.is_set():
                return b""
            self._input_news.clear()
            await self._input_news.wait()
        data = self._input.popleft()
        self._input_size -= len(data)
        return data

    def feed(self, data: bytes, *, end: bool) -> bool:
        """Give it input; False if it has too much unread already."""
        if self._input_size + len(data) > _MOST_INPUT:
            return False
        if data:
            self._input.append(data)
            self._input_size += len(data)
        self._input_ended = self._input_ended or end
        self._input_news.set()
        return True

    @property
    def has_news(self) -> bool:
        """Whether there is output, or an end, to tell of."""
        return bool(self._waiting) or self.exit_code is not None

    async def news(self) -> None:
        """Wait for output, or the end."""
        while not self.has_news:
            self._news.clear()
            await self._news.wait()

    def take(self, most: int) -> tuple[list[tuple[str, bytes]], int | None]:
        """Up to `most` bytes of output, one entry a stream, and the exit code once nothing is left to fetch."""
        found: dict[str, bytearray] = {}
        while self._waiting and most > 0:
            stream, data = self._waiting.popleft()
            if len(data) > most:
                self._waiting.appendleft((stream, data[most:]))
                data = data[:most]
            found.setdefault(stream, bytearray()).extend(data)
            most -= len(data)
            self._size -= len(data)
        self._taken.set()
        code = None if self._waiting else self.exit_code
        return [(stream, bytes(data)) for stream, data in found.items()], code

    def finish(self, code: int) -> None:
        """It has ended."""
        self.exit_code = code % 2**32
        self._news.set()

    def give_up(self) -> None:
        """Tell it that nobody waits any more."""
        self.terminated.set()
        self._taken.set()
        self._input_news.set()


class Shell:
    """A shell: what Create made, with its commands."""

    def __init__(self, *, user: str, working_directory: str | None, environment: Mapping[str, str]) -> None:
        self.id = str(uuid.uuid4()).upper()
        self.user = user
        self.working_directory = working_directory
        self.environment = environment
        self.commands: dict[str, Running] = {}
        self.deleted = asyncio.Event()

    def command(self, line: str, arguments: tuple[str, ...]) -> Command:
        """A command line with what the shell adds."""
        return Command(
            line=line,
            arguments=arguments,
            user=self.user,
            working_directory=self.working_directory,
            environment=self.environment,
        )


class Boot:
    """All shells between two restarts. `over` is set when no command of it runs any more or will be answered."""

    def __init__(self, host: Host, limits: Limits, on_failure: Callable[[SandboxError], None]) -> None:
        self._host = host
        self._limits = limits
        self._on_failure = on_failure
        self._ending: set[asyncio.Task[None]] = set()
        self.shells: dict[str, Shell] = {}
        self.over = asyncio.Event()

    def find(self, shell: str, command: str) -> Running | None:
        """A command, None if there is no such one in this boot."""
        found = self.shells.get(shell)
        return found.commands.get(command) if found else None

    def start(self, shell: Shell, command: Command) -> Running:
        """Run a command in a shell."""
        running = Running()
        shell.commands[running.id] = running
        running.task = asyncio.get_running_loop().create_task(self._run(command, running))
        return running

    def shell_of(self, task: asyncio.Task[None] | None) -> Shell | None:
        """The shell whose command is run by a task."""
        for shell in self.shells.values():
            if any(command.task is task for command in shell.commands.values()):
                return shell
        return None

    def delete(self, shell: Shell) -> None:
        """Forget a shell, and end what runs in it."""
        self.shells.pop(shell.id, None)
        shell.deleted.set()
        for command in shell.commands.values():
            self.terminate(command)

    def terminate(self, command: Running) -> None:
        """Give a command up, and end it if it does not end by itself."""
        command.give_up()
        if not command.task.done():
            task = asyncio.get_running_loop().create_task(self._end(command))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def end(self) -> None:
        """End everything: the machine restarts or is turned off."""
        self.over.set()
        for shell in tuple(self.shells.values()):
            self.delete(shell)
        await asyncio.gather(*self._ending)

    async def _run(self, command: Command, running: Running) -> None:
        code = _ABORTED
        try:
            code = await self._host.run(command, running)
        except Exception as error:  # noqa: BLE001 - the edge to the machine: told to the run, and the command ends
            own = as_failure(error, doing="a command of the Windows machine")
            self._on_failure(own)
            running.stderr(f"{own}\r\n".encode())
            code = 1
        finally:
            running.finish(code)

    async def _end(self, command: Running) -> None:
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(command.task, self._limits.grace_s)
