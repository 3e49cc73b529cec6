"""What the WinRM listener needs of a Windows machine, and gives it: both halves are written against this module."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from imagesmith.sandbox.machine import MachineSpec

DISK = "disk"
"""Folder of a machine that capture keeps: its trees and what the next machine has to know of it. All else stays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One WinRM command: a line for cmd.exe, with the arguments that a client gave apart from it (Packer gives none).

    `user` is the account that logged in, `environment` and `working_directory` are the shell's.
    """

    line: str
    arguments: tuple[str, ...] = ()
    user: str
    working_directory: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class Streams(Protocol):
    """The streams of one command, made by the listener."""

    def stdout(self, data: bytes) -> None:
        """Add output; a client gets it with its next Receive."""

    def stderr(self, data: bytes) -> None:
        """Add error output. Its order relative to `stdout` is not kept (winrm.md §3.3)."""

    async def drain(self) -> None:
        """Wait until the client has taken enough of a large output; wise after every 64 KiB."""

    async def stdin(self) -> bytes:
        """The next input that the client sent, ``b""`` at its end."""

    @property
    def terminated(self) -> asyncio.Event:
        """Set when the client gave the command up (Signal, Delete), the machine restarts or is turned off.

        The task that runs the command is cancelled soon after, if it has not ended by itself.
        """


Restart: TypeAlias = Callable[[float], None]
"""Restart the machine; the argument is the downtime in seconds, in which requests wait.

Called inside `Host.run`, it takes effect when the client has deleted that command's shell, 0.5 s later at most, so that
the command's exit code can be fetched (winrm.md §6.1); called from elsewhere (a timer), at once. Either way it returns
immediately. All commands end, all shells and logins are forgotten, then `Host.booted` is called.
"""


class Host(Protocol):
    """A Windows machine behind a WinRM listener. Everything is called on the sandbox's event loop."""

    @property
    def computer(self) -> str:
        """Its NetBIOS name, upper case or not, at most 15 characters."""

    @property
    def users(self) -> Mapping[str, str]:
        """Passwords by account name, for logins. Names are compared without case."""

    def attach(self, restart: Restart) -> None:
        """Take what restarts the machine; called once, before the first command."""

    async def run(self, command: Command, streams: Streams) -> int:
        """Carry one command out and give its exit code: unsigned, below 2**32."""

    def booted(self) -> None:
        """The machine has restarted: no command of the boot before runs any more, and none of the next one yet."""

    async def close(self) -> None:
        """The machine is turned off: no command runs any more. Timers end here, files are closed."""

    def captured(self) -> None:
        """Its disk is about to be kept as an image: the machine is off, what is in `DISK` afterwards is the image."""


MakeHost: TypeAlias = Callable[[MachineSpec, Path], Host]
"""Make the machine of a deployment in a folder of its own.

``folder / DISK`` is there: empty for a machine from the marketplace, what was captured for one from a captured image.
`MachineSpec.hostname` is its computer name, `user` and `password` its one account.
"""
